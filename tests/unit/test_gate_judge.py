"""What the gate concludes from what it read, and says."""

import pytest

from revgate.contract.serves import Edge
from revgate.gate.judge import SENTENCES, Match, judge
from revgate.gate.look import Question, at_head
from revgate.gate.reading import Cause, Forbidden, Heads, Ledger, NoTable, Trouble

EDGES = {"0008": Edge("0008", ("0007",)), "0007": Edge("0007", ("0006",), "0006"), "0006": Edge("0006", ("0005",))}
EDGES |= {"0005": Edge("0005", ())}


def asked(*requires: str, match: Match = Match.SERVES) -> Question:
    return Question(requires, match, database="ledger on db", user="app")


def heads(*revisions: str, ledger: Ledger = Ledger.READ) -> Heads:
    edges = EDGES if ledger is Ledger.READ else {}
    return Heads("public.alembic_version", revisions, ledger, "revgate.revision_log", edges)


EXACT = Match.EXACT
CASES = {
    "the head is required": (asked("0008"), heads("0008", ledger=Ledger.NOT_NEEDED), True, "Database is at 0008"),
    "an older one is required": (asked("0006"), heads("0008"), True, "which includes 0006"),
    "the database is behind": (asked("0008"), heads("0007"), False, "0008 is required and not applied yet"),
    "the database is empty": (asked("0008"), heads(), False, "Database has no revision yet, 0008 is required"),
    "the app is too old": (asked("0005"), heads("0008"), False, "0005 is too old"),
    "the head is unknown": (asked("0008"), heads("0009"), False, "the ledger does not know 0009"),
    "all of several hold": (asked("0006", "0007"), heads("0008"), True, "which includes 0007"),
    "one of several is missing": (asked("0006", "0008"), heads("0007"), False, "0008 is required and not applied yet"),
    "several are missing": (asked("0007", "0008"), heads("0006"), False, "0007 is required and not applied yet; Data"),
    "there is no ledger": (asked("0006"), heads("0008", ledger=Ledger.MISSING), False, "there is no ledger of this"),
    "the ledger may not be read": (
        asked("0006"),
        heads("0008", ledger=Ledger.FORBIDDEN),
        False,
        "user app may not read the ledger revgate.revision_log; add the user to ledger.readers",
    ),
    "exactly this is required": (asked("0008", match=EXACT), heads("0008"), True, "Database is at 0008"),
    "exactly an older one is required": (asked("0007", match=EXACT), heads("0008"), False, "exactly 0007 is required"),
    "exactly one of two heads is required": (asked("a", match=EXACT), heads("a", "b"), False, "Database is at a, b"),
    "exactly these heads are required": (asked("b", "a", match=EXACT), heads("a", "b"), True, "Database is at a, b"),
    "exactly this is required of an empty database": (
        asked("0008", match=EXACT),
        heads(),
        False,
        "Database has no revision yet, exactly 0008 is required",
    ),
    "the version table is missing": (
        asked("0008"),
        NoTable("alembic_version"),
        False,
        "Database ledger on db has no table alembic_version: it was never migrated",
    ),
    "the version table may not be read": (
        asked("0008"),
        Forbidden("public.alembic_version"),
        False,
        'run GRANT SELECT ON public.alembic_version TO "app"',
    ),
}


@pytest.mark.parametrize(("question", "reading", "served", "words"), CASES.values(), ids=CASES.keys())
def test_the_gate_says_when(question, reading, served, words):
    line = judge(question, reading)
    assert line.served is served
    assert words in line.message


@pytest.mark.parametrize("cause", Cause)
def test_trouble_never_opens_the_gate_and_names_the_database(cause):
    line = judge(asked("0008"), Trouble(cause, "detail"))
    assert not line.served
    assert line.message.startswith(("Database ledger on db ", "Host of database ledger on db "))


@pytest.mark.parametrize("cause", [Cause.REFUSED_LOGIN, Cause.HOST_NOT_FOUND, Cause.NO_DATABASE])
def test_trouble_that_a_mended_secret_ends_says_that_the_pod_must_go(cause):
    assert "delete this pod: a mended Secret is seen by new pods only" in judge(asked("1"), Trouble(cause, "")).message


def test_every_cause_has_a_sentence():
    assert set(SENTENCES) == set(Cause)


def test_braces_in_a_detail_are_only_text():
    line = judge(asked("0008"), Trouble(Cause.OTHER, "{password} {0} {"))
    assert line.message == "Database ledger on db could not be read: {password} {0} {"


CONTENTS = (("0008",), ("0008", "b1"), ("b1", "0008"), ("0008", "c1"), ("c1",), ("0008", "0008"))


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("requires", CONTENTS, ids=", ".join)
@pytest.mark.parametrize("revisions", [(), ("0008",), ("0008", "b1"), ("b1", "c1")], ids=", ".join)
def test_what_the_heads_alone_say_is_what_the_whole_judgement_says(match, requires, revisions):
    question = asked(*requires, match=match)
    whole = judge(question, heads(*revisions, ledger=Ledger.NOT_NEEDED))
    assert at_head(question, revisions) == (whole.message if whole.served else "")
