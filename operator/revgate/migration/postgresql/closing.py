"""The rows of a revision and its COMMIT in one message to the server, with all of a simple one, where there are many.

Each message is sent, waited for and read: of thousands of small revisions, one less of four is a twentieth of the time
(`make bench`). The transactions, and what is in them, stay what they are.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Final

import psycopg
from psycopg import errors
from psycopg.pq import Escaping, TransactionStatus

from revgate.contract import names

_BETWEEN: Final = b"\n;\n"  # statements: the last line of one may end with a remark
_BEFORE: Final = b"revgate_before"
_WATCHED: Final = "SELECT FROM pg_event_trigger WHERE evtenabled <> 'D' AND evtevent <> 'login' LIMIT 1"
_TIMES_EACH: Final = 130000  # statement_timeout is, since this version, of each statement of a message
_GONE: Final = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
"""A revision, or the driver after a DROP or an ALTER, has deallocated everything, or prepared what has our names."""


class Closing:
    """Ends transactions of one connection with the statement that is always their last."""

    def __init__(self, control: psycopg.Connection, connection: psycopg.Connection) -> None:
        self._control = control
        self._connection = connection
        self._is_prepared = False
        self._is_over = False  # what has failed once costs an error in the server's log each time

    def takes_statements(self) -> bool:
        """Whether statements of others may come first: neither one timeout for all of them nor event triggers."""
        control = self._control
        return control.info.server_version >= _TIMES_EACH and control.execute(_WATCHED).fetchone() is None

    def commit_after(self, statement: str, values: Sequence[str], before: Sequence[str]) -> bool:
        """Execute a statement and commit; the driver then finds that it is in no transaction any more.

        Args:
            statement: the same one each time, with parameters such as `$1`.
            values: of them.
            before: SQLAlchemy's statements that come first, in the transaction that is open or one of their own.

        Returns:
            False where that could not be, and nothing was done: whoever executes the statements finds out why.
        """
        begins = self._is_in(TransactionStatus.IDLE) and bool(before)
        if self._is_over or self._connection.autocommit or not (begins or self._is_in(TransactionStatus.INTRANS)):
            return False
        first = [self._begin() if begins else b"SAVEPOINT " + _BEFORE, *self._preparing(statement, probes=bool(before))]
        with self._in_autocommit() if begins else nullcontext():
            self._is_prepared = self._execute(first, before, [self._executing(values), b"COMMIT"])
            self._is_over = not self._is_prepared
            if self._is_over and not begins:
                self._connection.execute(b"ROLLBACK TO SAVEPOINT " + _BEFORE)
        return self._is_prepared

    def _execute(self, first: Sequence[bytes], theirs: Sequence[str], last: Sequence[bytes]) -> bool:
        """Return whether all was executed, and committed; what their statements fail of is raised."""
        ours, others = (map(_doubled, each) for each in (first, last))
        text = _BETWEEN.join((*ours, *map(self._encoded, theirs), *others))
        try:
            self._connection.execute(text, {}, prepare=False)
        except (*_GONE, errors.NotNullViolation) as error:
            if not self._is_in(TransactionStatus.INERROR) or not _is_ours(error):
                raise
            return False
        return self._is_in(TransactionStatus.IDLE)  # or the driver has cut off the text

    @contextmanager
    def _in_autocommit(self) -> Iterator[None]:
        """Keep the driver from sending a BEGIN of its own; it is in no transaction before and after."""
        self._connection.autocommit = True
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # of a connection that is lost, as whoever lost it is told
                self._connection.rollback()
                self._connection.autocommit = False

    def _is_in(self, status: TransactionStatus) -> bool:
        return self._connection.pgconn.transaction_status == status

    def _begin(self) -> bytes:
        """Return what the driver begins a transaction with."""
        one = self._connection
        level = f" ISOLATION LEVEL {one.isolation_level.name.replace('_', ' ')}" if one.isolation_level else ""
        access = "" if one.read_only is None else " READ ONLY" if one.read_only else " READ WRITE"
        deferred = "" if one.deferrable is None else " DEFERRABLE" if one.deferrable else " NOT DEFERRABLE"
        return f"BEGIN{level}{access}{deferred}".encode()

    def _preparing(self, statement: str, *, probes: bool) -> Iterator[bytes]:
        """Yield what makes the server know the statement: its plan takes longer than its work.

        What it knows already may be gone, which is better found out before the work than after it.
        """
        if not self._is_prepared:
            yield b"PREPARE revgate_probe AS SELECT"
            yield b"PREPARE revgate_closing AS " + self._encoded(statement)
        elif probes:
            yield b"EXECUTE revgate_probe"

    def _executing(self, values: Sequence[str]) -> bytes:
        escape = Escaping(self._connection.pgconn).escape_literal
        return b"EXECUTE revgate_closing(" + b", ".join(escape(self._encoded(value)) for value in values) + b")"

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._connection.info.encoding)


def _doubled(statement: bytes) -> bytes:
    """Write percent signs as SQLAlchemy does, as for a statement with parameters."""
    return statement.replace(b"%", b"%%")


def _is_ours(error: psycopg.Error) -> bool:
    """Whether it was our statement that failed, and not one of the revision's."""
    ledgers = (names.LEDGER_TABLE, names.LEDGER_TABLE_BESIDE)
    return not isinstance(error, errors.NotNullViolation) or error.diag.table_name in ledgers
