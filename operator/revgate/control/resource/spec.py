"""The spec of a SchemaMigration: what a user asks for. The CRD is generated from these types."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from revgate.contract.durations import PATTERN
from revgate.control.resource.alembic_spec import Alembic
from revgate.control.resource.database_spec import Database
from revgate.control.resource.hooks_spec import Hooks
from revgate.control.resource.model import Duration, Part, measured_or_empty, rules


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


class Downgrade(Part):
    """The only way down. While it stands here nothing is upgraded."""

    to: Annotated[
        str,
        Field(
            max_length=128,
            description='Full id (quote it: "0005"), or base: what is newer is undone, with the data in it',
            json_schema_extra=rules(
                (
                    "self.matches('^([^\\\\s:@+-][^\\\\s:@]*)?$')",
                    'name one revision by its full id, such as "0005", or base',
                )
            ),
        ),
    ] = ""
    image: Annotated[
        str,
        Field(
            max_length=512,
            pattern=r"^\S*$",
            description="Image that knows what is undone; the one that applied the current revision when empty",
        ),
    ] = ""


class Drift(Part):
    """A look now and then whether the database still is where it was brought. It repairs nothing."""

    interval: Annotated[
        str,
        Field(
            max_length=32,
            description="How often, at least 1m; never when empty",
            json_schema_extra=rules(
                (f"self == '' || self.matches('{PATTERN}')", "write a duration like 10m or 1h30m, or leave it empty")
            ),
        ),
        AfterValidator(measured_or_empty),
    ] = ""


class Ledger(Part):
    """The table that remembers every applied revision; gates read it."""

    enabled: Annotated[bool, Field(description="Keep the ledger; without it gates know only the heads")] = True
    readers: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=63)], ...],
        Field(max_length=50, description="Database roles that may read the ledger: those that app pods use"),
    ] = ("PUBLIC",)
    edited: Annotated[
        Literal["Refuse", "Accept"],
        Field(description="When the file of an applied revision was edited: refuse to run, or accept the new file"),
    ] = "Refuse"


class Backup(Part):
    """A backup before the first statement; the upgrade stops if it fails."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!has(self.method) || self.method == 'None' || has(self.claimName)",
                "a backup needs claimName: the PersistentVolumeClaim in this namespace that keeps it",
            )
        ),
    )

    method: Annotated[
        Literal["None", "PgDump"], Field(description="PgDump: pg_dump into the claim; the image must have the program")
    ] = "None"
    claim_name: Annotated[
        str | None, Field(min_length=1, max_length=253, description="PersistentVolumeClaim that keeps the backups")
    ] = None
    keep: Annotated[int, Field(ge=1, le=1000, description="Verified backups of this database that stay there")] = 3


_NOTHING_OF_SCRIPTS = (
    "self.alembic.config == ''",
    "self.alembic.section == 'alembic'",
    "self.alembic.scriptLocation == ''",
    "(!has(self.alembic.xArgs) || self.alembic.xArgs.size() == 0)",
)


class Spec(Part):
    """What a SchemaMigration asks for: one Alembic history, applied to one database."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"self.image != '' || ({' && '.join(_NOTHING_OF_SCRIPTS)})",
                "alembic.config, section, scriptLocation and xArgs are about the scripts of an image: give image",
            ),
            (
                "self.baseline == '' || self.downgrade.to == ''",
                "baseline is about the way up and downgrade.to about the way down: leave one of them out",
            ),
            (
                "self.downgrade.to == '' || (self.mode == 'Apply' && self.approval == 'Never')",
                "a downgrade is neither planned nor approved: set mode Apply and approval Never to go down",
            ),
            (
                "self.ledger.enabled || self.floors == 'Apply'",
                "floors: Wait needs the ledger, which knows what is older: let ledger.enabled be true",
            ),
            (
                "self.ledger.enabled || self.ledger.edited == 'Refuse'",
                "ledger.edited is about what the ledger knows: leave it out, or let ledger.enabled be true",
            ),
        ),
    )

    image: Annotated[
        str,
        Field(
            max_length=512,
            pattern=r"^\S*$",
            description="Image with the Alembic scripts and revgate; the operator's bundled runner when empty",
        ),
    ] = ""
    alembic: Annotated[Alembic, Field(description="The Alembic project in the image")] = Alembic()
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
    baseline: Annotated[
        str,
        Field(
            max_length=128,
            description='Full id of the revision (quote it: "0001") where a database is that has tables and no version '
            "table: it is stamped with it first",
            json_schema_extra=rules(
                ("self.matches('^([^\\\\s:@+-][^\\\\s:@]*)?$')", 'name one revision by its full id, such as "0001"')
            ),
        ),
    ] = ""
    mode: Annotated[
        Literal["Apply", "Plan"], Field(description="Plan: only say what would be done, in a SchemaPlan")
    ] = "Apply"
    approval: Annotated[
        Literal["Never", "Destructive", "Always"],
        Field(description="Which plans a person approves, in a SchemaPlan, before they are carried out"),
    ] = "Never"
    lint: Annotated[
        Literal["None", "Warn", "Enforce"],  # Off, unquoted, would be YAML's false
        Field(
            description="What is done with the linter's findings in what is pending: Enforce runs nothing after errors"
        ),
    ] = "None"  # it runs every pending upgrade() once more, which only their author can know to be harmless
    floors: Annotated[
        Literal["Apply", "Wait"],
        Field(
            description="Wait: a revision with a floor (serves_from in its file) is not applied while pods with the "
            "label revgate.io/migration run that it would end"
        ),
    ] = "Apply"
    backup: Annotated[Backup, Field(description="A backup before the first statement")] = Backup()
    hooks: Annotated[Hooks, Field(description="Programs that run around the migration, in its pod")] = Hooks()
    downgrade: Annotated[Downgrade, Field(description="Go back in the database; never done unasked")] = Downgrade()
    drift: Annotated[Drift, Field(description="Look again on a timer")] = Drift()
    suspend: Annotated[bool, Field(description="Start no run; a run that has started is not stopped")] = False
    timeouts: Annotated[Timeouts, Field(description="Limits of a run")] = Timeouts()
    retry: Annotated[Retry, Field(description="What happens after a failure that may pass")] = Retry()
    job: Annotated[JobOptions, Field(description="The Job that runs the migration")] = JobOptions()
    ledger: Annotated[Ledger, Field(description="The record of applied revisions in the database")] = Ledger()
    history_limit: Annotated[int, Field(ge=0, le=100, description="Finished runs kept in status.history")] = 10

    @property
    def wants_plans(self) -> bool:
        """Whether what would be done is written down before it may be done."""
        return self.mode == "Plan" or self.approval != "Never"
