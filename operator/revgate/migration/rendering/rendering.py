"""Revisions as the SQL that they would run: written down without a database, one by one, so that one of them that
cannot be is no loss for the rest.

Not by way of env.py: it may not know the offline mode. What it says about the history is passed in.
"""

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from types import MappingProxyType
from typing import Any, Final

from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext

from revgate.migration.environment.environment import ALEMBIC, Steps
from revgate.migration.environment.logging_kept import logging_kept
from revgate.migration.project.scripts import Scripts
from revgate.migration.rendering.literals import write_all_literals
from revgate.migration.rendering.offline import BEGIN, COMMIT, Pad
from revgate.migration.rendering.script import RevisionSql
from revgate.migration.rendering.step import RenderedStep

VERSION_TABLE: Final = "alembic_version"
_DRIVERS: Final = MappingProxyType({"postgresql": "postgresql+psycopg"})  # SQLAlchemy 2.0 would take psycopg2
_OURS: Final = frozenset(
    {
        *("as_sql", "connection", "destination_rev", "dialect_name", "dialect_opts", "dont_mutate", "fn"),
        *("literal_binds", "on_version_apply", "output_buffer", "output_encoding", "purge", "schema_translate_map"),
        *("script", "starting_rev", "tag", "transaction_per_migration", "transactional_ddl", "url", "version_table"),
        "version_table_schema",
    }
)
_NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


def render_upgrade(
    scripts: Scripts,
    pending: Sequence[str],
    dialect: str,
    version_table: str = VERSION_TABLE,
    version_table_schema: str | None = None,
    heads: Sequence[str] = (),
    options: Mapping[str, Any] = _NO_OPTIONS,
) -> tuple[RevisionSql, ...]:
    """Return the SQL of an upgrade, without asking a database. The code of the revisions is run.

    Args:
        scripts: the scripts, whose revisions can be imported (env.py has run once where it must).
        pending: full ids in the order to apply them.
        dialect: "postgresql" or "sqlite".
        version_table: its name.
        version_table_schema: its schema, None for the database's default.
        heads: the full ids at which the database is; none also where the version table does not exist.
        options: what env.py passed to context.configure, `opts` of its context: naming conventions and the like. Also
            schema_translate_map, if the connection has one.
    """
    table = {"version_table": version_table, "version_table_schema": version_table_schema}
    return _render(scripts, pending, dialect, heads, {**options, **table}, is_upgrade=True)


def render_downgrade(
    scripts: Scripts,
    undone: Sequence[str],
    dialect: str,
    version_table: str = VERSION_TABLE,
    version_table_schema: str | None = None,
    heads: Sequence[str] = (),
    options: Mapping[str, Any] = _NO_OPTIONS,
) -> tuple[RevisionSql, ...]:
    """Return the SQL of a downgrade that undoes the revisions in this order; see render_upgrade."""
    table = {"version_table": version_table, "version_table_schema": version_table_schema}
    return _render(scripts, undone, dialect, heads, {**options, **table}, is_upgrade=False)


def _render(
    scripts: Scripts,
    order: Sequence[str],
    dialect: str,
    heads: Sequence[str],
    options: Mapping[str, Any],
    *,
    is_upgrade: bool,
) -> tuple[RevisionSql, ...]:
    if not order:
        return ()
    rendered: list[RevisionSql] = []
    after: list[set[str]] = [set(heads)]

    def note_heads(*, heads: Iterable[str], **_: object) -> None:
        after.append(set(heads))

    def steps(_heads: tuple[str, ...], context: MigrationContext) -> Iterator[RenderedStep]:
        pad = Pad(context, options.get("schema_translate_map"))
        for revision in order:
            step = RenderedStep(scripts.directory, revision, pad, is_upgrade=is_upgrade)
            pad.begin(step.source)
            yield step
            rendered.append(_rendered(step, pad, after[-1]))

    with _quiet(), _environment(scripts, steps, order, heads) as environment:
        _configure(environment, dialect, {**options, "on_version_apply": note_heads})
        environment.run_migrations()
    return tuple(rendered)


@contextmanager
def _quiet() -> Iterator[None]:
    """Have Alembic to ourselves, print nothing, and do not let it log that revisions run."""
    with ALEMBIC, logging_kept(), redirect_stdout(sys.stderr):
        logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
        yield


def _environment(scripts: Scripts, steps: Steps, order: Sequence[str], heads: Sequence[str]) -> EnvironmentContext:
    return EnvironmentContext(
        scripts.config,
        scripts.directory,
        fn=steps,
        as_sql=True,
        starting_rev=tuple(heads),  # a tuple: Alembic would take an id with - in it for a relative one
        destination_rev=order[-1],
        tag=None,
    )


def _configure(environment: EnvironmentContext, dialect: str, options: Mapping[str, Any]) -> None:
    theirs = {name: value for name, value in options.items() if name not in _OURS}
    environment.configure(
        dialect_name=_DRIVERS.get(dialect, dialect),
        dialect_opts={"paramstyle": "named"},  # no %% in the text
        output_buffer=StringIO(),
        literal_binds=True,
        transaction_per_migration=True,
        transactional_ddl=True,
        on_version_apply=options["on_version_apply"],
        version_table=options["version_table"],
        version_table_schema=options["version_table_schema"],
        **theirs,
    )
    own = environment.get_context().dialect
    write_all_literals(own)
    # SQLAlchemy 2.0 doubles backslashes until a server has told it that they are ordinary characters
    own._backslash_escapes = False  # type: ignore[attr-defined]  # noqa: SLF001


def _rendered(step: RenderedStep, pad: Pad, heads: Iterable[str]) -> RevisionSql:
    script = step.revision
    told = [] if step.trouble else _without_empty_transactions(zip(pad.statements, pad.lines, strict=True))
    return RevisionSql(
        revision=script.revision,
        step=step.short_log,
        file=step.file,
        message=" ".join((script.doc or "").split()),
        statements=tuple(statement for statement, _ in told),
        not_rendered=step.trouble,
        heads=tuple(sorted(heads)),
        lines=tuple(line for _, line in told),
    )


def _without_empty_transactions(told: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Leave out transactions in which nothing is done: autocommit blocks that follow each other leave some."""
    kept: list[tuple[str, int]] = []
    for statement, line in told:
        if statement == COMMIT and kept and kept[-1][0] == BEGIN:
            kept.pop()
        else:
            kept.append((statement, line))
    return kept
