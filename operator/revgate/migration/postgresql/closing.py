"""The rows of a revision and its COMMIT in one message to the server, where there are many revisions.

Each message is sent, waited for and read: of thousands of small revisions, one less of four is a twentieth of the time
(`make bench`). The transactions, and what is in them, stay what they are.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import psycopg
from psycopg import errors, pq

_BEFORE: Final = b"revgate_before_rows"
_FOR_OTHERS_TO_TELL: Final = (
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.NotNullViolation,
)
"""A revision, or the driver after a DROP or an ALTER, has deallocated everything; or it was not just one row."""


class Closing:
    """Ends transactions of one connection with the statement that is always their last."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._is_prepared = False
        self._is_over = False  # what has failed once costs an error in the server's log each time

    def commit_after(self, statement: str, values: Sequence[str]) -> bool:
        """Execute a statement and commit; the driver then finds that it is in no transaction any more.

        Args:
            statement: the same one each time, with parameters such as `$1`.
            values: of them.

        Returns:
            False where that could not be, and nothing was done: whoever executes the statement finds out why.
        """
        one = self._connection
        if self._is_over or one.autocommit or one.pgconn.transaction_status != pq.TransactionStatus.INTRANS:
            return False
        words = [b"SAVEPOINT " + _BEFORE, *self._preparing(statement), self._executing(values), b"COMMIT"]
        try:
            one.execute(b"; ".join(words), prepare=False)
        except _FOR_OTHERS_TO_TELL:
            if one.pgconn.transaction_status != pq.TransactionStatus.INERROR:  # it was the COMMIT that failed
                raise
            one.execute(b"ROLLBACK TO SAVEPOINT " + _BEFORE)
            self._is_over = True
            return False
        self._is_prepared = True
        return True

    def _preparing(self, statement: str) -> Iterator[bytes]:
        """Yield what makes the server know the statement, unless it does: its plan takes longer than its work."""
        if not self._is_prepared:
            yield b"PREPARE revgate_closing AS " + self._encoded(statement)

    def _executing(self, values: Sequence[str]) -> bytes:
        escape = pq.Escaping(self._connection.pgconn).escape_literal
        return b"EXECUTE revgate_closing(" + b", ".join(escape(self._encoded(value)) for value in values) + b")"

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._connection.info.encoding)
