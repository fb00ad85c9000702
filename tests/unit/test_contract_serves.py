"""Every branch of the gates' one question, as pictures of a history."""

import random
from collections.abc import Iterator, Mapping

import pytest

from revgate.contract.serves import Answer, Edge, above, below, ended_by, served, serves


def edges(*rows: str) -> dict[str, Edge]:
    """Build a map from "revision<-parent,parent|floor" rows."""
    return {edge.revision: edge for edge in map(_edge, rows)}


def _edge(row: str) -> Edge:
    row, _, floor = row.partition("|")
    revision, _, parents = row.partition("<-")
    return Edge(revision, tuple(parent for parent in parents.split(",") if parent), floor)


LINE = edges("1", "2<-1", "3<-2", "4<-3")
DROPS_A_TABLE = edges("1", "2<-1", "3<-2|2", "4<-3")  # as 0007, which serves from 0006
BRANCHES = edges("1", "a2<-1", "a3<-a2", "b2<-1", "b3<-b2")
MERGED = BRANCHES | edges("m<-a3,b3")
TWO_BASES = edges("a1", "a2<-a1|a2", "b1", "b2<-b1")
FLOOR_ELSEWHERE = edges("a1", "a2<-a1", "b1", "b2<-b1|a2")  # a branch drops what old apps of the other one read
DEPENDENT = edges("a1", "b1", "b2<-b1,a1")  # b2 depends_on a1, which the ledger stores as a parent
CUT = edges("4<-3", "5<-4")  # the newest rows of a long history
CUT_BRANCH = edges("1", "a2<-1", "b9<-b8", "m<-a2,b9")
LOST_FLOOR = edges("1", "2<-1", "3<-2|gone", "4<-3")

CASES = {
    "nothing was ever applied": ("1", (), {}, Answer.BEHIND),
    "nothing was applied and the map knows more": ("1", (), LINE, Answer.BEHIND),
    "the required revision is the head": ("4", ("4",), LINE, Answer.YES),
    "the required revision is the head and there is no map": ("4", ("4",), {}, Answer.YES),
    "the required revision is one of several heads and there is no map": ("a3", ("a3", "b3"), {}, Answer.YES),
    "the database is one further": ("3", ("4",), LINE, Answer.YES),
    "the database is far further": ("1", ("4",), LINE, Answer.YES),
    "the database is one behind": ("4", ("3",), LINE, Answer.BEHIND),
    "the required revision is known to nobody": ("9", ("4",), LINE, Answer.BEHIND),
    "there is no map": ("3", ("4",), {}, Answer.CANNOT_TELL),
    "the head has no row": ("3", ("5",), LINE, Answer.CANNOT_TELL),
    "one of two heads has no row": ("a2", ("a3", "x"), BRANCHES, Answer.CANNOT_TELL),
    "the head's row was reverted and so is not on the map": ("3", ("4",), edges("1", "2<-1"), Answer.CANNOT_TELL),
    "the required row was reverted by a downgrade": ("3", ("2",), edges("1", "2<-1"), Answer.BEHIND),
    "a downgrade by plain SQL left the rows as they were": ("4", ("2",), LINE, Answer.BEHIND),
    "after a downgrade the floor above the head does not count": ("1", ("2",), DROPS_A_TABLE, Answer.YES),
    "the app is older than the floor": ("1", ("4",), DROPS_A_TABLE, Answer.PAST_FLOOR),
    "the app is at the floor": ("2", ("4",), DROPS_A_TABLE, Answer.YES),
    "the app requires the revision with the floor": ("3", ("4",), DROPS_A_TABLE, Answer.YES),
    "the app is newer than the floor": ("4", ("4",), DROPS_A_TABLE, Answer.YES),
    "the floor is not applied yet": ("1", ("2",), DROPS_A_TABLE, Answer.YES),
    "the head itself has the floor": ("1", ("3",), DROPS_A_TABLE, Answer.PAST_FLOOR),
    "below one of two heads": ("a2", ("a3", "b2"), BRANCHES, Answer.YES),
    "above one of two heads": ("b3", ("a3", "b2"), BRANCHES, Answer.BEHIND),
    "below both heads": ("1", ("a3", "b3"), BRANCHES, Answer.YES),
    "on the other branch": ("b2", ("a3",), BRANCHES, Answer.BEHIND),
    "below a merge by its first parent": ("a2", ("m",), MERGED, Answer.YES),
    "below a merge by its second parent": ("b2", ("m",), MERGED, Answer.YES),
    "the merge is not applied yet": ("m", ("a3", "b3"), MERGED, Answer.BEHIND),
    "below a revision that depends on it": ("a1", ("b2",), DEPENDENT, Answer.YES),
    "the floor of an unrelated branch": ("b1", ("a2", "b2"), TWO_BASES, Answer.YES),
    "the floor of its own branch beside another": ("a1", ("a2", "b2"), TWO_BASES, Answer.PAST_FLOOR),
    "another branch put a floor under this one": ("a1", ("a2", "b2"), FLOOR_ELSEWHERE, Answer.PAST_FLOOR),
    "another branch's floor is this revision": ("a2", ("a2", "b2"), FLOOR_ELSEWHERE, Answer.YES),
    "the map is cut below the required revision": ("4", ("5",), CUT, Answer.YES),
    "the map ends at the required revision": ("3", ("5",), CUT, Answer.YES),
    "the map is cut above the required revision": ("2", ("5",), CUT, Answer.CANNOT_TELL),
    "the map is cut and the required revision is newer": ("5", ("4",), CUT, Answer.BEHIND),
    "a cut branch might hold a floor": ("1", ("m",), CUT_BRANCH, Answer.CANNOT_TELL),
    "a floor above is not on the map": ("2", ("4",), LOST_FLOOR, Answer.CANNOT_TELL),
    "a floor below is not on the map": ("3", ("4",), LOST_FLOOR, Answer.YES),
    "a floor that is not on the map is not applied": ("1", ("2",), LOST_FLOOR, Answer.YES),
    "the map has a circle": ("3", ("1",), edges("1<-2", "2<-1"), Answer.BEHIND),
}


