"""What lists and watches have shown so far: migrations, Jobs, pods, plans. Never proof that one of them is absent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from revgate.contract import names
from revgate.control.observing.reading import key_of_run
from revgate.control.observing.snapshot import Key
from revgate.control.watching.slim import packed, unpacked

Body = Mapping[str, Any]

_MOST_GONE: Final = 1000
"""Migrations whose end is remembered: those that end while a list is under way, which had them still."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An object in the cache."""

    uid: str
    version: int
    data: bytes


class Shelf:
    """The objects of one kind, by migration and uid; `parts` of each are kept."""

    def __init__(self, *parts: str) -> None:
        self._parts = frozenset(parts)
        self._bodies: dict[Key, dict[str, Kept]] = {}
        self._marks: dict[Key, int] = {}
        self._gone: dict[Key, int] = {}  # marks of those that have nothing here any more
        self._keys: dict[str, Key] = {}
        self._events = count(1)

    def put(self, key: Key, body: Body) -> None:
        """Take the newer of what is there and what came."""
        self._take(key, self.kept(body))

    def kept(self, body: Body) -> Kept:
        """Return what is kept of an object."""
        return Kept(body["metadata"]["uid"], _version(body), packed(body, self._parts))

    def _take(self, key: Key, new: Kept) -> None:
        bodies = self._bodies.setdefault(key, {})
        known = bodies.get(new.uid)
        if known is None or known.version <= new.version:
            bodies[new.uid] = new
            self._keys[new.uid] = key
            self._marks[key] = next(self._events)

    def renew(self, key: Key, body: Body) -> None:
        """Take what we wrote ourselves, unless the object is gone meanwhile."""
        if body["metadata"]["uid"] in self._bodies.get(key, {}):
            self.put(key, body)

    def drop(self, key: Key, body: Body) -> None:
        """Forget an object."""
        bodies = self._bodies.get(key, {})
        bodies.pop(body["metadata"]["uid"], None)
        self._keys.pop(body["metadata"]["uid"], None)
        if bodies:
            self._marks[key] = next(self._events)
            return
        self._forget(key)
        self._gone[key] = next(self._events)
        if len(self._gone) > _MOST_GONE:
            self._gone.pop(next(iter(self._gone)))

    def mark(self, key: Key) -> int:
        """Return a mark to give to `replace`: taken before the API server is asked for a list."""
        return self._marks.get(key) or self._gone.get(key, 0)

    def replace(self, key: Key, bodies: Iterable[Body], mark: int) -> bool:
        """Take a list from the API server for the truth about this key; False if an event has overtaken it."""
        return self._replace(key, map(self.kept, bodies), mark)

    def _replace(self, key: Key, those: Iterable[Kept], mark: int) -> bool:
        if mark != self.mark(key):
            return False
        self._forget(key)
        for each in those:
            self._take(key, each)
        return True

    def marks(self) -> dict[Key, int]:
        """Return the marks of all migrations, to give to `replace_all`."""
        return self._gone | self._marks

    def replace_all(self, listed: Iterable[tuple[Key, Kept]], marks: Mapping[Key, int]) -> None:
        """Take a list of everything for the truth, except where an event has overtaken it."""
        found: dict[Key, list[Kept]] = {key: [] for key in marks}
        for key, each in listed:
            found.setdefault(key, []).append(each)
        for key, those in found.items():
            self._replace(key, those, marks.get(key, 0))

    def of(self, key: Key) -> tuple[Body, ...]:
        """Return the objects of one migration."""
        return tuple(unpacked(each.data) for each in tuple(self._bodies.get(key, {}).values()))

    def version(self, key: Key) -> int:
        """Return the newest version of an object of one migration, or 0."""
        return max((each.version for each in self._bodies.get(key, {}).values()), default=0)

    def key_of(self, body: Body) -> Key | None:
        """Return the migration that an object is kept for, or None."""
        return self._keys.get(body["metadata"]["uid"])

    def _forget(self, key: Key) -> None:
        for uid in self._bodies.pop(key, {}):
            self._keys.pop(uid, None)
        self._marks.pop(key, None)
        self._gone.pop(key, None)

    def keys(self) -> tuple[Key, ...]:
        """Return every migration that has an object here."""
        return tuple(self._bodies)


class Cache:
    """The shelves that lists and watches fill."""

    def __init__(self) -> None:
        self.migrations = Shelf("spec", "status")
        self.jobs = Shelf("status")
        self.pods = Shelf("status")
        self.plans = Shelf("spec")

    def by_kind(self) -> dict[str, Shelf]:
        """Return the shelves by the plural names of their kinds."""
        return {names.PLURAL: self.migrations, names.PLANS: self.plans, "jobs": self.jobs, "pods": self.pods}

    def keys_newest_first(self) -> list[Key]:
        """Return every migration that is there or has a Job, the one where something happened last in front."""
        newest: dict[Key, int] = {}
        for shelf in (self.migrations, self.jobs, self.pods):
            for key in shelf.keys():  # noqa: SIM118 - a shelf is no dict
                newest[key] = max(newest.get(key, 0), shelf.version(key))
        return sorted(newest, key=newest.__getitem__, reverse=True)

    def migration(self, key: Key) -> Body | None:
        """Return the resource; of two with the same name the younger one, while the older one's end is on its way."""
        bodies = self.migrations.of(key)
        return max(bodies, key=lambda body: (body["metadata"]["creationTimestamp"], _version(body)), default=None)


def key_of(kind: str, body: Body) -> Key | None:
    """Return the migration that an object is, or belongs to."""
    if kind == names.PLURAL:
        return Key(body["metadata"]["namespace"], body["metadata"]["name"])
    return key_of_run(body)


def _version(body: Body) -> int:
    text = body["metadata"].get("resourceVersion", "0")
    return int(text) if text.isdigit() else 0
