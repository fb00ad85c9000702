"""A Lease as its candidates judge it: by what they saw and when they saw it, never by the clocks in the record.

free ──claim──> held by us ──renewed in time──> held by us
                 │    └──not renewed within RENEW_DEADLINE, or another holder──> lost
                 └──released──> free (at once, for everybody)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

Body = Mapping[str, Any]

DURATION: Final = 15
"""Seconds after which a Lease that nobody renews is free."""

RENEW_DEADLINE: Final = 10.0
"""Seconds after its last renewal in which a holder still works: fewer, so that its last request has come to an end."""


@dataclass(frozen=True, slots=True)
class Place:
    """A Lease's namespace and name."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read NAMESPACE/NAME; ValueError when it is something else."""
        namespace, slash, name = text.partition("/")
        if not (namespace and slash and name) or "/" in name:
            raise ValueError(f"{text!r} is no NAMESPACE/NAME of a Lease")
        return cls(namespace, name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A Lease, and since when, in seconds of the local monotonic clock, its record has been seen like this."""

    lease: Body
    since: float

    @property
    def holder(self) -> str:
        """Return who holds it, or "" when it was released."""
        return str(_spec(self.lease).get("holderIdentity") or "")


def sighting_of(lease: Body, before: Sighting | None, now: float) -> Sighting:
    """Return what is seen now: a record that has not changed is as old as when it was first seen."""
    unchanged = before is not None and _spec(before.lease) == _spec(lease)
    return Sighting(lease, before.since if before and unchanged else now)


def is_free(seen: Sighting, identity: str, now: float) -> bool:
    """Whether this candidate may take the Lease: it is its own, was released, or was not renewed for too long."""
    seconds = _spec(seen.lease).get("leaseDurationSeconds") or DURATION
    return seen.holder in ("", identity) or now >= seen.since + seconds


def claimed(place: Place, before: Body | None, identity: str, now: datetime) -> dict[str, Any]:
    """Return the Lease as its new or old holder writes it; its version makes two who write at once find out."""
    spec = _spec(before or {})
    is_ours = spec.get("holderIdentity") == identity
    return _lease(
        place,
        before,
        holderIdentity=identity,
        leaseDurationSeconds=DURATION,
        acquireTime=spec.get("acquireTime") if is_ours else _micro(now),
        renewTime=_micro(now),
        leaseTransitions=int(spec.get("leaseTransitions") or 0) + int(before is not None and not is_ours),
    )


def released(place: Place, before: Body, now: datetime) -> dict[str, Any]:
    """Return the Lease as a holder leaves it, for the next one to take at once."""
    transitions = _spec(before).get("leaseTransitions") or 0
    return _lease(
        place,
        before,
        holderIdentity="",
        leaseDurationSeconds=1,
        renewTime=_micro(now),
        leaseTransitions=transitions,
    )


def _lease(place: Place, before: Body | None, **spec: Any) -> dict[str, Any]:
    metadata = before["metadata"] if before else {"namespace": place.namespace, "name": place.name}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def _spec(lease: Body) -> Mapping[str, Any]:
    return lease.get("spec") or {}


def _micro(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
