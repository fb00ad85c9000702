"""What a pod says is written by whoever made its image: nothing of it may end a pass of the operator."""

import json
import random
from collections.abc import Iterable
from typing import Any

import pytest

from generated.anything import anything, damaged, deep
from revgate.contract import edges, planned
from revgate.contract.edges import decode_edges, encode_edges
from revgate.contract.planned import decode_plan, encode_plan
from revgate.contract.report import decode_report, encode_report
from revgate.contract.serves import Edge
from revgate.contract.steps import step_in
from support.builders import DOCUMENT
from support.stage import done

ROUNDS = 1500
EDGES = [Edge("0002", ("0001",), "0001"), Edge("0001", ())]
DEEP = [deep(levels, kind) for levels in (500, 990, 5000) for kind in ("{}", "[]")]


def odd(lines: Iterable[str], mark: str) -> list[str]:
    """Return lines that begin with a mark and are damaged behind it, many times over."""
    chance = random.Random(20261122)  # noqa: S311  it guards nothing
    bodies = [json.loads(line) for line in lines]
    texts = [json.dumps(damaged(chance, chance.choice(bodies)), separators=(",", ":")) for _ in range(ROUNDS)]
    texts += [json.dumps(anything(chance)) for _ in range(ROUNDS // 10)]
    return [*(text for text in texts if text.startswith(mark)), *(f'{mark}"rows":{each}}}' for each in DEEP)]


def is_text(value: Any) -> bool:
    """Whether the API server takes it for a string, and keeps it as it is."""
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode()


def test_a_termination_message_is_a_report_or_none():
    texts = odd([encode_report(done())], "{")
    seen = [decode_report(text) for text in [*texts, *DEEP]]
    reports = [each for each in seen if each]
    assert reports
    assert None in seen
    for report in reports:
        heads = (*report.before, *report.current, *report.target, *report.pending)
        assert all(map(is_text, (report.message, report.failed, *heads))), report
        assert 0 <= report.pending_count < 2**31, report


@pytest.mark.parametrize("number", ["1e400", "-1", "9" * 5000, "1.5", "true", '"7"', "null", "[]"])
def test_what_is_no_count_makes_no_report(number: str):
    text = encode_report(done(pending_count=7)).replace('"pendingCount":7', f'"pendingCount":{number}')
    assert decode_report(text) is None


def test_a_log_tells_of_edges_or_of_none():
    seen = [decode_edges(f"{line}\n", edges.digest_of([line])) for line in odd(encode_edges(EDGES), edges.MARK)]
    found = [edge for each in seen if each for edge in each]
    assert found
    assert None in seen
    assert all(is_text(text) for edge in found for text in (edge.revision, edge.floor, *edge.parents))


def test_a_log_tells_of_a_plan_or_of_none():
    first, *rest = encode_plan(DOCUMENT)
    for line in odd([first, *rest], planned.MARK):
        for lines in ([line, *rest], [first, line]):
            plan = decode_plan("\n".join(lines), planned.digest_of(lines))
            assert plan is None or plan.hash("sha256:" + "0" * 64)


def test_a_log_tells_of_a_step_or_of_none():
    lines = ['{"event":"revision_started","revision":"0001","timestamp":"2026-03-01T12:00:00Z"}']
    for line in [*odd(lines, "{"), *DEEP]:
        step = step_in(f"{lines[0]}\n{line}")
        assert step is None or isinstance(step.revision, str)
