"""What must hold when everything is whole again: in the databases, in the statuses, and in what the operators did."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any

from faults.operators.history import IDS, SAID, has_revisions, position_of
from faults.operators.replicas import failed_passes
from faults.operators.scene import Scene, Tenant

_TRUE = {"Ready": "True", "Reconciling": "False", "Stalled": "False"}
_OWNED = {"Ready": "False", "Reconciling": "False", "Stalled": "True"}
_WRITES_A_JOB = 8
_WRITES_AN_EDIT = 4
_WRITES_ANYWAY = 40


def complaints(scene: Scene) -> list[str]:
    """Say what is not right yet, or never will be; nothing when all is well."""
    return [*_about_runs(scene), *(text for tenant in scene.tenants for text in _about(scene, tenant))]


def faults_of(scene: Scene, log: str) -> list[str]:
    """Say what went wrong on the way, once all is well; `log` is what the server wrote in this round."""
    rows = (text for tenant in scene.tenants for text in _about_rows(tenant))
    failed = (f"A pass failed: {text}" for text in failed_passes(scene.replicas))
    return [*rows, *overlaps(log), *scene.node.overlaps(), *failed]


def too_many_writes(made: dict[tuple[str, str], int], edits: int) -> list[str]:
    """Compare what the operators wrote in a round with how much there was to tell."""
    statuses, jobs = made.get(("PATCH", "schemamigrations"), 0), made.get(("POST", "jobs"), 0)
    most = _WRITES_A_JOB * jobs + _WRITES_AN_EDIT * edits + _WRITES_ANYWAY
    return [f"{statuses} statuses were written for {jobs} Jobs and {edits} edits"] if statuses > most else []


def overlaps(log: str) -> Iterator[str]:
    """Yield which sessions were at work on one history at one time, by what the server wrote."""
    sessions: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for database, _, pid, at in re.findall(SAID, log):
        sessions[database][pid].append(float(at))
    for database, known in sessions.items():
        spans = sorted((min(times), max(times), pid) for pid, times in known.items())
        for (_, last, one), (first, _, other) in pairwise(spans):
            if first < last:
                yield f"Sessions {one} and {other} were at work on {database} at one time, for {last - first:.3f} s"


def _about_runs(scene: Scene) -> Iterator[str]:
    if not scene.is_quiet():
        yield "A Job or a runner is at work"
    for pod in scene.api.find("pods"):
        if pod.get("status", {}).get("phase") not in {"Succeeded", "Failed"}:
            yield f"Pod {pod['metadata']['name']} has not ended"


def _about(scene: Scene, tenant: Tenant) -> Iterator[str]:
    bodies = scene.migrations()
    heads = heads_of(tenant)
    owners = [name for name in tenant.migrations if name in bodies and _reason(bodies[name]) != "OwnedByAnother"]
    for name in tenant.migrations:
        if name not in bodies:
            yield f"Migration {name} is not there"
            continue
        is_owned = bool(owners) and name not in owners and tenant.may_be_owned
        for text in _about_status(bodies[name], heads, is_owned=is_owned):
            yield f"Migration {name} {text}: {json.dumps(bodies[name].get('status', {}))}"


def _about_status(body: dict[str, Any], heads: list[str], *, is_owned: bool) -> Iterator[str]:
    status, goal = body.get("status", {}), has_revisions(body["spec"]["image"])
    found = {each["type"]: each["status"] for each in status.get("conditions", ())}
    if status.get("observedGeneration") != body["metadata"]["generation"]:
        yield "was not looked at since its last edit"
    if found != (_OWNED if is_owned else _TRUE):
        yield f"has the conditions {found}"
    position = position_of(heads[0]) if len(heads) == 1 else 0
    reason = "OwnedByAnother" if is_owned else "UpToDate" if position == goal else "DatabaseAhead"
    if position < goal or _reason(body) != reason:
        yield f"is {_reason(body)}, with the database at {heads} and the image at {goal}"
    if not is_owned and status.get("currentRevisions") != heads:
        yield f"says something else than the database, which is at {heads}"
    if status.get("run", {}).get("state") != "Finished":
        yield "has a run that did not end"
    yield from _about_history(status.get("history", []))


def _about_history(history: list[dict[str, Any]]) -> Iterator[str]:
    """Each run once, and never back."""
    jobs = [entry["job"] for entry in history]
    if len(set(jobs)) < len(jobs):
        yield "has a run twice in its history"
    places = [position_of(entry["to"][0]) for entry in reversed(history) if entry.get("to")]
    if places != sorted(places):
        yield "went back, by its history"


def _about_rows(tenant: Tenant) -> Iterator[str]:
    """The rows that revisions left, in the order of their commits, and the ledger."""
    done = list(IDS[: position_of(heads_of(tenant)[0])])
    with closing(tenant.as_it_is().connect()) as connection:
        trace = [row[0] for row in connection.execute("SELECT revision FROM trace ORDER BY number")]
        has_ledger = tenant.extra.get("ledger", {}).get("enabled", True)
        query = "SELECT revision FROM revgate.revision_log WHERE state = 'applied' ORDER BY revision"
        ledger = [row[0] for row in connection.execute(query)] if has_ledger else done
    if trace != done:
        yield f"Revisions of {tenant.migrations} were applied as {trace}, and the version says {done}"
    if ledger != done:
        yield f"Ledger of {tenant.migrations} has {ledger}, and the version says {done}"


def heads_of(tenant: Tenant) -> list[str]:
    """Return the rows of the version table; none without one."""
    with closing(tenant.as_it_is().connect()) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return []
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


def _reason(body: dict[str, Any]) -> str:
    conditions = body.get("status", {}).get("conditions", ())
    return next((each["reason"] for each in conditions if each["type"] == "Ready"), "")
