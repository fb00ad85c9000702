"""A report survives the kubelet: always small, and never half understood."""

import json
from dataclasses import replace

import pytest

from revgate.contract import names
from revgate.contract.reasons import Reason
from revgate.contract.report import MOST_BYTES, MOST_PENDING, FloorAhead, Report, decode_report, encode_report, room_in

FULL = Report(
    exit=30,
    reason=Reason.REVISION_FAILED,
    message='Revision 0007 failed: relation "balances" is locked\nby pid 812 — “ждёт”',
    before=("0005",),
    current=("0006", "b1"),
    target=("0008",),
    pending=("0007", "0008"),
    pending_count=2,
    failed="0007",
    edges="ab" * 32,
    floor=FloorAhead("0007", "0006", "cd" * 32),
    read=True,
)

HEX = tuple(f"{number:012x}" for number in range(5000))

HOSTILE = {
    "a long message": Report(39, Reason.RUNNER_BUG, "x" * 100_000),
    "a message of characters with four bytes": Report(39, Reason.RUNNER_BUG, "🔥" * 5000),
    "a message of characters that JSON writes with six": Report(39, Reason.RUNNER_BUG, "\x00" * 5000),
    "a message of quotes and backslashes": Report(39, Reason.RUNNER_BUG, '"\\' * 5000),
    "many pending revisions": Report(0, Reason.PENDING, "", pending=HEX, pending_count=len(HEX)),
    "pending revisions with long names": Report(0, Reason.PENDING, "m", pending=("r" * 32,) * 20, pending_count=20),
    "pending revisions with very long names": Report(0, Reason.PENDING, "m" * 900, pending=("é" * 2000,) * 20),
    "many heads": Report(32, Reason.MULTIPLE_HEADS, "m" * 5000, before=HEX, current=HEX, target=HEX, read=True),
    "a failed revision with a long name": Report(30, Reason.REVISION_FAILED, "m", failed="f" * 5000),
    "a floor with a long name": Report(0, Reason.WAITING_FOR_OLD_PODS, "m", floor=FloorAhead("f" * 900, "g" * 900)),
    "everything at once": Report(
        30, Reason.REVISION_FAILED, "🔥" * 5000, HEX, HEX, HEX, HEX, 5000, "\x00" * 900, "e" * 64, read=True
    ),
}


def test_a_report_comes_back_as_it_was():
    assert decode_report(encode_report(FULL)) == FULL


def test_a_report_with_the_least_comes_back_as_it_was():
    report = Report(0, Reason.UP_TO_DATE, "")
    assert decode_report(encode_report(report)) == report


def test_a_report_is_one_line():
    assert "\n" not in encode_report(FULL)


@pytest.mark.parametrize("report", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_report_is_never_larger_than_its_limit_with(report):
    assert len(encode_report(report).encode()) <= MOST_BYTES


@pytest.mark.parametrize("report", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_exit_and_the_reason_survive_with(report):
    decoded = decode_report(encode_report(report))
    assert decoded is not None
    assert (decoded.exit, decoded.reason) == (report.exit, report.reason)
    assert decoded.pending_count == report.pending_count


@pytest.mark.parametrize("report", HOSTILE.values(), ids=HOSTILE.keys())
def test_heads_are_whole_or_do_not_count_as_read_with(report):
    decoded = decode_report(encode_report(report))
    assert decoded is not None
    heads = (decoded.before, decoded.current, decoded.target)
    assert not decoded.read or heads == (report.before, report.current, report.target)


@pytest.mark.parametrize("heads", [HEX[:16], ("x" * 32,) * 8], ids=["16 heads", "8 heads with long ids"])
def test_as_many_heads_as_anybody_has_seen_are_reported(heads):
    report = Report(0, Reason.UP_TO_DATE, "m" * 5000, heads, heads, heads, edges="e" * 64, read=True)
    decoded = decode_report(encode_report(report))
    assert decoded is not None
    assert (decoded.read, decoded.current) == (True, heads)


def test_a_long_message_is_cut_with_dots_and_keeps_its_beginning():
    decoded = decode_report(encode_report(Report(39, Reason.RUNNER_BUG, "begin " + "x" * 5000)))
    assert decoded is not None
    assert decoded.message.startswith("begin ")
    assert decoded.message.endswith("...")


def test_pending_revisions_are_cut_to_the_first_twenty():
    decoded = decode_report(encode_report(Report(0, Reason.PENDING, "", pending=HEX[:50], pending_count=50)))
    assert decoded is not None
    assert decoded.pending == HEX[:MOST_PENDING]
    assert decoded.pending_count == 50


def test_a_report_that_was_cut_anywhere_is_none():
    text = encode_report(FULL)
    assert [decode_report(text[:length]) for length in range(len(text))] == [None] * len(text)


def test_a_report_that_lost_its_beginning_is_none():
    text = encode_report(FULL)
    assert [decode_report(text[start:]) for start in range(1, len(text))] == [None] * (len(text) - 1)


def test_a_reason_of_a_newer_runner_is_what_the_exit_code_says():
    newer = json.dumps(_fields() | {"reason": "NoSuchReason"})
    assert decode_report(newer) == FULL


def test_half_a_character_in_a_message_is_replaced():
    decoded = decode_report(encode_report(Report(39, Reason.RUNNER_BUG, "a name like \udcff")))
    assert decoded is not None
    assert decoded.message == "a name like ?"


def _fields() -> dict:
    return json.loads(encode_report(FULL))


NOT_OURS = {
    "nothing": "",
    "a line of a log": "Traceback (most recent call last):",
    "a list": "[]",
    "a number": "1",
    "null": "null",
    "another program's JSON": '{"exit":0}',
    "a report of a later version": json.dumps(_fields() | {"revgate": 2}),
    "a reason that is no text": json.dumps(_fields() | {"reason": 7}),
    "a reason and an exit that nobody knows": json.dumps(_fields() | {"reason": "NoSuchReason", "exit": 99}),
    "an exit that is no number": json.dumps(_fields() | {"exit": "none"}),
    "an exit that is null": json.dumps(_fields() | {"exit": None}),
    "a floor that is no list": json.dumps(_fields() | {"floor": "0007"}),
    "a floor without its revision": json.dumps(_fields() | {"floor": ["0007"]}),
    "revisions that are no list": json.dumps(_fields() | {"current": "0006"}),
    **{
        f"a report without {name}": json.dumps({key: value for key, value in _fields().items() if key != name})
        for name in _fields()
        if name != "floor"  # runners of before wrote none
    },
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_a_termination_message_is_no_report_when_it_is(text):
    assert decode_report(text) is None


@pytest.mark.parametrize("room", [1365, 1024, 585])
def test_in_a_pod_of_many_containers_a_report_is_shorter_and_whole(room: int):
    text = encode_report(replace(FULL, message="m" * 5000), room_in({names.REPORT_BYTES: str(room)}))
    assert len(text.encode()) <= room
    found = decode_report(text)
    assert found is not None
    assert replace(found, message="", pending=()) == replace(FULL, message="", pending=())


@pytest.mark.parametrize("told", ["", "many", "99999", "-1"])
def test_what_is_no_smaller_room_leaves_a_report_as_it_is(told: str):
    assert room_in({names.REPORT_BYTES: told}) == MOST_BYTES
