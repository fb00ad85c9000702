"""Whether Alembic is as it comes: neither env.py nor a revision has put code of its own around what `op` does."""

from typing import Final

from alembic import op
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations, ops, toimpl
from alembic.runtime.migration import MigrationContext

from revgate.migration.project.simple import DIRECTIVES

_CALLED: Final = {name: getattr(op, name) for name in DIRECTIVES}


def is_untouched(context: MigrationContext) -> bool:
    """Whether directives do what Alembic's authors wrote, on PostgreSQL."""
    called = all(getattr(op, name) is function for name, function in _CALLED.items())
    return type(context.impl) is PostgresqlImpl and called and _are_done_by_alembic()


def _are_done_by_alembic() -> bool:
    done = Operations._to_impl._registry.items()  # noqa: SLF001  no public name
    theirs = (function for (operation, _), function in done if operation.__module__ == ops.__name__)
    return all(function.__module__ == toimpl.__name__ for function in theirs)
