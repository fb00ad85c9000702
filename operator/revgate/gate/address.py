"""Where the database is: one URL or its parts, as an app writes them for SQLAlchemy, asyncpg or libpq.

Parsed here and not by the driver, whose errors repeat the text that they cannot parse, with the password in it; and by
hand, for re, urllib and dataclasses together take longer than the whole look.
"""

from __future__ import annotations

from revgate.contract import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LARGEST_PORT = 65535
_EXAMPLE = "postgresql://user:password@host:5432/name, with special characters in the password percent-encoded"


class AddressError(Exception):
    """The database's address is missing or cannot be read; the message never repeats it."""


class Address:
    """libpq's keywords for one database; no representation shows them, for the password is among them."""

    def __init__(self, keywords: Mapping[str, str]) -> None:
        self.keywords = keywords

    @property
    def name(self) -> str:
        """What a message calls the database."""
        word = self.keywords.get
        place = ":".join(part for part in (word("host", "localhost"), word("port", "")) if part)
        return f"{word('dbname') or self.user} on {place}"

    @property
    def user(self) -> str:
        """The role that reads, for messages about rights."""
        return self.keywords.get("user", "")


def find_address(environment: Mapping[str, str], variable: str = "") -> Address:
    """Read the address from one variable, or from what is set: the whole URL, its parts, then DATABASE_URL.

    Raises:
        AddressError: if nothing is set or it cannot be read; names the variable.
    """
    if variable and not environment.get(variable):
        raise AddressError(f"{variable} is not set: give the database's URL in it")
    if variable or environment.get(names.DATABASE_URL):
        variable = variable or names.DATABASE_URL
        return parse_url(environment[variable], variable)
    if environment.get(names.DATABASE_PARTS["host"]):
        return _from_parts(environment)
    if environment.get("DATABASE_URL"):
        return parse_url(environment["DATABASE_URL"], "DATABASE_URL")
    raise AddressError(
        f"No database was given: set {names.DATABASE_URL} or DATABASE_URL, or the parts "
        f"{', '.join(names.DATABASE_PARTS.values())}"
    )


def parse_url(url: str, variable: str) -> Address:
    """Read a PostgreSQL URL in any app's spelling; `variable` says where it came from when it cannot be read."""
    scheme, found, rest = url.strip().partition("://")  # a Secret made with echo ends with a newline
    parts = _split(rest) if found and _is_postgresql(scheme) else None
    if parts is None:
        raise AddressError(f"{variable} is not a PostgreSQL URL: write it like {_EXAMPLE}")
    user, password, hosts, dbname, query = parts
    words = {"user": unquote(user), "password": unquote(password), "dbname": unquote(dbname)}
    words |= _hosts(hosts.split(","), variable)
    return _address(words | _options(query, variable))


def unquote(text: str) -> str:
    """Return the text without its percent-encoding; an encoded byte that is no UTF-8 stays that byte for libpq."""
    first, *others = text.encode(errors="surrogateescape").split(b"%")
    return b"".join([first, *map(_unquoted, others)]).decode(errors="surrogateescape")


def _unquoted(part: bytes) -> bytes:
    digits, rest = part[:2], part[2:]
    if len(digits) < 2 or digits.strip(b"0123456789abcdefABCDEF"):  # noqa: PLR2004 - two digits are a byte
        return b"%" + part
    return bytes((int(digits, 16),)) + rest


def _is_postgresql(scheme: str) -> bool:
    name, plus, driver = scheme.partition("+")
    return name in {"postgres", "postgresql"} and (not plus or driver.replace("_", "a").isalnum())


def _split(rest: str) -> tuple[str, str, str, str, str] | None:
    """Return user, password, hosts, database and query, as SQLAlchemy does: a password may hold all but an @."""
    login, at, place = rest.partition("@")
    user, _, password = login.partition(":")
    located = _place(place) if at and "/" not in user else None
    if located:
        return (user, password, *located)
    located = _place(rest)
    return ("", "", *located) if located else None


def _place(text: str) -> tuple[str, str, str] | None:
    place, _, query = text.partition("?")
    hosts, _, dbname = place.partition("/")
    return None if "@" in place or "\n" in query else (hosts, dbname, query)


def _from_parts(environment: Mapping[str, str]) -> Address:
    parts = {part: environment.get(variable, "") for part, variable in names.DATABASE_PARTS.items()}
    if not parts["name"]:
        raise AddressError(f"{names.DATABASE_PARTS['name']} is not set: give the database's name in it")
    words = _hosts([f":{parts['port']}"], names.DATABASE_PARTS["port"])
    words |= {"host": parts["host"], "dbname": parts["name"], "sslmode": parts["sslMode"]}
    return _address(words | {"user": parts["user"], "password": parts["password"]})


def _address(words: Mapping[str, str]) -> Address:
    return Address({key: value for key, value in words.items() if value})


def _hosts(texts: Iterable[str], variable: str) -> dict[str, str]:
    """Return libpq's two lists for "host:port" and "[::1]:port"."""
    found = [_host(unquote(text)) for text in texts]
    pairs = [pair for pair in found if pair]
    if len(pairs) < len(found):
        raise AddressError(f"{variable} has a host or port that cannot be read: write it like {_EXAMPLE}")
    hosts, ports = [host for host, _ in pairs], [port for _, port in pairs]
    return {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}


def _host(text: str) -> tuple[str, str] | None:
    """Return host and port, or None for what is neither."""
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed or not host or (port and not port.startswith(":")):
            return None
        port = port[1:]
    else:
        host, _, port = text.partition(":")
    return (host, port) if _is_host(host) and _is_port(port) else None


def _is_host(text: str) -> bool:
    return not any(character in "[]@" or character.isspace() for character in text)


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= _LARGEST_PORT)  # noqa: PLR2004 - digits


def _options(query: str, variable: str) -> dict[str, str]:
    """Return the URL's options in libpq's words: asyncpg says ssl, SQLAlchemy says ?host=a:1&host=b:2."""
    pairs = [_pair(part) for part in query.split("&")]
    options = {key: value for key, value in pairs if value}
    ssl = options.pop("ssl", "")
    if ssl:
        options.setdefault("sslmode", "require" if ssl.lower() in {"true", "1"} else ssl)
    hosts = [value for key, value in pairs if key == "host" and value]
    located = _hosts(hosts, variable) if hosts else {}
    return options | {key: value for key, value in located.items() if value}


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.replace("+", " ").partition("=")
    return unquote(key), unquote(value)
