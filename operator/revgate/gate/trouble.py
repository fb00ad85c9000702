"""Tells connection errors apart by their text: libpq gives no SQLSTATE for what goes wrong before the login."""

import base64
import re
from typing import Final
from urllib.parse import quote, quote_plus

from revgate.gate.failure import Failure, NoAnswer
from revgate.gate.reading import Cause, Trouble

_SQLSTATES: Final = {
    "28P01": Cause.REFUSED_LOGIN,
    "28000": Cause.REFUSED_LOGIN,
    "3D000": Cause.NO_DATABASE,
    "53300": Cause.FULL,
    "57P03": Cause.STARTING,
}

# Ordered: localhost is tried by IPv6 and IPv4, and the one that answered with a reason says more than the other.
_TEXTS: Final = (
    (r"no pg_hba\.conf entry|pg_hba\.conf rejects", Cause.NOT_ADMITTED),
    (r"authentication failed|role \"[^\"]*\" does not exist|no such user|no password supplied", Cause.REFUSED_LOGIN),
    (r"not permitted to log in", Cause.REFUSED_LOGIN),
    (r"database \"[^\"]*\" does not exist|no such database", Cause.NO_DATABASE),
    (r"the database system is|server login has been failing|server login failed", Cause.STARTING),
    (r"too many (?:clients|connections)|connection slots|no more connections allowed|query_wait_timeout", Cause.FULL),
    (r"failed to resolve host|could not translate host name", Cause.HOST_NOT_FOUND),
    (r"refused|timed? ?out|timeout|unreachable|No route|closed|reset|terminat|No such file|lost", Cause.UNREACHABLE),
)


def trouble_of(failure: Failure, password: str) -> Trouble:
    """Say what kind of trouble a failed look is; `password` is what must not be in the detail."""
    if isinstance(failure, NoAnswer):
        return Trouble(Cause.SILENT, failure.text)
    return trouble_from(failure.text, failure.sqlstate, password)


def trouble_from(text: str, sqlstate: str | None, password: str) -> Trouble:
    """Say what kind of trouble a driver's error is; `password` is what must not be in the detail."""
    return Trouble(_cause(text, sqlstate), _first_line(_redact(text, password)))


def _cause(text: str, sqlstate: str | None) -> Cause:
    if sqlstate in _SQLSTATES:
        return _SQLSTATES[sqlstate]
    for pattern, cause in _TEXTS:
        if re.search(pattern, text):
            return cause
    return Cause.OTHER


def _first_line(text: str) -> str:
    lines = text.strip().removeprefix("connection failed: ").splitlines()
    return lines[0][:500] if lines else "no reason was given"


def _redact(text: str, password: str) -> str:
    raw = password.encode(errors="surrogateescape")
    encoded = (quote(raw), quote(raw, ""), quote_plus(raw), base64.b64encode(raw).decode())
    for secret in (repr(password)[1:-1], *encoded):
        text = text.replace(secret, "***") if secret else text
    return text.replace(password, "***") if password else text
