"""Who a run is in the database, and where its unqualified names lead: what was asked of it, whatever the login says."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from psycopg import errors, pq, sql

from revgate.migration.errors import InvalidOptions, PermissionDenied
from revgate.migration.output.wording import first_line
from revgate.migration.postgresql.catalog import catalog_held
from revgate.migration.postgresql.tables import schema_exists


@dataclass(frozen=True, slots=True)
class Identity:
    """A role to be, so that all objects have one owner, and a schema to work in; "" for what the login has."""

    role: str = ""
    schema: str = ""

    @property
    def settings(self) -> Mapping[str, str]:
        """Return the settings of a session that make it so."""
        path = {"search_path": sql.Identifier(self.schema).as_string(None)} if self.schema else {}
        return {**({"role": self.role} if self.role else {}), **path}

    def assume(self, connection: psycopg.Connection) -> None:
        """Be so for the rest of this session.

        Raises:
            PermissionDenied: if this user may not set the role.
        """
        for name, value in self.settings.items():
            try:
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            except (errors.InsufficientPrivilege, errors.InvalidParameterValue) as error:
                raise PermissionDenied(
                    f"Role {self.role} could not be set by user {connection.info.user}: {first_line(error)}; create "
                    f"the role, or grant it: GRANT {_name(self.role)} TO {_name(connection.info.user)}"
                ) from error
        if connection.info.transaction_status == pq.TransactionStatus.INTRANS:
            connection.commit()

    def in_url(self, url: sa.URL) -> sa.URL:
        """Return the URL for a program of PostgreSQL's own that is to have the role, too."""
        if not self.role:
            return url
        role = self.role.replace("\\", "\\\\").replace(" ", "\\ ")
        given = url.query.get("options")
        return url.update_query_dict({"options": " ".join(filter(None, [str(given or ""), f"-c role={role}"]))})

    def refuse_other(self, role: str, search_path: str) -> None:
        """Refuse what env.py made of its session, where that is not what was asked for.

        Raises:
            InvalidOptions: saying what it did.
        """
        if self.role and role != self.role:
            raise InvalidOptions(
                f"Role {self.role} was asked for, and env.py sets the role {role}: leave one of the two out"
            )
        if self.schema and names_of(search_path) != [self.schema]:
            raise InvalidOptions(
                f"Schema {self.schema} was asked for, and env.py sets search_path to {search_path}: leave one of the "
                "two out"
            )

    def ensure_schema(self, connection: psycopg.Connection) -> None:
        """Create the schema where it is missing.

        Raises:
            PermissionDenied: saying what to grant.
        """
        if not self.schema or schema_exists(connection, self.schema):
            return
        try:
            with catalog_held(connection):
                if not schema_exists(connection, self.schema):
                    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.schema)))
        except errors.InsufficientPrivilege as error:
            owner = self.role or connection.info.user
            raise PermissionDenied(
                f"Schema {self.schema} could not be created: {first_line(error)}; create it, or let {owner} do it: "
                f"GRANT CREATE ON DATABASE {_name(connection.info.dbname)} TO {_name(owner)}"
            ) from error


def names_of(search_path: str) -> list[str]:
    """Return the schemas of a search_path, without quotes."""
    found: list[str] = []
    rest = search_path.strip()
    while rest:
        name, rest = _quoted(rest) if rest.startswith('"') else _plain(rest)
        found.append(name)
        rest = rest.lstrip(" ,")
    return found


def _quoted(text: str) -> tuple[str, str]:
    name, end = "", 1
    while end < len(text):
        if text[end] == '"' and text[end + 1 : end + 2] != '"':
            break
        end += 1 + (text[end] == '"')
        name += text[end - 1]
    return name, text[end + 1 :]


def _plain(text: str) -> tuple[str, str]:
    name, _, rest = text.partition(",")
    return name.strip().lower(), rest


def _name(name: str) -> str:
    return sql.Identifier(name).as_string(None)
