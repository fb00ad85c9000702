"""The end of a revision and the beginning of the next one in one message to the server, where there are many.

A small revision is four messages (BEGIN, what it does, the rows of its tables, COMMIT), and each of them is waited for:
of thousands, that is a tenth of the time (`make bench`). The transactions and what is in them stay what they are.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import pq

_BEFORE: Final = b"revgate_before_rows"
_INTRANS, _INERROR = pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR


class Chain:
    """Commits transactions of one connection so that the next one is begun."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._prepared = 0
        self._is_prepared = False
        self._is_committed = False

    def commit_after(self, statement: str, values: Sequence[str]) -> bool:
        """Execute a statement, commit, and begin; the commit that is asked for next is then done.

        Args:
            statement: the same one each time, with parameters such as `$1`.
            values: of them.

        Returns:
            False where that could not be, and nothing was done: whoever executes the statement finds out why.
        """
        if not self._begins_plainly():
            return False
        words = [b"SAVEPOINT " + _BEFORE, *self._preparing(statement), self._executing(values), b"COMMIT", b"BEGIN"]
        try:
            self._connection.execute(b"; ".join(words), prepare=False)
        except psycopg.Error:
            if self._connection.pgconn.transaction_status != _INERROR:  # the COMMIT failed, or the connection did
                raise
            # Most likely a revision, or the driver after a DROP or an ALTER, has deallocated everything
            self._connection.execute(b"ROLLBACK TO SAVEPOINT " + _BEFORE)
            self._is_prepared = False
            return False
        self._is_prepared = self._is_committed = True
        return True

    def commit(self) -> None:
        """Commit, unless that is done."""
        if not self._is_committed:
            type(self._connection).commit(self._connection)
        self._is_committed = False

    def rollback(self) -> None:
        """Roll back what was begun."""
        self._is_committed = False
        type(self._connection).rollback(self._connection)

    def _begins_plainly(self) -> bool:
        """Whether there is a transaction, and the driver would begin the next one with nothing but BEGIN."""
        one = self._connection
        is_plain = one.isolation_level is None and one.read_only is None and one.deferrable is None
        return is_plain and not one.autocommit and one.pgconn.transaction_status == _INTRANS

    def _preparing(self, statement: str) -> Iterator[bytes]:
        """Yield what makes the server know the statement, unless it does."""
        if not self._is_prepared:
            self._prepared += 1  # after a failure nobody knows whether the last one is still there
            yield b"PREPARE " + self._name + b" AS " + self._encoded(statement)

    def _executing(self, values: Sequence[str]) -> bytes:
        escape = pq.Escaping(self._connection.pgconn).escape_literal
        given = b", ".join(escape(self._encoded(value)) for value in values)
        return b"EXECUTE " + self._name + b"(" + given + b")"

    @property
    def _name(self) -> bytes:
        return b"revgate_%d" % self._prepared

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._connection.info.encoding)


@contextmanager
def chained(connection: sa.Connection) -> Iterator[Chain]:
    """Let SQLAlchemy's commits and rollbacks of a connection know of the chain, in the block."""
    driver: Any = connection.connection.dbapi_connection
    chain = Chain(driver)
    driver.commit, driver.rollback = chain.commit, chain.rollback
    try:
        yield chain
    finally:
        del driver.commit, driver.rollback
