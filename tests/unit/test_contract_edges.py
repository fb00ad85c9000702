"""The ledger's way through a pod's log: whole, or not used at all."""

import json

import pytest

from revgate.contract.edges import LINE_BYTES, MARK, MOST_ROWS, decode_edges, digest_of, encode_edges
from revgate.contract.serves import Edge

FEW = (Edge("0008", ("0007",)), Edge("0007", ("0006",), "0006"), Edge("m", ("a1", "b1")), Edge("0001", ()))
MANY = tuple(Edge(f"{number:032x}", (f"{number - 1:032x}",)) for number in range(900, 0, -1))
NAMES_OF_ALL_KINDS = (Edge('quo"te', ("back\\slash",), "brace]}"), Edge("ünï", ("🔥",)))


def log_of(lines: tuple[str, ...]) -> str:
    return "\n".join(["started", *(line for text in lines for line in (text, '{"event":"applied"}')), "done", ""])


@pytest.mark.parametrize("edges", [FEW, MANY, NAMES_OF_ALL_KINDS, FEW[:1]])
def test_edges_come_back_from_among_other_lines_as_they_were(edges):
    lines = encode_edges(edges)
    assert decode_edges(log_of(lines), digest_of(lines)) == edges


@pytest.mark.parametrize("edges", [FEW, MANY, NAMES_OF_ALL_KINDS])
def test_every_line_is_short_enough_and_starts_with_the_mark(edges):
    for line in encode_edges(edges):
        assert line.startswith(MARK)
        assert len(line.encode()) <= LINE_BYTES
        json.loads(line)


def test_many_edges_take_several_lines():
    assert len(encode_edges(MANY)) > 1


def test_no_edges_take_no_line():
    assert encode_edges(()) == ()


def test_only_the_first_thousand_are_written():
    lines = encode_edges([Edge(str(number), ()) for number in range(MOST_ROWS + 5)])
    decoded = decode_edges(log_of(lines), digest_of(lines))
    assert decoded is not None
    assert [edge.revision for edge in decoded] == [str(number) for number in range(MOST_ROWS)]


LINES = encode_edges(MANY)
TAMPERED = {
    "a line is missing": log_of(LINES[1:]),
    "the last line is missing": log_of(LINES[:-1]),
    "the last line is cut": log_of(LINES)[: log_of(LINES).index(LINES[-1]) + 20],
    "the lines are in another order": log_of(LINES[::-1]),
    "a line is there twice": log_of((*LINES, LINES[0])),
    "a foreign line with the mark is there": log_of((*LINES, MARK + '"rows":[]}')),
    "a revision was changed": log_of(LINES).replace("f", "e"),
    "the log is empty": "",
}


@pytest.mark.parametrize("log", TAMPERED.values(), ids=TAMPERED.keys())
def test_edges_are_not_used_when(log):
    assert decode_edges(log, digest_of(LINES)) is None


def test_edges_are_not_used_when_the_report_names_none():
    assert decode_edges(log_of(LINES), "") is None


def test_edges_are_not_used_when_the_digest_is_anothers():
    assert decode_edges(log_of(LINES), digest_of(LINES[:1])) is None
