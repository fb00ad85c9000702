"""Committing a revision while the next one is already being prepared in Python.

What ends a revision goes to the server as one message (the row of the version table, that of the ledger, COMMIT), and
the answer is read before the next statement of the same session is sent, whoever sends it: the driver waits in one
place for whatever it asks, and looks there first. So no statement of a revision runs before the revision below it is
committed, and what the server has to do for a commit costs no time where the next revision has something to compute.

    close → [SQLAlchemy commits] → sent → [next statement, or a moment later] → read → whatever follows
"""

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from alembic.util import CommandError
from psycopg import pq, waiting
from psycopg.errors import CardinalityViolation, NotNullViolation, error_from_result

from revgate.migration.pace import Closing

_PARAMETER: Final = re.compile(r":(\w+)")
_A_MOMENT: Final = 0.1  # seconds after which nobody waits for the next statement


class Hurried:
    """See Pace. Used by one thread, and by one of ours that looks what has been answered meanwhile."""

    def __init__(self, connection: sa.Connection) -> None:
        """Take a connection that is in no transaction."""
        self.failure: Exception | None = None
        self._is_told = False
        self._driver: psycopg.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
        self._dialect: Any = connection.dialect
        self._wait, self._escape = self._driver.wait, pq.Escaping(self._driver.pgconn).escape_literal
        self._commit, self._rollback = self._dialect.do_commit, self._dialect.do_rollback
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._version = ""
        self._texts: tuple[bytes, ...] = ()
        self._names: tuple[str, ...] = ()
        self._last, self._move = b"", ("", "")  # what is to be sent with the commit, and which way it goes
        self._sent: float | None = None  # when it was
        self._results: list[pq.abc.PGresult] = []
        self._following: list[Callable[[], None]] = []

    def agree_on(self, closing: Closing) -> bool:
        """Say yes, and fill in what is the same for every revision."""
        self._version = closing.version[-1]
        encoding = self._driver.info.encoding
        version = ".".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in closing.version)
        first, *others = _PARAMETER.split(closing.statement)
        texts, names = [first.format(closing.ledger, version=version).encode(encoding)], []
        for name, text in zip(others[::2], others[1::2], strict=True):
            following = text.format(closing.ledger, version=version).encode(encoding)
            if name in closing.values:
                texts[-1] += self._escape(closing.values[name].encode(encoding)) + following
            else:
                names.append(name)
                texts.append(following)
        self._texts, self._names = tuple(texts), tuple(names)
        return True

    def close(self, values: Mapping[str, str]) -> None:
        """End the transaction that is open with the closing statement, as soon as SQLAlchemy commits it."""
        parts, encoding = [self._texts[0]], self._driver.info.encoding
        for name, text in zip(self._names, self._texts[1:], strict=True):
            parts += self._escape(values[name].encode(encoding)), text
        self._last, self._move = b"".join(parts), (values["moved"], values["revision"])

    def then(self, following: Callable[[], None]) -> None:
        """Call this now, or when what was sent is committed."""
        with self._lock:
            if self._sent is not None:
                self._following.append(following)
            elif self.failure is None:
                following()

    def settle(self) -> None:
        """Wait until it is committed."""
        self._catch_up()
        if self.failure is not None:
            raise self.failure

    @contextmanager
    def at_work(self) -> Iterator["Hurried"]:
        """Stand between SQLAlchemy and the driver, and between the driver and the server, for the block."""
        driver: Any = self._driver
        driver.wait = self._wait_in_turn
        self._dialect.do_commit, self._dialect.do_rollback = self._commit_with_it, self._rollback_without_it
        thread = threading.Thread(target=self._look_now_and_then, name="revgate-commits", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()
            del driver.wait, self._dialect.do_commit, self._dialect.do_rollback
            with suppress(Exception):  # whoever wanted to know has settled
                self._catch_up()

    def _commit_with_it(self, connection: Any) -> None:
        """Be the dialect's do_commit: SQLAlchemy goes on as if it was done."""
        if self._last and connection.dbapi_connection is self._driver:
            self._send(b"; COMMIT")
        else:
            self._commit(connection)

    def _rollback_without_it(self, connection: Any) -> None:
        if connection.dbapi_connection is self._driver:
            self._last = b""
        self._rollback(connection)

    def _wait_in_turn(self, generator: Any, *rest: Any, **given: Any) -> Any:
        """Be the driver's `wait`: everything that it asks the server goes through here."""
        self._catch_up()
        return self._wait(generator, *rest, **given)

    def _send(self, ending: bytes = b"") -> None:
        with self._lock:
            last, self._last, self._results = self._last, b"", []
            self._driver.pgconn.send_query(last + ending)
            self._driver.pgconn.flush()
            self._sent = time.monotonic()

    def _catch_up(self) -> None:
        """Read the answer that is to come; raise what is wrong with it, once."""
        with self._lock:
            if self._last:  # somebody asks for something else before SQLAlchemy commits
                self._send()
            if self._sent is not None:
                self._end(lambda: self._wait(self._answer()))
            if self.failure is not None and not self._is_told:
                self._is_told = True
                raise self.failure

    def _answer(self) -> Generator[waiting.Wait, Any, None]:
        while self._driver.pgconn.flush():
            yield waiting.Wait.RW
        while not self._has_arrived():
            yield waiting.Wait.R

    def _has_arrived(self) -> bool:
        """Take what the server has sent, and say whether that is all; without waiting."""
        pgconn = self._driver.pgconn
        pgconn.consume_input()
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                return True
            self._results.append(result)
        return False

    def _end(self, read: Callable[[], object]) -> None:
        try:
            read()
            self.failure = self._fault()
        except Exception as error:  # noqa: BLE001  it is raised where somebody waits for it
            self.failure = error
        finally:
            self._sent = None
            following, self._following = self._following, []
            if any(result.command_status == b"COMMIT" for result in self._results):  # also when we are interrupted
                self._follow(following)

    def _follow(self, following: list[Callable[[], None]]) -> None:
        try:
            for one in following:
                one()
        except Exception as error:  # noqa: BLE001  the same: nobody reads what is written, say
            self.failure = error

    def _fault(self) -> Exception | None:
        """Say what is wrong with the answer; as Alembic does when the row of the version table is not where it was."""
        failed = next((one for one in self._results if one.status == pq.ExecStatus.FATAL_ERROR), None)
        if failed is None:
            return None
        error = error_from_result(failed, encoding=self._driver.info.encoding)
        is_state = isinstance(error, NotNullViolation) and error.diag.column_name == "state"
        if not is_state and not isinstance(error, CardinalityViolation):
            return error
        moved, revision = self._move
        return CommandError(
            f"Online migration expected to match one row when updating '{moved}' to '{revision}' in "
            f"'{self._version}'; {'0' if is_state else 'several'} found"
        )

    def _look_now_and_then(self) -> None:
        """See to it that what is committed is told also while a revision computes for long before it asks anything."""
        while not self._over.wait(_A_MOMENT):
            with self._lock:
                is_late = self._sent is not None and time.monotonic() - self._sent > _A_MOMENT
                if is_late and self._is_there():
                    self._end(lambda: None)

    def _is_there(self) -> bool:
        try:
            return self._has_arrived()
        except psycopg.Error:  # whoever waits next finds out by himself
            return False
