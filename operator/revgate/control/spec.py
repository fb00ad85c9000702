"""The spec of a SchemaMigration: what a user asks for. The CRD is generated from these types."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from revgate.control.model import Duration, Part, rules


class SecretKey(Part):
    """One key of a Secret in the migration's namespace."""

    name: Annotated[str, Field(min_length=1, max_length=253, description="Name of the Secret")]
    key: Annotated[str, Field(min_length=1, max_length=253, description="Key in the Secret")]


class SecretSource(Part):
    """Where a value comes from. The kubelet reads it; the operator has no right to."""

    secret_key_ref: Annotated[SecretKey, Field(description="A key of a Secret in this namespace")]


_PARTS = ("host", "port", "name", "sslMode", "userFrom", "passwordFrom")


class Database(Part):
    """The database to migrate: a whole URL, or its parts."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        json_schema_extra=rules(
            (
                f"has(self.urlFrom) != [{', '.join(f'has(self.{part})' for part in _PARTS)}].exists(given, given)",
                "give either urlFrom, or the parts host, name, userFrom and passwordFrom",
            ),
            (
                "has(self.urlFrom) || (has(self.host) && has(self.name) && has(self.userFrom))",
                "without urlFrom, host, name and userFrom are needed",
            ),
        ),
    )

    url_from: Annotated[
        SecretSource | None,
        Field(description="A Secret's key that holds the URL, postgresql://user:password@host/name"),
    ] = None
    host: Annotated[str | None, Field(min_length=1, max_length=253, description="Host name or address")] = None
    port: Annotated[int | None, Field(ge=1, le=65535, description="Port; 5432 when not given")] = None
    name: Annotated[str | None, Field(min_length=1, max_length=63, description="Name of the database")] = None
    ssl_mode: Annotated[
        Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None,
        Field(description="libpq's sslmode"),
    ] = None
    user_from: Annotated[SecretSource | None, Field(description="A Secret's key that holds the user name")] = None
    password_from: Annotated[SecretSource | None, Field(description="A Secret's key that holds the password")] = None


class Timeouts(Part):
    """How long a run may wait, and for what. 0s means no limit."""

    runner: Annotated[Duration, Field(description="Wait for another runner on the same history")] = "10m"
    lock: Annotated[Duration, Field(description="PostgreSQL's lock_timeout for each statement")] = "500ms"
    statement: Annotated[Duration, Field(description="PostgreSQL's statement_timeout for each statement")] = "0s"
    start: Annotated[Duration, Field(description="Until the Job's container has started")] = "10m"
    total: Annotated[Duration, Field(description="The whole run, measured by the runner itself")] = "0s"


class Retry(Part):
    """How the operator tries again what is safe to try again."""

    initial_delay: Annotated[Duration, Field(description="Before the second try; doubled for each further one")] = "5s"
    max_delay: Annotated[
        Duration, Field(description="The longest delay; also the delay while a Secret or an image must be mended")
    ] = "5m"
    limit: Annotated[
        int, Field(ge=0, le=1000, description="Further tries after failures that count; a lost connection does not")
    ] = 5


_ANYTHING = {"x-kubernetes-preserve-unknown-fields": True}


class PodTemplate(Part):
    """A pod template; the API server checks it when the Job is created."""

    metadata: Annotated[
        dict[str, Any], Field(description="Labels and annotations of the pod", json_schema_extra=_ANYTHING)
    ] = Field(default_factory=dict)
    spec: Annotated[
        dict[str, Any],
        Field(description="Laid over our pod spec; our container is migrate", json_schema_extra=_ANYTHING),
    ] = Field(default_factory=dict)


class JobOptions(Part):
    """The Job that runs the migration."""

    service_account_name: Annotated[str | None, Field(max_length=253, description="Service account of the pod")] = None
    ttl_seconds_after_finished: Annotated[
        int, Field(ge=60, le=31536000, description="Kubernetes removes the finished Job after this many seconds")
    ] = 86400
    template: Annotated[
        PodTemplate, Field(description="A pod template laid over ours: resources, volumes, affinity, sidecars")
    ] = PodTemplate()


class Ledger(Part):
    """The table that remembers every applied revision; gates read it."""

    enabled: Annotated[bool, Field(description="Keep the ledger; without it gates know only the heads")] = True
    readers: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=63)], ...],
        Field(max_length=50, description="Database roles that may read the ledger: those that app pods use"),
    ] = ("PUBLIC",)


class Spec(Part):
    """What a SchemaMigration asks for: one Alembic history, applied to one database."""

    image: Annotated[
        str,
        Field(
            max_length=512,
            pattern=r"^\S*$",
            description="Image with the Alembic scripts and revgate; the operator's bundled runner when empty",
        ),
    ] = ""
    database: Annotated[Database, Field(description="The database to migrate")]
    target_revision: Annotated[
        str,
        Field(
            min_length=1,
            max_length=128,
            description='head, heads, a full revision id (quote it: "0008"), or branch@head; never downgrades',
            json_schema_extra=rules(
                ("self.matches('^[^\\\\s:+-][^\\\\s:]*$')", 'name one revision: head, heads, "0008" or branch@head')
            ),
        ),
    ] = "head"
    suspend: Annotated[bool, Field(description="Start no run; a run that has started is not stopped")] = False
    timeouts: Annotated[Timeouts, Field(description="Limits of a run")] = Timeouts()
    retry: Annotated[Retry, Field(description="What happens after a failure that may pass")] = Retry()
    job: Annotated[JobOptions, Field(description="The Job that runs the migration")] = JobOptions()
    ledger: Annotated[Ledger, Field(description="The record of applied revisions in the database")] = Ledger()
    history_limit: Annotated[int, Field(ge=0, le=100, description="Finished runs kept in status.history")] = 10
