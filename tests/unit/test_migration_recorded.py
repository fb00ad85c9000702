"""What is to be written into a ledger, as tables of rows and files."""

from pathlib import Path

from revgate.contract.digest import digest_of
from revgate.contract.serves import Edge
from revgate.migration.digests import digests_of
from revgate.migration.project.revisions import Known
from revgate.migration.recorded import Row, State, changes_of, edited

CHAIN = {"a1": (), "a2": ("a1",), "a3": ("a2",)}


def known(*words: str) -> dict[str, Known]:
    """Return files: "a2=changed" has another checksum than "a2"."""
    pairs = [word.partition("=") for word in words]
    return {one: Known(Edge(one, CHAIN[one]), Path(f"{one}.py"), text or one) for one, _, text in pairs}


def rows(*words: str, state: State = State.APPLIED) -> dict[str, Row]:
    files = known(*words)
    digests = digests_of({key: one.edge for key, one in files.items()}, {k: one.checksum for k, one in files.items()})
    return {key: Row(one.edge, one.checksum, digests[key], state) for key, one in files.items()}


def test_a_digest_holds_the_digests_of_the_parents_in_any_order():
    edges = {"m": Edge("m", ("b", "a")), "a": Edge("a", ()), "b": Edge("b", ("a",))}
    sums = {"a": "1", "b": "2", "m": "3"}
    a = digest_of("a", "1", [])
    b = digest_of("b", "2", [a])
    assert digests_of(edges, sums) == {"a": a, "b": b, "m": digest_of("m", "3", [a, b])}


def test_a_parent_that_is_missing_makes_another_digest_than_none():
    assert digests_of({"b": Edge("b", ("a",))}, {"b": "2"}) == {"b": digest_of("b", "2", [""])}
    assert digest_of("b", "2", [""]) != digest_of("b", "2", [])


def test_a_circle_has_an_end():
    assert set(digests_of({"a": Edge("a", ("b",)), "b": Edge("b", ("a",))}, {"a": "1", "b": "2"})) == {"a", "b"}


def test_a_long_history_is_walked_without_recursion_from_either_end():
    ids = [str(number) for number in range(5000)]
    chain = {one: Edge(one, (ids[at - 1],) if at else ()) for at, one in enumerate(ids)}
    sums = dict.fromkeys(ids, "x")
    assert digests_of(chain, sums) == digests_of(dict(reversed(chain.items())), sums)


def test_only_what_is_applied_can_have_been_edited():
    files = known("a1=changed", "a2=changed", "a3=changed")
    assert edited(["a2"], files, rows("a1", "a2", "a3")) == ("a1", "a2")
    assert edited(["a3"], files, rows("a1", state=State.REVERTED)) == ()
    assert edited(["a3"], files, rows("a1", state=State.RECORDED)) == ("a1",)
    assert edited([], files, rows("a1")) == ()


def test_a_head_that_the_scripts_lack_leads_over_the_ledger_to_what_was_edited():
    assert edited(["a3"], known("a1=changed"), rows("a1", "a2", "a3")) == ("a1",)


def test_a_checksum_that_nobody_knows_is_no_edit():
    unknown = {"a1": Known(Edge("a1", ()), Path("a1.pyc"), "")}
    assert edited(["a1"], unknown, rows("a1")) == ()


def test_nothing_is_written_when_nothing_is_missing():
    changes = changes_of(rows("a1", "a2"), (), ())
    assert (changes.recorded, changes.floored, changes.mended) == ((), (), ())


def test_what_follows_a_row_that_was_missing_is_mended():
    found = {key: row for key, row in rows("a1", "a2", "a3").items() if key != "a1"}
    wrong = found | {"a2": Row(found["a2"].edge, "a2", digest_of("a2", "a2", [""]), State.APPLIED)}
    changes = changes_of(wrong, list(known("a1").values()), ())
    right = rows("a1", "a2", "a3")
    assert [(one.edge.revision, digest) for one, digest in changes.recorded] == [("a1", right["a1"].digest)]
    assert [(edge.revision, digest) for edge, _, digest in changes.mended] == [("a2", right["a2"].digest)]


def test_an_accepted_edit_changes_its_checksum_and_every_digest_above():
    changes = changes_of(rows("a1", "a2", "a3"), (), list(known("a2=changed").values()))
    right = rows("a1", "a2=changed", "a3")
    assert [(edge.revision, text, digest) for edge, text, digest in changes.mended] == [
        ("a2", "changed", right["a2"].digest),
        ("a3", "a3", right["a3"].digest),
    ]


def test_a_floor_that_was_found_later_changes_no_digest():
    floored = Known(Edge("a2", ("a1",), "a1"), Path("a2.py"), "a2")
    changes = changes_of(rows("a1", "a2"), [floored], ())
    assert (changes.recorded, changes.floored, changes.mended) == ((), (floored.edge,), ())
