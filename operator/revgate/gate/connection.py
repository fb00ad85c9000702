"""A connection for one look: by libpq itself, or by psycopg where libpq cannot be loaded."""

from __future__ import annotations

from revgate.gate import libpq
from revgate.gate.attempts import attempts, other_addresses
from revgate.gate.failure import Failure, TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from ctypes import CDLL
    from typing import Protocol

    class Connection(Protocol):
        """What a look needs of either driver."""

        def rows(self, statement: str) -> list[tuple[str | None, ...]]:
            """Run one statement without parameters and return its rows as text."""

        def close(self) -> None:
            """Take leave of the server."""

    Connect = Callable[[Mapping[str, str]], Connection]

ANSWER_SECONDS = 10.0

# A node that vanished without a word must not hold the gate, and a database in SQL_ASCII would answer in bytes.
_DEFAULTS = {
    "client_encoding": "UTF8",
    "connect_timeout": "5",
    "fallback_application_name": "revgate wait",
    "keepalives_idle": "10",
    "tcp_user_timeout": "15000",
}
_GUARDS = frozenset({"channel_binding", "require_auth", "ssl_min_protocol_version", "sslcertmode", "sslcrldir"})
_SYSTEM_ROOTS_SINCE = 16


def find_driver() -> Connect:
    """Return what connects.

    Raises:
        ImportError: if there is neither libpq nor psycopg.
    """
    library = libpq.load()
    if library is not None:
        return lambda keywords: connect(library, keywords)
    from revgate.gate import by_psycopg  # noqa: PLC0415 - it takes 150 ms and may be missing

    return by_psycopg.connect


def connect(library: CDLL, keywords: Mapping[str, str]) -> libpq.Connection:
    """Connect to the first host that lets us in.

    Raises:
        Failure: if none did, with the words of each.
    """
    words = usable(keywords, libpq.known_keywords(library), libpq.version(library))
    seconds = _seconds(words["connect_timeout"])
    failures = []
    waiting = attempts(words)
    while waiting:
        one = waiting.pop(0)
        try:
            return libpq.Connection(library, one, seconds, ANSWER_SECONDS)
        except TimedOut as failure:
            failures.append(failure.text)
            waiting = other_addresses(one, failure.address) + waiting
        except Failure as failure:
            failures.append(failure.text)
    raise Failure("\n".join(failures))


def usable(keywords: Mapping[str, str], known: Collection[str], version: int) -> dict[str, str]:
    """Return the keywords with our defaults, without asyncpg's and SQLAlchemy's, which this libpq does not know.

    Raises:
        Failure: if it does not know one that guards the connection, and would go on without the guard.
    """
    lost = sorted(_GUARDS & keywords.keys() - set(known))
    if keywords.get("sslrootcert") == "system" and version < _SYSTEM_ROOTS_SINCE:
        lost.append("sslrootcert=system")
    if lost:
        raise Failure(
            f"libpq {version} of this image does not know {lost[0]}: install psycopg[binary], whose own is newer"
        )
    return _DEFAULTS | {key: value for key, value in keywords.items() if key in known}


def _seconds(text: str) -> float | None:
    """Return the seconds for one host; none or less means that there is no end, as libpq has it."""
    try:
        seconds = int(text)
    except ValueError:
        raise Failure(f'invalid integer value "{text}" for connection option "connect_timeout"') from None
    return float(seconds) if seconds > 0 else None
