"""Where the database is: one URL or its parts, as an app writes them for SQLAlchemy, asyncpg or libpq.

Parsed here and not by the driver, whose errors repeat the text that they cannot parse, with the password in it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote

from revgate.contract import names

# As SQLAlchemy reads it: a password may hold anything but an @ without percent-encoding.
_URL: Final = re.compile(
    r"postgres(?:ql)?(?:\+\w+)?://"
    r"(?:(?P<user>[^:/@]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<hosts>[^/?@]*)(?:/(?P<dbname>[^?@]*))?(?:\?(?P<query>.*))?"
)
_HOST: Final = re.compile(r"(?:\[(?P<ipv6>[^\[\]@\s]+)\]|(?P<name>[^:\[\]@\s]*))(?::(?P<port>[0-9]{0,5}))?")
_LARGEST_PORT: Final = 65535
_EXAMPLE: Final = "postgresql://user:password@host:5432/name, with special characters in the password percent-encoded"


class AddressError(Exception):
    """The database's address is missing or cannot be read; the message never repeats it."""


@dataclass(frozen=True, slots=True)
class Address:
    """libpq's keywords for one database; no representation shows them, for the password is among them."""

    keywords: Mapping[str, str] = field(repr=False)

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
    found = _URL.fullmatch(url.strip())  # a Secret made with echo ends with a newline
    if not found:
        raise AddressError(f"{variable} is not a PostgreSQL URL: write it like {_EXAMPLE}")
    words = {key: unquote(found[key] or "") for key in ("user", "password", "dbname")}
    words |= _hosts(found["hosts"].split(","), variable)
    return _address(words | _options(found["query"] or "", variable))


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
    found = [_HOST.fullmatch(unquote(text)) for text in texts]
    ports = [match["port"] or "" for match in found if match]
    if not all(found) or any(port and not 0 < int(port) <= _LARGEST_PORT for port in ports):
        raise AddressError(f"{variable} has a host or port that cannot be read: write it like {_EXAMPLE}")
    hosts = [match["ipv6"] or match["name"] for match in found if match]
    return {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}


def _options(query: str, variable: str) -> dict[str, str]:
    """Return the URL's options in libpq's words: asyncpg says ssl, SQLAlchemy says ?host=a:1&host=b:2."""
    pairs = parse_qsl(query)
    options = dict(pairs)
    ssl = options.pop("ssl", "")
    if ssl:
        options.setdefault("sslmode", "require" if ssl.lower() in {"true", "1"} else ssl)
    hosts = [value for key, value in pairs if key == "host"]
    located = _hosts(hosts, variable) if hosts else {}
    return options | {key: value for key, value in located.items() if value}
