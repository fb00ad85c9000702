"""A connection by psycopg, for an image that has it and no libpq that could be loaded: musl's, macOS' or Windows'."""

from collections.abc import Mapping

import psycopg

from revgate.gate.connection import ANSWER_SECONDS, usable
from revgate.gate.failure import Failure, NoAnswer
from revgate.gate.patience import Patience


class Connection:
    """One connection, for simple statements that answer in text."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._patience = Patience(ANSWER_SECONDS, connection)

    def rows(self, statement: str) -> list[tuple[str | None, ...]]:
        """Run one statement without parameters and return its rows as text.

        Raises:
            NoAnswer: if there was none in time.
            Failure: if the server refused it or is gone.
        """
        try:
            found = self._connection.execute(statement.encode(errors="surrogateescape")).fetchall()
        except psycopg.Error as error:
            if self._patience.is_over:
                raise NoAnswer(ANSWER_SECONDS) from error
            raise _failure(error) from error
        return [tuple(None if value is None else str(value) for value in row) for row in found]

    def close(self) -> None:
        """Take leave of the server."""
        self._patience.end()
        self._connection.close()


def connect(keywords: Mapping[str, str]) -> Connection:
    """Connect to the first host that lets us in.

    Raises:
        Failure: if none did.
    """
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    words = usable(keywords, known, psycopg.pq.version() // 10000)
    try:
        return Connection(
            psycopg.connect(
                psycopg.conninfo.make_conninfo("", **words),
                autocommit=True,
                prepare_threshold=None,
                cursor_factory=psycopg.ClientCursor,
            )
        )
    except psycopg.Error as error:
        raise _failure(error) from error
    except UnicodeError as error:
        raise Failure("a word of the database's address is not in UTF-8") from error


def _failure(error: psycopg.Error) -> Failure:
    return Failure(str(error), error.sqlstate or "")
