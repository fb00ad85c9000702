"""What the API server takes and no program bears: JSON nested without end, times and counts out of this world."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from generated.anything import deep
from revgate.control.observing.reading import read_migration
from revgate.control.observing.snapshot import Malformed
from revgate.control.resource.moments import moment
from revgate.control.resource.record import Status
from revgate.control.watching.nesting import MOST_LEVELS, flat, levels
from revgate.control.watching.slim import packed, unpacked
from support.stage import manifest


@pytest.mark.parametrize("depth", [MOST_LEVELS + 1, 500, 990, 5000, 20_000])
@pytest.mark.parametrize("kind", ["{}", "[]"])
def test_what_is_too_deep_is_cut_off_and_all_else_stays(depth: int, kind: str):
    around = '{"a": "\\\\", "b": "[{\\"", "c": %s, "d": [1, {"e": "]}"}], "f": {}}'
    found = json.loads(flat((around % deep(depth, kind)).encode()))
    assert levels(found, 1000) == MOST_LEVELS
    assert (found["a"], found["b"], found["d"], found["f"]) == ("\\", '[{"', [1, {"e": "]}"}], {})


@pytest.mark.parametrize("depth", [0, 1, MOST_LEVELS - 1])
def test_what_is_not_too_deep_stays_byte_for_byte(depth: int):
    text = deep(depth).join(['{"a": ', ', "b": "' + "{[" * 500 + '"}']).encode()
    assert flat(text) is text


def test_a_wide_object_is_not_deep():
    text = json.dumps([[{"a": [each]}] for each in range(1000)]).encode()
    assert flat(text) is text


def test_the_cache_keeps_what_newer_pythons_parse_and_cannot_marshal():
    nested: dict[str, Any] = {}
    for _ in range(9000):
        nested = {"a": nested}
    body = manifest(job={"template": {"spec": nested}})
    kept = unpacked(packed(body, frozenset({"spec"})))
    assert levels(kept["spec"], 1000) == MOST_LEVELS
    assert kept["spec"]["image"] == "registry.example/ledger:1.2.0"


@pytest.mark.parametrize("depth", [51, 90, MOST_LEVELS - 4])
def test_a_template_that_is_too_deep_is_an_invalid_spec(depth: int):
    body = manifest(job={"template": {"spec": json.loads(deep(depth))}})
    body["metadata"] |= {"namespace": "shop", "uid": "1"}
    spec = read_migration(json.loads(flat(json.dumps(body).encode()))).spec
    assert isinstance(spec, Malformed)
    assert "spec.job is not valid: it is nested deeper than" in spec.message


@pytest.mark.parametrize(
    "text",
    ["0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-22T21:00:00", "x", "", None],
)
def test_a_time_that_cannot_be_meant_is_none(text: str | None):
    assert moment(text) is None


def test_a_time_is_one():
    assert moment("2026-11-22T21:00:00Z") == datetime(2026, 11, 22, 21, tzinfo=UTC)


RUN = {"job": "j", "uid": "1", "inputs": "i", "attempt": 1, "state": "Finished", "finishedAt": "2026-11-22T21:00:00Z"}
ODD_STATUSES = {
    "a time that no delay can be added to": {"run": RUN | {"finishedAt": "9999-12-31T23:59:59Z"}},
    "a time of nowhere": {"run": RUN | {"finishedAt": "2026-11-22T21:00:00"}},
    "a try beyond all counting": {"run": RUN | {"attempt": 2**63 - 1}},
    "fewer failures than none": {"run": RUN | {"failures": -1}},
    "more pending than there can be": {"run": RUN, "pendingCount": 2**63 - 1},
}


@pytest.mark.parametrize("fault", ODD_STATUSES)
def test_a_status_that_somebody_else_wrote_is_observed_again(fault: str):
    body = manifest() | {"status": ODD_STATUSES[fault]}
    body["metadata"] |= {"namespace": "shop", "uid": "1"}
    assert read_migration(body).status == Status()
    assert read_migration(body | {"status": {"run": RUN}}).status.run is not None
