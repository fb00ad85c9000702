"""Does this database serve R? Asked as the gate asks, of histories of every shape that Alembic leaves behind.

Each database was brought where it is by real scripts, with revgate, with plain Alembic, or with both in turn.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from database.projects.project import ENVIRONMENTS
from revgate.gate.look import Line
from revgate.migration.findings import Findings
from revgate.migration.ledger import LedgerWish
from revgate.migration.run import migrate
from support.recording import Recorded, ask, make_recorded
from support.servers import Database, Server

YES = "yes"
BEHIND = "is required and not applied yet"
TOO_OLD = "is too old"
LOST = "cannot tell whether that includes"

LINE = "a1 a2<-a1 a3<-a2"
DROPS = "a1 a2<-a1 a3<-a2|a2 a4<-a3"  # a3 drops what apps before a2 read
BRANCHES = "a1 b2<-a1 b3<-b2 c2<-a1"
MERGE = f"{BRANCHES} m4<-b3,c2"


@dataclass(frozen=True)
class Case:
    """Scripts, what was done with them, and what is served then."""

    scripts: str
    done: tuple[str, ...]
    answers: dict[str, str]


CASES = {
    "a branch is at its head and another not begun": Case(
        BRANCHES, ("revgate upgrade b3",), {"a1": YES, "b2": YES, "b3": YES, "c2": BEHIND, "nowhere": BEHIND}
    ),
    "there are several heads": Case(
        BRANCHES, ("revgate upgrade heads",), {"a1": YES, "b2": YES, "b3": YES, "c2": YES, "m4": BEHIND}
    ),
    "branches were merged": Case(MERGE, ("revgate upgrade m4",), {"a1": YES, "b2": YES, "b3": YES, "c2": YES}),
    "a merge is pending": Case(MERGE, ("revgate upgrade b3", "revgate upgrade c2"), {"b2": YES, "m4": BEHIND}),
    "a merge put a floor under one of its branches": Case(
        f"{BRANCHES} m4<-b3,c2|b3", ("revgate upgrade m4",), {"a1": TOO_OLD, "b2": TOO_OLD, "b3": YES, "c2": YES}
    ),
    "a revision depends on one of another base": Case(
        "a1 a2<-a1 x1 x2<-x1+a2", ("revgate upgrade x2",), {"a1": YES, "a2": YES, "x1": YES, "x2": YES}
    ),
    "what a revision depends on was upgraded further": Case(
        f"{LINE} x1 x2<-x1+a2", ("revgate upgrade x2", "revgate upgrade a3"), {"a2": YES, "a3": YES, "x1": YES}
    ),
    "a revision put a floor under a history that it only depends on": Case(
        "a1 a2<-a1 x1 x2<-x1+a2|a2", ("revgate upgrade x2",), {"a1": TOO_OLD, "a2": YES, "x1": YES}
    ),
    "old apps are past the floor": Case(
        DROPS, ("revgate upgrade a4",), {"a1": TOO_OLD, "a2": YES, "a3": YES, "a4": YES}
    ),
    "revgate stamped a database that something else made": Case(
        LINE, ("revgate stamp a2",), {"a1": YES, "a2": YES, "a3": BEHIND}
    ),
    "revgate stamped it back": Case(
        DROPS, ("revgate upgrade a4", "revgate stamp a2"), {"a1": YES, "a2": YES, "a3": BEHIND}
    ),
    "plain Alembic stamped it further": Case(
        LINE, ("revgate upgrade a1", "plain stamp a3"), {"a1": LOST, "a2": LOST, "a3": YES}
    ),
    "plain Alembic stamped it further and revgate looked since": Case(
        LINE, ("revgate upgrade a1", "plain stamp a3", "revgate upgrade a3"), {"a1": YES, "a2": YES, "a3": YES}
    ),
    "plain Alembic stamped it back": Case(
        LINE, ("revgate upgrade a3", "plain stamp a1"), {"a1": YES, "a2": BEHIND, "a3": BEHIND}
    ),
    "plain Alembic downgraded it below a floor": Case(
        DROPS, ("revgate upgrade a4", "plain downgrade a2"), {"a1": YES, "a2": YES, "a3": BEHIND, "a4": BEHIND}
    ),
    "plain Alembic downgraded one of two heads": Case(
        BRANCHES, ("revgate upgrade heads", "plain downgrade b2"), {"a1": YES, "b2": YES, "b3": BEHIND, "c2": YES}
    ),
    "plain Alembic took a merge apart": Case(
        MERGE, ("revgate upgrade m4", "plain downgrade b3"), {"b3": YES, "c2": YES, "b2": YES, "m4": BEHIND}
    ),
    "plain Alembic downgraded it to base": Case(
        LINE, ("revgate upgrade a3", "plain downgrade base"), {"a1": "has no revision yet"}
    ),
    "revgate downgraded it below a floor": Case(
        DROPS, ("revgate upgrade a4", "revgate downgrade a2"), {"a1": YES, "a2": YES, "a3": BEHIND}
    ),
    "revgate downgraded it and plain Alembic upgraded it": Case(
        DROPS, ("revgate upgrade a4", "revgate downgrade a2", "plain upgrade a4"), {"a2": LOST, "a1": LOST, "a4": YES}
    ),
    "both went up and down, and revgate had the last word": Case(
        DROPS,
        ("revgate upgrade a4", "revgate downgrade a2", "plain upgrade a4", "revgate upgrade a4"),
        {"a1": TOO_OLD, "a2": YES, "a3": YES, "a4": YES},
    ),
    "plain Alembic began another base beside": Case(
        "a1 a2<-a1 x1", ("revgate upgrade a2", "plain upgrade x1"), {"a1": LOST, "a2": YES, "x1": YES}
    ),
    "revgate never ran": Case(LINE, ("plain upgrade a3",), {"a3": YES, "a2": "there is no ledger of this history"}),
    "an image of another time looked at it": Case(
        LINE, ("revgate upgrade a3", "only a1", "revgate upgrade a1"), {"a1": YES, "a2": YES, "a3": YES}
    ),
}


@pytest.fixture(scope="module")
def emptied(server15: Server) -> Iterator[Database]:
    """One database for all: to make one costs more than what is asked of it."""
    database = server15.new_database()
    yield database
    server15.drop_database(database)


@pytest.fixture
def database15(emptied: Database, server15: Server) -> Database:
    superuser = replace(emptied, user=server15.superuser, password=server15.password)
    superuser.query("DROP SCHEMA IF EXISTS public, revgate, meta CASCADE")
    emptied.query("CREATE SCHEMA public")
    emptied.query("GRANT USAGE ON SCHEMA public TO PUBLIC")  # as in any new database
    return emptied


@pytest.fixture
def recorded(database15: Database, tmp_path: Path) -> Recorded:
    return make_recorded(tmp_path / "app", database15.sqlalchemy_url)


@pytest.fixture
def reader(database15: Database, server15: Server) -> Iterator[Database]:
    """The app's own role, which may read what was granted to it and nothing else."""
    name = f"{database15.name}_app"
    server15.query(f"CREATE ROLE {name} LOGIN PASSWORD 'app'")
    yield replace(database15, user=name, password="app")
    superuser = replace(database15, user=server15.superuser, password=server15.password)
    superuser.query(f"DROP OWNED BY {name}")
    server15.query(f"DROP ROLE {name}")


