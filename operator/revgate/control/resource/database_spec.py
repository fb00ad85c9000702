"""The database of a SchemaMigration: where it is, and who a run is in it."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from revgate.control.resource.model import Part, rules


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
        json_schema_extra=rules(
            (
                f"has(self.urlFrom) != [{', '.join(f'has(self.{part})' for part in _PARTS)}].exists(given, given)",
                "give either urlFrom, or the parts host, name, userFrom and passwordFrom",
            ),
            (
                "has(self.urlFrom) || (has(self.host) && has(self.name) && has(self.userFrom))",
                "without urlFrom, host, name and userFrom are needed",
            ),
            (
                "has(self.urlFrom) || !has(self.directUrlFrom)",
                "directUrlFrom goes with urlFrom; with the parts, give the host of the server itself",
            ),
        ),
    )

    url_from: Annotated[
        SecretSource | None,
        Field(description="A Secret's key that holds the URL, postgresql://user:password@host/name"),
    ] = None
    direct_url_from: Annotated[
        SecretSource | None,
        Field(description="The URL of the server itself, for runs, where urlFrom leads through a transaction pooler"),
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
    role: Annotated[
        str,
        Field(
            max_length=63,
            description="Role that a run sets first, so that it owns what is made; the user must be a member of it",
            json_schema_extra=rules(
                (
                    "self != 'none'",
                    'name a role; "none" is PostgreSQL\'s word for the user who logged in: leave role out',
                )
            ),
        ),
    ] = ""
    schema_: Annotated[
        str,
        Field(
            alias="schema",
            max_length=63,
            description="Schema that a run works in, its only one in search_path; created if missing",
            json_schema_extra=rules(
                (
                    "self != '$user' && !self.startsWith('pg_')",
                    "name a schema of the application: $user and names that begin with pg_ are PostgreSQL's own",
                )
            ),
        ),
    ] = ""
