"""The hosts of an address one by one, for libpq leaves it to those who do not block in it to end a host's time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LISTS = ("host", "hostaddr", "port")
_PREFERRED = "prefer-standby"


def attempts(keywords: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the keywords for each host, in the order of trying: standbys first where they are preferred."""
    each = _each_host(keywords)
    if keywords.get("load_balance_hosts") == "random":
        from random import shuffle  # noqa: PLC0415 - most addresses have one host

        shuffle(each)
    if keywords.get("target_session_attrs") == _PREFERRED and len(each) > 1:
        return [{**one, "target_session_attrs": kind} for kind in ("standby", "any") for one in each]
    return each


def other_addresses(keywords: Mapping[str, str], tried: str) -> list[dict[str, str]]:
    """Return the keywords for the other addresses of a host whose name has several, one of which let nobody in."""
    host = keywords.get("host", "")
    if not host or host.startswith(("/", "@")) or "," in host or keywords.get("hostaddr"):
        return []
    import socket  # noqa: PLC0415 - only a host that does not answer needs it

    try:
        found = socket.getaddrinfo(host, keywords.get("port") or None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    addresses = dict.fromkeys(str(place[4][0]) for place in found)
    return [{**keywords, "hostaddr": address} for address in addresses if address != tried]


def _each_host(keywords: Mapping[str, str]) -> list[dict[str, str]]:
    lists = {name: keywords[name].split(",") for name in _LISTS if name in keywords}
    count = max((len(lists[name]) for name in ("host", "hostaddr") if name in lists), default=1)
    if len(lists.get("port", ())) == 1:
        lists["port"] *= count
    if count == 1 or any(len(values) != count for values in lists.values()):
        return [dict(keywords)]  # libpq says what is wrong with lists that do not match
    return [{**keywords, **{name: values[at] for name, values in lists.items()}} for at in range(count)]
