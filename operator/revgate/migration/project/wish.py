"""What is asked of an Alembic project beside what its configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from revgate.migration.errors import InvalidOptions

SECTION: Final = "alembic"
"""The section of alembic.ini that Alembic reads when nobody names another."""


_FIELDS: Final = {"version_table": "alembic.versionTable", "version_table_schema": "alembic.versionTableSchema"}


@dataclass(frozen=True, slots=True)
class ScriptsWish:
    """Settings of Alembic, by its own names; "" leaves one to the configuration and env.py."""

    section: str = SECTION
    script_location: str = ""
    version_table: str = ""
    version_table_schema: str = ""

    def configured(self, given: Mapping[str, Any], env_py: str) -> dict[str, Any]:
        """Return what env.py passes to context.configure, with the version table that was asked for.

        Args:
            given: the keyword arguments of env.py.
            env_py: what a message calls it.

        Raises:
            InvalidOptions: if env.py names another one.
        """
        wanted = {"version_table": self.version_table, "version_table_schema": self.version_table_schema}
        wanted = {name: value for name, value in wanted.items() if value}
        for name, value in wanted.items():
            theirs = given.get(name)
            if theirs is not None and theirs != value:
                raise InvalidOptions(
                    f"{_FIELDS[name]} {value} was asked for, and {env_py} passes {name}={theirs!r} to "
                    "context.configure: leave one of the two out, or let them agree"
                )
        return {**given, **wanted}
