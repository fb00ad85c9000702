"""The SQL of revisions as values, and joined into one file for psql or the sqlite3 shell."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RevisionSql:
    """What one revision would run, its rows in the version table and its transactions included."""

    revision: str
    step: str  # as Alembic says it: "upgrade 0001 -> 0002"
    file: str
    message: str  # the first words of the file, in one line
    statements: tuple[str, ...]  # each a single one with its semicolon; none if it was not rendered
    not_rendered: str  # "" or one sentence why
    heads: tuple[str, ...]  # where the database is after it, sorted
    lines: tuple[int, ...] = ()  # of the file, one for each statement; 0 for what the file does not ask for itself


def script(revisions: Iterable[RevisionSql]) -> str:
    """Return a file for `psql -v ON_ERROR_STOP=1 -f` or `sqlite3 -bail`.

    It ends, with an error, where a revision was not rendered: what follows needs what that one does.
    """
    return "\n\n".join(_parts(revisions))


def mark(one: RevisionSql) -> str:
    """Return the comment that begins a revision."""
    about = f"{one.message} ({one.file})" if one.message else one.file
    return f"-- Running {one.step}\n-- {about}"


def _parts(revisions: Iterable[RevisionSql]) -> Iterator[str]:
    for one in revisions:
        yield mark(one)
        if one.not_rendered:
            yield _stop(one)
            return
        yield from one.statements


def _stop(one: RevisionSql) -> str:
    # No table has such a name, in any database: the error that follows shows it
    table = f"Revision {one.revision} was not rendered".replace('"', '""')
    return f'-- {one.not_rendered}\n-- The script ends here: run it, then render the rest\nSELECT 1 FROM "{table}";'
