"""`history --applied` and `check --applied`: what the ledger tells people of a database's past."""

import re
from datetime import UTC
from pathlib import Path

import pytest
import sqlalchemy as sa

from revgate import __version__
from revgate.migration.applied import Past, check_applied, read_past
from support.cli import Cli
from support.recording import Recorded, make_recorded
from support.servers import Database, Server

SHAPE = "a1 a2<-a1 a3<-a2 a4<-a3"


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return make_recorded(tmp_path / "app", f"sqlite:///{tmp_path / 'app.db'}").scripts(SHAPE)


@pytest.fixture
def cli(recorded: Recorded) -> Cli:
    return Cli(recorded.folder).at(recorded.url)


def past(recorded: Recorded) -> Past:
    return read_past(recorded.engine, recorded.request().scripts, echo=False)


def states(recorded: Recorded) -> list[tuple[str, str, bool]]:
    return [(one.revision, one.state, one.edited) for one in past(recorded).revisions]


def test_every_revision_is_told_with_what_became_of_it(recorded: Recorded, cli: Cli):
    recorded.plain("upgrade", "a1")
    recorded.upgrade("a2", image="registry.example/shop:2")
    recorded.upgrade("a4")
    recorded.plain("downgrade", "a3")
    recorded.edit("a2")
    lines = cli.ok("history", "--applied").out.splitlines()
    assert lines[0].split() == ["Revision", "State", "When", "Took", "Image", "Runner"]
    rows = [line.split() for line in lines[1:]]
    assert [row[:2] for row in rows] == [
        ["a1_change", "recorded"],
        ["a2_change", "applied,edited"],
        ["a3_change", "applied"],
        ["a4_change", "undone"],
    ]
    assert rows[0][2:4] == ["-", "-"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows[1][2])
    assert re.fullmatch(r"\d+\.\d{3}s", rows[1][3])
    assert rows[1][4:] == ["registry.example/shop:2", __version__]
    assert len({line.index("Image") for line in lines[:1]} | {lines[2].index("registry")}) == 1


def test_as_json_it_has_all_that_the_ledger_has(recorded: Recorded, cli: Cli):
    recorded.upgrade("a1", image="shop:1", job="shop-7f3a-1", owner="shop/ledger/1111")
    [found] = cli.ok("history", "--applied", "--json").json
    assert found["started"].endswith("+00:00")
    assert found["finished"] >= found["started"]
    assert found["seconds"] >= 0
    assert {key: found[key] for key in ("revision", "name", "state", "edited", "image", "job", "owner", "runner")} == {
        "revision": "a1",
        "name": "a1_change",
        "state": "applied",
        "edited": False,
        "image": "shop:1",
        "job": "shop-7f3a-1",
        "owner": "shop/ledger/1111",
        "runner": __version__,
    }


def test_it_tells_also_of_what_the_scripts_lack_and_of_what_the_ledger_lacks(recorded: Recorded):
    recorded.upgrade("a3")
    recorded.downgrade("a2")
    recorded.plain("upgrade", "a4")
    assert states(recorded) == [
        ("a1", "applied", False),
        ("a2", "applied", False),
        ("a3", "unrecorded", False),
        ("a4", "unrecorded", False),
    ]
    recorded.plain("downgrade", "a2")
    recorded.scripts("a1 a2<-a1")
    assert states(recorded) == [("a1", "applied", False), ("a2", "applied", False), ("a3", "reverted", False)]


def test_a_database_without_a_ledger_is_told_in_one_line(recorded: Recorded, cli: Cli):
    ended = cli.ok("history", "--applied")
    assert ended.out == ""
    assert re.fullmatch(r"Database .*app\.db has no ledger of alembic_version that .*upgrade` makes one\n", ended.err)
    [problem] = check_applied(recorded.engine, recorded.request().scripts, echo=False)
    assert (problem.fault, problem.message, problem.is_warning) == ("no-ledger", ended.err.rstrip(), True)


def test_check_finds_what_was_edited(recorded: Recorded, cli: Cli):
    recorded.upgrade()
    assert past(recorded).problems == ()
    recorded.edit("a2", "a3")
    ended = cli.run("check", "--applied", "--json")
    assert ended.code == 1
    found = [one for one in ended.json["problems"] if one["fault"] == "edited-revision"]
    assert [one["files"] for one in found] == [
        ["migrations/versions/a2_change.py"],
        ["migrations/versions/a3_change.py"],
    ]
    assert found[0]["message"].startswith("Revision a2 (a2_change.py), applied 20")


def test_check_asks_no_database_about_files_that_cannot_be_read(recorded: Recorded):
    recorded.file("a2").write_text("import nowhere\n")
    nowhere = Cli(recorded.folder).at("postgresql://nobody:secret@127.0.0.1:1/nowhere")
    ended = nowhere.run("check", "--applied")
    assert "a2_change.py could not be imported" in ended.out
    assert ended.err == ""


def test_upgrade_says_what_was_edited_and_accepts_it_when_told(recorded: Recorded, cli: Cli):
    recorded.upgrade("a2")
    recorded.edit("a1")
    assert cli.run("upgrade").sentence.startswith("Revision a1 (a1_change.py), applied 20")
    assert states(recorded)[0] == ("a1", "applied", True)
    cli.ok("upgrade", "--edited", "accept")
    assert states(recorded)[0] == ("a1", "applied", False)


def test_postgresql_tells_the_time_in_utc_whatever_its_zone_is(database15: Database, tmp_path: Path):
    recorded = make_recorded(tmp_path / "app", database15.sqlalchemy_url).scripts("a1")
    recorded.upgrade()
    database15.query(f"ALTER ROLE {database15.user} SET timezone = 'Asia/Kolkata'")
    [found] = past(recorded).revisions
    [(utc,)] = recorded.query(f"SELECT finished_at AT TIME ZONE 'UTC' FROM {recorded.table}")
    assert found.finished == utc.replace(tzinfo=UTC)
    assert str(found.finished).endswith("+00:00")


def test_who_may_only_read_is_told_as_much(tmp_path: Path, database15: Database, server15: Server):
    recorded = make_recorded(tmp_path / "app", database15.sqlalchemy_url).scripts(SHAPE)
    recorded.upgrade("a2")
    name = f"{database15.name}_reader"
    server15.query(f"CREATE ROLE {name} LOGIN PASSWORD 'app'")
    reader = Database(database15.host, database15.port, database15.name, name, "app")
    told = read_past(sa.create_engine(reader.sqlalchemy_url), recorded.request().scripts, echo=False)
    assert [(one.revision, one.state) for one in told.revisions] == [("a1", "applied"), ("a2", "applied")]