def do(recorded: Recorded, step: str) -> None:
    who, *words = step.split()
    if who == "plain":
        recorded.plain(*words)
    elif who == "only":
        recorded.scripts(" ".join(words))
    else:
        getattr(recorded, words[0])(words[1])


def answer(line: Line, expected: str) -> str:
    """Return the expected words if the line says them, or what it says."""
    if line.served:
        return YES
    return expected if expected in line.message else line.message


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_served_when(case: Case, recorded: Recorded, database15: Database):
    recorded.scripts(case.scripts)
    for step in case.done:
        do(recorded, step)
    found = {required: answer(ask(database15, required), words) for required, words in case.answers.items()}
    assert found == case.answers


def test_two_histories_of_one_database_are_asked_apart_although_their_ids_are_equal(
    database15: Database, recorded: Recorded, tmp_path: Path
):
    meta = make_recorded(tmp_path / "meta", database15.sqlalchemy_url)
    shutil.copy(ENVIRONMENTS / "own_schema.py", meta.folder / "migrations" / "env.py")
    recorded.scripts("r1 r2<-r1 r3<-r2|r2").upgrade()
    meta.scripts("r3 r1<-r3 r2<-r1").upgrade()  # the same ids, another way round, and no floor
    here = {one: ask(database15, one).served for one in ("r1", "r2", "r3")}
    there = {one: ask(database15, one, table="versions", schema="meta").served for one in ("r1", "r2", "r3")}
    assert here == {"r1": False, "r2": True, "r3": True}
    assert there == {"r1": True, "r2": True, "r3": True}
    meta.plain("downgrade", "r3")
    assert not ask(database15, "r1", table="versions", schema="meta").served
    assert ask(database15, "r2").served


def test_all_of_several_required_revisions_must_be_served(recorded: Recorded, database15: Database):
    recorded.scripts(BRANCHES).upgrade("b3")
    assert ask(database15, "a1", "b2").served
    held = ask(database15, "a1", "c2")
    assert not held.served
    assert "c2 is required and not applied yet" in held.message


def test_without_the_right_to_read_the_ledger_only_the_heads_are_served(
    recorded: Recorded, database15: Database, reader: Database
):
    request = recorded.scripts(LINE).request()
    migrate(replace(request, ledger=LedgerWish(readers=(database15.user,))), "a3", Findings())
    assert "may not read public.alembic_version" in ask(reader, "a3").message
    database15.query(f"GRANT SELECT ON alembic_version TO {reader.user}")
    assert ask(reader, "a3").served
    held = ask(reader, "a2")
    assert not held.served
    assert f"user {reader.user} may not read the ledger revgate.revision_log" in held.message
    migrate(replace(request, ledger=LedgerWish(readers=(reader.user,))), "a3", Findings())
    assert ask(reader, "a2").served


def test_a_reader_whose_name_needs_quotes_is_granted_what_he_reads(
    recorded: Recorded, database15: Database, server15: Server
):
    name = f'App "{database15.name}" 50%:x'
    role = psycopg.sql.Identifier(name).as_string(None)
    server15.query(f"CREATE ROLE {role} LOGIN PASSWORD 'app'")
    try:
        request = recorded.scripts(LINE).request()
        migrate(replace(request, ledger=LedgerWish(readers=(name,))), "a3", Findings())
        assert ask(replace(database15, user=name, password="app"), "a2").served
    finally:
        superuser = replace(database15, user=server15.superuser, password=server15.password)
        superuser.query(f"DROP OWNED BY {role}")
        server15.query(f"DROP ROLE {role}")
