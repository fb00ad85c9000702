"""What must hold of a refusal, of a resource that was taken, and of the operator's log."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import httpx

from generated.cases import Case
from revgate.contract import names
from revgate.contract.reasons import Reason
from revgate.control.watching.nesting import flat
from support.api import Api

MOST_CHARACTERS: Final = 6000
_REFUSALS: Final = (400, 404, 409, 413, 422)
_BROKEN: Final = re.compile(
    r"panic|goroutine|runtime error|nil pointer|no such key|no such overload|conversion error|estimated|0x[0-9a-f]{8}"
)
_REASONS: Final = frozenset(map(str, Reason)) - {Reason.PENDING}
_CONDITIONS: Final = ["Ready", "Reconciling", "Stalled"]
_LONGEST: Final = 1024


def listed(api: Api) -> list[Mapping[str, Any]]:
    """Return the migrations of a namespace, or of all, without what lies too deep in their specs for Python."""
    place = f"namespaces/{api.namespace}/" if api.namespace else ""
    answer = api.client.get(f"/apis/{names.API_VERSION}/{place}{names.PLURAL}", timeout=150)
    found: list[Mapping[str, Any]] = json.loads(flat(answer.raise_for_status().content))["items"]
    return found


def refusal_of(answer: httpx.Response, case: Case) -> str:
    """Return the API server's message about a case, which a person must be able to read."""
    what = f"{case.kind} g{case.number} {case.what}, answered {answer.status_code}"
    assert answer.status_code in _REFUSALS, f"{what}: {answer.text[:2000]}"
    said = str(answer.json()["message"])
    assert said, what
    most = MOST_CHARACTERS + len(case.text)  # the API server repeats a word that is in no enum
    assert len(said) <= most, f"{what} with {len(said)} characters: {said[:2000]}"
    assert not _BROKEN.search(said), f"{what}: {said}"
    assert case.field in said, f"{what} without a word about {case.field}: {said}"
    return said


def is_seen(migration: Mapping[str, Any]) -> bool:
    """Whether the operator has looked at the newest spec."""
    status = migration.get("status", {})
    return status.get("observedGeneration") == migration["metadata"]["generation"] and bool(status.get("conditions"))


def reason_of(migration: Mapping[str, Any]) -> str:
    """Return the reason of Ready."""
    return str(next(each["reason"] for each in migration["status"]["conditions"] if each["type"] == "Ready"))


def fault_of(migration: Mapping[str, Any]) -> str:
    """Say what is wrong with the status of a resource; "" when all three conditions are as they must be."""
    conditions = migration["status"]["conditions"]
    if sorted(each["type"] for each in conditions) != _CONDITIONS:
        return f"conditions are {[each['type'] for each in conditions]}"
    if sum(each["status"] == "True" for each in conditions) > 1:
        return f"conditions are at odds: {conditions}"
    recorded = migration["status"].get("run", {}).get("reason")  # a newer operator may have written it, or nobody
    for each in conditions:
        if each["reason"] not in _REASONS | {recorded}:
            return f"reason {each['reason']!r} is not one of ours"
        if not 0 < len(each["message"]) <= _LONGEST:
            return f"message has {len(each['message'])} characters"
        if "Traceback" in each["message"] or _BROKEN.search(each["message"]):
            return f"message is not for people: {each['message']}"
    return "" if is_seen(migration) else "not looked at"


def timer_of(migration: Mapping[str, Any]) -> float:
    """Return how often the operator comes back to a migration by itself, in seconds; 0 when it does not."""
    conditions = migration["status"]["conditions"]
    if not any(each["type"] == "Reconciling" and each["status"] == "True" for each in conditions):
        return 0.0
    return 1.0 if reason_of(migration) == Reason.WAITING_FOR_PREVIOUS_RUN else 3.0  # later looks come every 30 s


def errors_in(said: str) -> list[str]:
    """Return the lines of an operator's log that no resource may cause."""
    lines = [line for line in said.splitlines() if '"level": "error"' in line or not line.startswith("{")]
    return [line[:300] + " ... " + line[-1500:] if len(line) > 1800 else line for line in lines]
