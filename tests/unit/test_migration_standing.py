import pytest

from revgate.contract.serves import Edge
from revgate.migration.errors import UnknownRevision
from revgate.migration.project.graph import newest, newest_first
from revgate.migration.recorded import unrecorded
from revgate.migration.standing import Standing, where_it_stands


def graph(**parents: str) -> dict[str, Edge]:
    """Return edges from `revision="parent parent"`."""
    return {revision: Edge(revision, tuple(text.split())) for revision, text in parents.items()}


CHAIN = graph(a1="", a2="a1", a3="a2")
BRANCHES = graph(a1="", a2="a1", b2="a1", m3="a2 b2")


@pytest.mark.parametrize(
    ("heads", "target", "scripts", "ledger", "standing"),
    [
        pytest.param("", "a3", CHAIN, {}, Standing.BEHIND, id="an empty database is behind"),
        pytest.param("a1", "a3", CHAIN, {}, Standing.BEHIND, id="an older revision is behind"),
        pytest.param("a3", "a3", CHAIN, {}, Standing.REACHED, id="the target is reached"),
        pytest.param("a3", "a1", CHAIN, {}, Standing.AHEAD, id="a known descendant of the target is ahead"),
        pytest.param("a2", "m3", BRANCHES, {}, Standing.BEHIND, id="one side of a merge is behind it"),
        pytest.param("a2 b2", "a2", BRANCHES, {}, Standing.REACHED, id="another branch beside the target is not ahead"),
        pytest.param("a2", "a2 b2", BRANCHES, {}, Standing.BEHIND, id="one of two heads is behind both"),
        pytest.param(
            "c", "e c", graph(e="", c="e"), {}, Standing.REACHED, id="a head that depends on the other holds both"
        ),
        pytest.param("a3", "a1", graph(a1=""), CHAIN, Standing.AHEAD, id="an unknown head in the ledger is ahead"),
        pytest.param(
            "a3 x1", "a1 x1", graph(a1="", x1=""), CHAIN, Standing.AHEAD, id="of two heads one is unknown, both include"
        ),
    ],
)
def test_stands_where_the_graph_says(heads, target, scripts, ledger, standing):
    assert where_it_stands(heads.split(), target.split(), scripts, ledger) is standing


@pytest.mark.parametrize(
    ("heads", "target", "scripts", "ledger", "words"),
    [
        pytest.param("z9", "a3", CHAIN, {}, "ledger knows; newest here is a3", id="no ledger"),
        pytest.param("z9", "a3", CHAIN, CHAIN, "neither this image nor the ledger", id="not in the ledger either"),
        pytest.param("a3", "b2", graph(a1="", b2="a1"), CHAIN, "does not include b2", id="the target is not below it"),
    ],
)
def test_refuses_where_nobody_knows_the_way(heads, target, scripts, ledger, words):
    with pytest.raises(UnknownRevision, match=words):
        where_it_stands(heads.split(), target.split(), scripts, ledger)


def test_newest_comes_before_its_parents_and_the_unreached_last():
    edges = {**BRANCHES, **graph(z1="", z2="z1")}
    order = [edge.revision for edge in newest_first(["m3"], edges)]
    assert order[0] == "m3"
    assert set(order[1:3]) == {"a2", "b2"}
    assert order[3:] == ["a1", "z2", "z1"]


@pytest.mark.parametrize("edges", [CHAIN, BRANCHES, {**CHAIN, **graph(z1="", a2="a1 z1")}, graph(m3="lost")])
@pytest.mark.parametrize("most", [0, 1, 2, 3, 9])
def test_the_newest_are_the_first_of_all_whatever_the_graph(edges, most):
    head = max(edges, key=lambda one: one[1:])
    assert list(newest(head, edges, most)) == list(newest_first([head], edges)[:most])


def test_what_was_applied_before_the_ledger_is_unrecorded():
    assert unrecorded(["a2"], CHAIN, {}) == ("a1", "a2")
    assert unrecorded(["a2"], CHAIN, CHAIN) == ()


def test_an_unknown_head_leads_over_the_ledger_to_what_is_unrecorded():
    ledger = graph(a3="a2")
    assert unrecorded(["a3"], graph(a1="", a2="a1"), ledger) == ("a1", "a2")
