"""libpq by ctypes, as much of it as a gate needs: this loads in 10 ms where psycopg takes 150 in every pod.

The library is the one of the psycopg_binary wheel, found without importing the wheel, or else the system's. TLS,
passwords, service files and sockets are libpq's own code; what is done here is to keep the deadlines, which it leaves
to those who do not block in it.
"""

from __future__ import annotations

import _thread
import os
import sys
from ctypes import CDLL, POINTER, Structure, c_char_p, c_int, c_void_p, cast, create_string_buffer
from select import POLLIN, POLLOUT, poll
from time import monotonic

from revgate.gate.failure import Failure, NoAnswer, TimedOut

TYPE_CHECKING = False  # typing itself takes 9 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_BAD, _TUPLES = 1, 2  # ConnStatusType, ExecStatusType
_FAILED, _READING, _WRITING, _DONE = range(4)  # PostgresPollingStatusType
_SQLSTATE, _PRIMARY = ord("C"), ord("M")  # PG_DIAG_*
_FOR_THE_CANCEL = 3.0  # seconds


class _Option(Structure):
    _fields_ = (
        *((name, c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")),
        ("dispsize", c_int),
    )


_PROTOTYPES = {
    "PQcancel": (c_int, c_void_p, c_char_p, c_int),
    "PQclear": (None, c_void_p),
    "PQconndefaults": (POINTER(_Option),),
    "PQconninfoFree": (None, c_void_p),
    "PQconnectPoll": (c_int, c_void_p),
    "PQconnectStartParams": (c_void_p, POINTER(c_char_p), POINTER(c_char_p), c_int),
    "PQconsumeInput": (c_int, c_void_p),
    "PQerrorMessage": (c_char_p, c_void_p),
    "PQfinish": (None, c_void_p),
    "PQfreeCancel": (None, c_void_p),
    "PQgetCancel": (c_void_p, c_void_p),
    "PQgetResult": (c_void_p, c_void_p),
    "PQgetisnull": (c_int, c_void_p, c_int, c_int),
    "PQgetvalue": (c_char_p, c_void_p, c_int, c_int),
    "PQhost": (c_char_p, c_void_p),
    "PQhostaddr": (c_char_p, c_void_p),
    "PQisBusy": (c_int, c_void_p),
    "PQlibVersion": (c_int,),
    "PQnfields": (c_int, c_void_p),
    "PQntuples": (c_int, c_void_p),
    "PQport": (c_char_p, c_void_p),
    "PQresultErrorField": (c_char_p, c_void_p, c_int),
    "PQresultStatus": (c_int, c_void_p),
    "PQsendQuery": (c_int, c_void_p, c_char_p),
    "PQsetNoticeReceiver": (c_void_p, c_void_p, c_void_p, c_void_p),
    "PQsocket": (c_int, c_void_p),
    "PQstatus": (c_int, c_void_p),
}
_SINCE_17 = {
    "PQcancelBlocking": (c_int, c_void_p),
    "PQcancelCreate": (c_void_p, c_void_p),
    "PQcancelFinish": (None, c_void_p),
}


def load() -> CDLL | None:
    """Return libpq with its functions declared, or None where there is none that can be used."""
    for path in (*_bundled(), "libpq.so.5"):
        try:
            return open_library(path)
        except (OSError, AttributeError):
            continue
    return None


def open_library(path: str) -> CDLL:
    """Return the library with its functions declared.

    Raises:
        OSError: if it is not there or of another platform.
        AttributeError: if it is older than what we call.
    """
    library = CDLL(path)
    _declare(library, _PROTOTYPES)
    if hasattr(library, "PQcancelCreate"):
        _declare(library, _SINCE_17)
    return library


def _bundled() -> Iterator[str]:
    """Yield the library of the psycopg_binary wheel, whose name holds a hash."""
    for folder in sys.path:
        libraries = os.path.join(folder, "psycopg_binary.libs")  # noqa: PTH118 - pathlib takes 10 ms
        if os.path.isdir(libraries):  # noqa: PTH112 - as above
            found = [name for name in os.listdir(libraries) if name.startswith("libpq-")]  # noqa: PTH208 - as above
            yield from (f"{libraries}/{name}" for name in found)


def _declare(library: CDLL, prototypes: Mapping[str, tuple[object, ...]]) -> None:
    for name, (result, *arguments) in prototypes.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


def version(library: CDLL) -> int:
    """Return the library's major version, such as 15."""
    return int(library.PQlibVersion()) // 10000


def known_keywords(library: CDLL) -> frozenset[str]:
    """Return the words that the library takes."""
    options = library.PQconndefaults()
    found = set()
    at = 0
    while options[at].keyword:
        found.add(options[at].keyword.decode())
        at += 1
    library.PQconninfoFree(options)
    return frozenset(found)


class Connection:
    """One connection to one host, for simple statements that answer in text."""

    def __init__(self, library: CDLL, keywords: Mapping[str, str], seconds: float | None, answer: float) -> None:
        """Connect within `seconds` (None: without end); all statements together may then take `answer` seconds.

        Raises:
            TimedOut: if the time was over.
            Failure: if there is no connection for another reason.
        """
        self._library = library
        names = [name.encode() for name in keywords]
        values = [value.encode(errors="surrogateescape") for value in keywords.values()]
        array = c_char_p * (len(names) + 1)
        self._connection = c_void_p(library.PQconnectStartParams(array(*names), array(*values), 0))
        try:
            self._connect(seconds)
        except BaseException:
            self.close()
            raise
        self._seconds = answer
        self._until = monotonic() + answer

    def close(self) -> None:
        """Take leave of the server; nothing happens when that was done."""
        self._library.PQfinish(self._connection)
        self._connection = c_void_p()

    def rows(self, statement: str) -> list[tuple[str | None, ...]]:
        """Run one statement without parameters and return its rows as text.

        Raises:
            NoAnswer: if there was none in time; nothing more can be asked then.
            Failure: if the server refused it or is gone.
        """
        library = self._library
        if not library.PQsendQuery(self._connection, statement.encode(errors="surrogateescape")):
            raise self._failure()
        result = self._result()
        try:
            if library.PQresultStatus(result) != _TUPLES:
                raise self._refusal(result)
            rows, columns = range(library.PQntuples(result)), range(library.PQnfields(result))
            found = [tuple(self._value(result, row, column) for column in columns) for row in rows]
        finally:
            library.PQclear(result)
        while more := self._result():
            library.PQclear(more)
        return found

    def _connect(self, seconds: float | None) -> None:
        library, connection = self._library, self._connection
        # A receiver that does nothing: PQclear(NULL). libpq's own writes to stderr what a server warns of at each login
        library.PQsetNoticeReceiver(connection, cast(library.PQclear, c_void_p), None)
        until = None if seconds is None else monotonic() + seconds
        state = _WRITING
        while state != _DONE:
            if state == _FAILED or library.PQstatus(connection) == _BAD:
                raise self._failure()
            if not self._ready(POLLIN if state == _READING else POLLOUT, until):
                raise self._timed_out()
            state = library.PQconnectPoll(connection)

    def _ready(self, event: int, until: float | None) -> bool:
        """Wait for the socket; the watcher of the signals ends the process meanwhile."""
        poller = poll()
        poller.register(self._library.PQsocket(self._connection), event)
        return bool(poller.poll(None if until is None else max(0, until - monotonic()) * 1000))

    def _result(self) -> c_void_p:
        if not self._answered(self._until):
            self._cancel()
            self._answered(monotonic() + _FOR_THE_CANCEL)
            raise NoAnswer(self._seconds)
        return c_void_p(self._library.PQgetResult(self._connection))  # a null pointer, which is false, after the last

    def _answered(self, until: float) -> bool:
        while self._library.PQisBusy(self._connection):
            if not self._ready(POLLIN, until):
                return False
            if not self._library.PQconsumeInput(self._connection):
                return True  # the result says what happened
        return True

    def _cancel(self) -> None:
        """Cancel the statement: a server does not notice that its client has gone, and its lock would wait on."""
        library = self._library
        if hasattr(library, "PQcancelCreate"):  # since 17, encrypted as the connection is
            make, send, free = library.PQcancelCreate, library.PQcancelBlocking, library.PQcancelFinish
            words: tuple[object, ...] = ()
        else:
            make, send, free = library.PQgetCancel, library.PQcancel, library.PQfreeCancel
            words = (create_string_buffer(256), 256)
        # In a thread: where the statement gets no answer the cancel may get none either
        _thread.start_new_thread(_send_cancel, (c_void_p(make(self._connection)), send, free, words))

    def _value(self, result: c_void_p, row: int, column: int) -> str | None:
        if self._library.PQgetisnull(result, row, column):
            return None
        return _text(self._library.PQgetvalue(result, row, column))

    def _failure(self) -> Failure:
        return Failure(_text(self._library.PQerrorMessage(self._connection)))

    def _refusal(self, result: c_void_p) -> Failure:
        field = self._library.PQresultErrorField
        primary = field(result, _PRIMARY)
        return Failure(_text(primary), _text(field(result, _SQLSTATE))) if primary else self._failure()

    def _timed_out(self) -> TimedOut:
        library, connection = self._library, self._connection
        host, port = _text(library.PQhost(connection)), _text(library.PQport(connection))
        words = f'connection to server at "{host}", port {port} failed: timeout expired'
        return TimedOut(words, _text(library.PQhostaddr(connection)))


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="surrogateescape")


def _send_cancel(
    handle: c_void_p, send: Callable[..., int], free: Callable[..., None], words: tuple[object, ...]
) -> None:
    send(handle, *words)
    free(handle)
