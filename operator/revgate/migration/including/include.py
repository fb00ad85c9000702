"""The bundled tables in somebody else's Alembic project: a line in its env.py, and `alembic upgrade` makes them."""

from types import ModuleType
from typing import TypeAlias

from alembic import context as alembic_context
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext

from revgate.migration.including.command import is_upgrade
from revgate.migration.including.filters import hide
from revgate.migration.including.history import upgrade, write_upgrade
from revgate.migration.including.names import InclusionRefused, inclusion_for

Context: TypeAlias = ModuleType | EnvironmentContext | MigrationContext
"""What env.py has at hand: the module `alembic.context`, or what stands behind it."""


def include_in_alembic(context: Context, table_prefix: str = "", schema: str | None = None) -> None:
    """Bring revgate's tables along when the project of this env.py is upgraded, and keep them out of its revisions.

    Call it after `context.configure` and before `context.begin_transaction`, in the online half of env.py and in the
    offline one. It may be called more than once, with other names each time. What follows depends on the command:

    - `alembic upgrade`, to whatever target, first brings revgate's tables to their newest revision: on the connection
      of env.py, each revision in a transaction of its own, indexes built beside the app. The project's own revisions
      follow as ever. Where they stand is kept in `revgate_alembic_version`, apart from the project's own version
      table; it has the prefix and the schema, too.
    - `alembic upgrade --sql` writes them out first, when the script starts from an empty database (`head` and
      `base:head`). A script from some other revision (`a1b2:head`) has a comment in their place: nobody knows where
      the tables are in the database that it is for.
    - `alembic revision --autogenerate` and `alembic check` see neither these tables nor the ledger of a runner: also
      not when the project's metadata has them, say to refer to them. The project's include_name and include_object
      are asked about everything else.
    - Every other command leaves the tables alone. So does `alembic downgrade`, down to base, too.

    Args:
        context: `alembic.context`, as env.py imports it.
        table_prefix: put before the name of every table and index. At most 17 letters, digits and underscores.
        schema: where the tables are, PostgreSQL only; an upgrade creates it when it is missing.

    Raises:
        InclusionRefused: a MigrationError that `alembic` shows as one line. The tables cannot be made here, or not
            under these names; the connection is in a transaction; or the database knows newer tables than this
            version of revgate.
    """
    host = _configured(context)
    inclusion = inclusion_for(host, table_prefix, schema)
    hide(host, inclusion)
    if not is_upgrade(host):
        return
    if host.as_sql:
        write_upgrade(host, inclusion)
    else:
        upgrade(host, inclusion)


def _configured(context: object) -> MigrationContext:
    if context is alembic_context or isinstance(context, EnvironmentContext):
        context = _inner(context)
    if not isinstance(context, MigrationContext):
        raise InclusionRefused(
            f"include_in_alembic was given {_shown(context)}: pass `context` of `from alembic import context`"
        )
    if "fn" not in context.opts:
        raise InclusionRefused(
            "include_in_alembic was given a MigrationContext that no command of Alembic made: call it in env.py, or "
            "upgrade with revgate.MigrationRunner"
        )
    return context


def _inner(context: object) -> object:
    try:
        return context.get_context()  # type: ignore[attr-defined]  # both have it
    except Exception as error:  # Alembic raises just that, or NameError outside env.py
        raise InclusionRefused(
            "include_in_alembic was called before context.configure: call it in env.py, after that"
        ) from error


def _shown(value: object) -> str:
    return f"module {value.__name__}" if isinstance(value, ModuleType) else f"an object of {type(value).__name__}"