@pytest.mark.parametrize(("required", "heads", "known", "answer"), CASES.values(), ids=CASES.keys())
def test_the_gate_answers_when(required, heads, known, answer):
    assert serves(required, heads, known).answer is answer


@pytest.mark.parametrize(("required", "heads", "known", "answer"), CASES.values(), ids=CASES.keys())
def test_the_sentence_names_the_required_revision_when(required, heads, known, answer):
    message = serves(required, heads, known).message
    assert required in message
    assert not message.endswith(".")


def test_the_sentence_past_a_floor_names_the_revision_and_what_to_deploy():
    message = serves("1", ("4",), DROPS_A_TABLE).message
    assert "revision 3 serves apps from 2 on" in message
    assert "deploy a release that requires 2 or later" in message


def test_the_sentence_about_a_lost_head_names_it_alone():
    assert "does not know x:" in serves("a2", ("x", "a3"), BRANCHES).message


def test_below_yields_each_revision_once_and_the_nearest_first():
    assert list(below(["m"], MERGED)) == ["m", "a3", "b3", "a2", "b2", "1"]


def test_below_yields_a_start_that_is_not_on_the_map():
    assert list(below(["x"], LINE)) == ["x"]


def test_a_long_history_with_many_floors_is_answered_without_recursion():
    known = edges("0", *(f"{number}<-{number - 1}" for number in range(1, 5001)))
    assert serves("0", ("5000",), known).answer is Answer.YES


def test_above_returns_what_must_come_after_a_revision():
    assert above("b2", MERGED) == {"b2", "b3", "m"}
    assert above("m", MERGED) == {"m"}
    assert above("x", MERGED) == {"x"}


def test_what_is_served_of_all_is_what_is_served_of_each():
    for heads, known in graphs(seed=5, count=500):
        each = [one for one in below(heads, known) if serves(one, heads, known).answer is Answer.YES]
        assert list(served(heads, known)) == each, (heads, known)


def test_a_revision_is_too_old_just_when_an_applied_floor_follows_it():
    answers = set()
    for heads, known in graphs(seed=6, count=500):
        applied = set(below(heads, known))
        floors = {known[one].floor for one in applied if one in known}
        for one in known:
            too_old = any(one != floor and one in below([floor], known) for floor in floors - {""})
            answer = serves(one, heads, known).answer
            answers.add(answer)
            if set(heads) <= known.keys() and one not in heads:
                assert (answer is Answer.PAST_FLOOR) == (one in applied and too_old), (one, heads, known)
    assert answers == set(Answer)


def graphs(seed: int, count: int) -> Iterator[tuple[tuple[str, ...], Mapping[str, Edge]]]:
    """Yield small histories of whatever shape, some with gaps, floors, and floors that nobody knows."""
    draw = random.Random(seed)  # noqa: S311  spreads shapes, guards nothing
    for _ in range(count):
        ids = [str(number) for number in range(draw.randint(1, 8))]
        known = {
            revision: Edge(
                revision,
                tuple(draw.sample(ids[:at], min(at, draw.choice((0, 1, 1, 1, 2))))),
                draw.choice([*ids, "gone"]) if draw.random() < 0.3 else "",
            )
            for at, revision in enumerate(ids)
            if draw.random() < 0.9
        }
        yield tuple(draw.sample(ids, min(len(ids), draw.choice((1, 1, 2))))), known


ENDED = {
    "a revision without a floor": ("4", ("3",), LINE, []),
    "a floor that is applied": ("3", ("2",), DROPS_A_TABLE, ["1"]),
    "a revision that is its own floor": ("a2", ("a1", "b2"), TWO_BASES, ["a1"]),
    "a floor on another branch": ("b2", ("a2", "b1"), FLOOR_ELSEWHERE, ["a1"]),
    "a floor on another branch that is not applied, and what is a head stays served": (
        "b2",
        ("a1", "b1"),
        FLOOR_ELSEWHERE,
        [],
    ),
    "a floor that nobody knows": ("3", ("2",), LOST_FLOOR, ["2", "1"]),
    "nothing was ever applied": ("3", (), DROPS_A_TABLE, []),
    "a revision that is not on the map": ("9", ("4",), LINE, ["3", "2", "1"]),
    "there is no map": ("3", ("2",), {}, []),
}


@pytest.mark.parametrize("situation", ENDED)
def test_what_a_revision_ends_is_served_until_then(situation):
    revision, heads, known, ended = ENDED[situation]
    assert list(ended_by(revision, heads, known)) == ended
