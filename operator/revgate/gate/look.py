"""One look at the database: a connection of its own, two to five simple statements, and nothing left behind.

No connection is kept while the gate waits, for hundreds of held pods would otherwise take those that the app needs.
As a rule the first look is the only one, and the heads alone answer: whatever else may be needed is imported then.
"""

from __future__ import annotations

from revgate.gate.failure import Failure
from revgate.gate.tables import find, heads_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from revgate.gate.address import Address
    from revgate.gate.connection import Connect, Connection
    from revgate.gate.reading import Reading


class Source:
    """Which history to read, in which database; an empty schema means: wherever search_path finds the table."""

    def __init__(self, connect: Connect, address: Address, version_table: str, version_table_schema: str) -> None:
        self.connect = connect
        self.address = address
        self.version_table = version_table
        self.version_table_schema = version_table_schema


class Question:
    """What is asked, and how ("serves" or "exact"); the names are for the sentences only."""

    def __init__(self, requires: tuple[str, ...], match: str, database: str, user: str) -> None:
        self.requires = requires
        self.match = match
        self.database = database
        self.user = user


class Line:
    """The state of the wait: whether it is over or the database could not be asked, and one sentence for a person."""

    def __init__(self, message: str, *, served: bool, failed: bool = False) -> None:
        self.message = message
        self.served = served
        self.failed = failed


def look(source: Source, question: Question) -> Line:
    """Say whether the database serves everything that is required."""
    try:
        connection = source.connect(source.address.keywords)
        try:
            return _look(connection, source, question)
        finally:
            connection.close()
    except Failure as failure:
        from revgate.gate.trouble import trouble_of  # noqa: PLC0415 - a first look seldom fails

        return _judged(question, trouble_of(failure, source.address.keywords.get("password", "")))


def at_head(question: Question, heads: tuple[str, ...]) -> str:
    """Return the sentence of a database whose heads alone say that it serves, or ""."""
    if question.match == "exact":
        return f"Database is at {', '.join(heads)}" if set(question.requires) == set(heads) else ""
    return f"Database is at {question.requires[-1]}" if set(question.requires) <= set(heads) else ""


def _look(connection: Connection, source: Source, question: Question) -> Line:
    table = find(connection, source.version_table_schema, source.version_table)
    heads = heads_of(connection, table) if table and table.readable else ()
    message = at_head(question, heads)
    if message:
        return Line(message, served=True)
    from revgate.gate.read import reading_of  # noqa: PLC0415 - 30 ms that the heads alone do not need

    wanted = ".".join(part for part in (source.version_table_schema, source.version_table) if part)
    return _judged(question, reading_of(connection, wanted, table, heads))


def _judged(question: Question, reading: Reading) -> Line:
    from revgate.gate.judge import judge  # noqa: PLC0415 - as above

    return judge(question, reading)
