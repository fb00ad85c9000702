"""Asking the catalogue of a database about what a run names: it is only read, and whoever holds a table is not waited
for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from revgate.migration.lint.catalogue import Catalogue
from revgate.migration.lint.reader import Name
from revgate.migration.lint.scene import Run
from revgate.migration.lint.tables import indexes_of, tables_of
from revgate.migration.output.wording import first_line
from revgate.migration.plans.catalogue_postgresql import ask_postgresql
from revgate.migration.plans.catalogue_sqlite import ask_sqlite


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer, and a sentence when there is none."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    note: str = ""


def nobody_asked(_: Run) -> Asked:
    """Return what is known without a database."""
    return Asked()


def ask_catalogue(engine: sa.Engine, run: Run) -> Asked:
    """Ask about the tables and indexes of a run, as they are before it."""
    tables, indexes = frozenset(_tables(run)), frozenset(_indexes(run))
    ask = ask_postgresql if run.dialect == "postgresql" else ask_sqlite
    try:
        with engine.connect() as connection:
            try:
                return Asked(ask(connection, tables, indexes))
            finally:
                connection.rollback()
    except sa.exc.DBAPIError as error:
        return Asked(note=f"Sizes of tables are not known, so each counts as large: {first_line(error.orig or error)}")


def _tables(run: Run) -> Iterator[Name]:
    for revision in run.revisions:
        for placed in revision.placed:
            for one in placed.kinds:
                yield from (run.origin(table, placed.at) for table in tables_of(one) if table.name)


def _indexes(run: Run) -> Iterator[str]:
    for revision in run.revisions:
        for placed in revision.placed:
            for one in placed.kinds:
                yield from indexes_of(one)
