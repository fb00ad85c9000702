"""A SchemaPlan as the API server gives it, taken apart once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from revgate.cli.kubectl.moments import moment

Revisions = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What lint says of a revision; `level` is error, warning or info."""

    level: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """One revision of a plan: its SQL, or why there is none."""

    revision: str
    message: str
    sql: str
    not_rendered: str
    destroys: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """An approval or a rejection."""

    by: str
    at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upgrade would do, and who said what about it."""

    namespace: str
    name: str
    resource_version: str
    migration: str
    hash: str
    before: Revisions
    after: Revisions
    image: str
    is_destructive: bool
    needs_approval: bool
    is_truncated: bool
    steps: tuple[Step, ...]
    approved: Word | None
    rejected: Word | None

    @property
    def address(self) -> str:
        """The migration's name as a command takes it."""
        return f"{self.migration} -n {self.namespace}"


def plan_of(body: Mapping[str, Any]) -> Plan:
    """Return the plan in a body."""
    metadata, spec = body["metadata"], body["spec"]
    return Plan(
        namespace=metadata["namespace"],
        name=metadata["name"],
        resource_version=metadata["resourceVersion"],
        migration=spec["migration"],
        hash=spec["hash"],
        before=tuple(spec.get("from", ())),
        after=tuple(spec.get("to", ())),
        image=spec.get("image", ""),
        is_destructive=bool(spec.get("destructive")),
        needs_approval=bool(spec.get("needsApproval")),
        is_truncated=bool(spec.get("truncated")),
        steps=tuple(_step(each) for each in spec.get("revisions", ())),
        approved=_word(spec.get("approved")),
        rejected=_word(spec.get("rejected")),
    )


def _step(body: Mapping[str, Any]) -> Step:
    return Step(
        revision=body["revision"],
        message=body.get("message", ""),
        sql=body.get("sql", ""),
        not_rendered=body.get("notRendered", ""),
        destroys=tuple(body.get("destroys", ())),
        findings=tuple(_finding(each) for each in body.get("findings", ())),
    )


def _finding(body: Mapping[str, Any]) -> Finding:
    return Finding(body["level"], body.get("rule", ""), body["message"])


def _word(body: Mapping[str, Any] | None) -> Word | None:
    return Word(body.get("by", ""), moment(body.get("at")), body.get("why", "")) if body else None
