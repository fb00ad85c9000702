"""A run as the rules see it: statements in their order, in which transaction each stands, and which tables are new.

A table that an earlier statement of the same run made holds no rows that matter and no reader who waits: what happens
to it is nobody's trouble.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from revgate.migration.lint.altering import table_moved
from revgate.migration.lint.catalogue import Catalogue, TableFacts
from revgate.migration.lint.reader import Name
from revgate.migration.lint.recognise import recognise
from revgate.migration.lint.sources import Source
from revgate.migration.lint.statements import AlterTable, CreateIndex, CreateTable, Statement, Turn
from revgate.migration.lint.tables import tables_of

T = TypeVar("T")
OUTSIDE: Final = 0
"""The number of no transaction: what stands there commits by itself."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One statement of a run at its place."""

    at: int  # its number in the run
    sql: str
    line: int  # of the revision's file, 0 where it is not known
    transaction: int
    kinds: tuple[Statement, ...]

    @property
    def is_block(self) -> bool:
        """Whether the kinds are what a DO block holds, some of it perhaps behind an IF."""
        return self.sql.lstrip()[:2].upper() == "DO"


Course: TypeAlias = Sequence[tuple[Placed, Statement]]


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a run."""

    source: Source
    placed: tuple[Placed, ...]

    def each(self, kind: type[T]) -> Iterator[tuple[Placed, T]]:
        """Yield the statements of a kind."""
        for placed in self.placed:
            for one in placed.kinds:
                if isinstance(one, kind):
                    yield placed, one

    def actions(self, kind: type[T]) -> Iterator[tuple[Placed, Name, T]]:
        """Yield the actions of a kind on tables."""
        for placed, alter in self.each(AlterTable):
            for action in alter.actions:
                if isinstance(action, kind):
                    yield placed, alter.table, action


@dataclass(frozen=True, slots=True)
class Run:
    """All that would run, and what is known about the database."""

    dialect: str
    revisions: tuple[Revision, ...]
    catalogue: Catalogue
    reaches_heads: bool  # nothing in the scripts comes after it
    made: Mapping[Name, int]  # tables, and the statement that makes each
    moved: Mapping[Name, tuple[int, Name]]  # tables by their new names, the statement, and the name before
    courses: Mapping[Name, Course]  # what happens to each table, by the name that it had before
    indexes: Mapping[str, tuple[int, Name]]  # by name: the statement that makes each first, and its table

    def origin(self, table: Name, at: int) -> Name:
        """Return the name that a table had before the run."""
        while table in self.moved and self.moved[table][0] < at:
            at, table = self.moved[table]
        return table

    def is_new(self, table: Name, at: int) -> bool:
        """Whether the run itself made a table that its statement `at` is about."""
        origin = self.origin(table, at)
        return self.made.get(origin, at) < at or origin in self.catalogue.absent

    def facts(self, table: Name, at: int) -> TableFacts | None:
        """Return what the catalogue says about a table."""
        return self.catalogue.tables.get(self.origin(table, at))

    def course(self, table: Name, at: int) -> Course:
        """Return what the whole run does to a table, before and after its statement `at`."""
        return self.courses.get(self.origin(table, at), ())

    def index_table(self, index: str, at: int) -> Name | None:
        """Return the table of an index, or None when nobody knows."""
        made, table = self.indexes.get(index, (at, None))
        return table if made < at else self.catalogue.index_tables.get(index)


def stage_run(sources: Sequence[Source], dialect: str, version_table: str, *, reaches_heads: bool = True) -> Run:
    """Return the run of these revisions, in the order to apply them; what is done to the version table is no part.

    Args:
        sources: the revisions.
        dialect: "postgresql" or "sqlite".
        version_table: its name; its schema is not asked, the SQL may have another one than env.py.
        reaches_heads: whether no revision of the scripts comes after it.
    """
    placing = _Placing(dialect, version_table)
    revisions = tuple(Revision(source, tuple(placing.place(source))) for source in sources)
    every = tuple(_every(revisions))
    run = Run(
        dialect=dialect,
        revisions=revisions,
        catalogue=Catalogue(),
        reaches_heads=reaches_heads,
        made=_made(every, Catalogue()),
        moved=_moved(every),
        courses={},
        indexes=_indexes(every),
    )
    return replace(run, courses=_courses(every, run))


def with_catalogue(run: Run, catalogue: Catalogue) -> Run:
    """Return the run in a database that is known."""
    return replace(run, catalogue=catalogue, made=_made(_every(run.revisions), catalogue))


def _every(revisions: Iterable[Revision]) -> Iterator[Placed]:
    for revision in revisions:
        yield from revision.placed


class _Placing:
    """Counts statements and transactions."""

    def __init__(self, dialect: str, version_table: str) -> None:
        self._dialect = dialect
        self._version_table = version_table.lower() if dialect == "sqlite" else version_table
        self._at = 0
        self._transactions = 0

    def place(self, source: Source) -> Iterator[Placed]:
        """Yield the statements of the next revision."""
        transaction = OUTSIDE
        lines = source.lines or (0,) * len(source.statements)
        for sql, line in zip(source.statements, lines, strict=True):
            kinds = recognise(sql, self._dialect)
            if any(table.name == self._version_table for one in kinds for table in tables_of(one)):
                continue
            self._at += 1
            yield Placed(self._at, sql, line, transaction, kinds)
            match kinds:
                case (Turn("BEGIN"),):
                    self._transactions += 1
                    transaction = self._transactions
                case (Turn(),):
                    transaction = OUTSIDE


def _made(every: Iterable[Placed], catalogue: Catalogue) -> dict[Name, int]:
    made: dict[Name, int] = {}
    for placed in every:
        for one in placed.kinds:
            if isinstance(one, CreateTable) and not (one.if_not_exists and one.table in catalogue.tables):
                made.setdefault(one.table, placed.at)
    return made


def _moved(every: Iterable[Placed]) -> dict[Name, tuple[int, Name]]:
    moved: dict[Name, tuple[int, Name]] = {}
    for placed in every:
        for one in placed.kinds:
            if isinstance(one, AlterTable):
                names = filter(None, (table_moved(one, action) for action in one.actions))
                moved |= dict.fromkeys(names, (placed.at, one.table))
    return moved


def _courses(every: Iterable[Placed], run: Run) -> dict[Name, Course]:
    courses: dict[Name, list[tuple[Placed, Statement]]] = defaultdict(list)
    for placed in every:
        for one in placed.kinds:
            for table in tables_of(one):
                courses[run.origin(table, placed.at)].append((placed, one))
    return dict(courses)


def _indexes(every: Iterable[Placed]) -> dict[str, tuple[int, Name]]:
    indexes: dict[str, tuple[int, Name]] = {}
    for placed in every:
        for one in placed.kinds:
            if isinstance(one, CreateIndex):
                indexes.setdefault(one.name, (placed.at, one.table))
    return indexes
