"""A revision that was edited after it was applied: found, refused, accepted; and the digests that find it at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from database.projects.project import make_project
from database.projects.running import run
from revgate import MigrationRunner
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from revgate.migration.digests import digests_of
from revgate.migration.errors import EditedRevision, InvalidOptions, LedgerUnusable
from revgate.migration.project.revisions import read_revisions
from support.recording import Recorded, make_recorded
from support.servers import Database, Server

SHAPE = "a1 b2<-a1 b3<-b2 c2<-a1 m4<-b3,c2 x1 x2<-x1+b3"


@pytest.fixture(params=["pg15", "sqlite"])
def recorded(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Recorded]:
    if request.param == "sqlite":
        yield make_recorded(tmp_path / "app", f"sqlite:///{tmp_path / 'app.db'}")
        return
    server = servers(15)
    database = server.new_database()
    yield make_recorded(tmp_path / "app", database.sqlalchemy_url)
    server.drop_database(database)


@pytest.fixture
def file(tmp_path: Path) -> Recorded:
    """A file of SQLite, for what no database does differently."""
    return make_recorded(tmp_path / "app", f"sqlite:///{tmp_path / 'app.db'}")


def of_files(recorded: Recorded) -> dict[str, str]:
    """Return the digests that the files have."""
    revisions = read_revisions(recorded.request().scripts.directory)
    return digests_of(revisions.edges, {key: known.checksum for key, known in revisions.known.items()})


def refusal(recorded: Recorded, target: str = "heads") -> str:
    with pytest.raises(EditedRevision) as raised:
        recorded.upgrade(target)
    return str(raised.value)


def test_the_ledger_has_the_digests_of_the_files_after_an_upgrade(recorded: Recorded):
    recorded.scripts(SHAPE).upgrade("b3")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)


def test_the_ledger_has_the_digests_of_the_files_after_adoption(recorded: Recorded):
    recorded.scripts(SHAPE).plain("upgrade", "heads")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)
    assert set(recorded.states().values()) == {"recorded"}


def test_the_ledger_has_the_digests_of_the_files_when_plain_alembic_ran_in_between(recorded: Recorded):
    recorded.scripts(SHAPE).upgrade("b2")
    recorded.plain("upgrade", "m4")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)
    states = recorded.states()
    assert {key: states[key] for key in ("b2", "b3", "m4", "x2")} == {
        "b2": "applied",
        "b3": "recorded",
        "m4": "recorded",
        "x2": "applied",
    }


def test_the_ledger_has_the_digests_of_the_files_after_ways_down_and_up(recorded: Recorded):
    recorded.scripts(SHAPE).upgrade()
    recorded.downgrade("base")
    assert recorded.digests() == {}
    recorded.edit("b2")
    recorded.plain("upgrade", "b3")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)


def test_a_row_that_somebody_deleted_is_recorded_again_and_all_above_it_agrees(recorded: Recorded):
    recorded.scripts(SHAPE).upgrade()
    recorded.query(f"DELETE FROM {recorded.table} WHERE revision IN ('b2', 'x1')")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)
    assert recorded.states()["b2"] == "recorded"


def test_an_older_image_leaves_gaps_that_a_newer_one_fills(recorded: Recorded):
    recorded.scripts("a1 a2<-a1 a3<-a2 a4<-a3").plain("upgrade", "a4")
    recorded.stamp("a2")
    recorded.plain("stamp", "a4")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)


def test_an_edited_revision_is_refused_whether_something_is_pending_or_not(recorded: Recorded):
    recorded.scripts("a1 a2<-a1 a3<-a2").upgrade("a2", image="shop:2")
    recorded.edit("a1")
    for target in ("a2", "a3"):
        said = refusal(recorded, target)
        assert said.startswith("Revision a1 (a1_change.py), applied 20")
        assert " UTC by image shop:2, was edited since: put back what was applied and write" in said
    assert set(recorded.states()) == {"a1", "a2"}


def test_several_edited_revisions_are_counted(file: Recorded):
    file.scripts("a1 a2<-a1 a3<-a2 a4<-a3 a5<-a4").plain("upgrade", "head")
    file.upgrade(image="shop:2")
    file.edit("a1", "a2", "a3", "a4", "a5")
    said = refusal(file)
    assert said.startswith("Revisions a1 (a1_change.py), recorded as it was found by image shop:2, and a2 (")
    assert " and 2 more were edited since: " in said


def test_an_accepted_edit_is_written_down_with_all_that_follows_from_it(recorded: Recorded):
    recorded.scripts(SHAPE).upgrade("m4")
    before = recorded.digests()
    recorded.edit("b2")
    findings = recorded.upgrade(edited="accept")
    assert findings.accepted == ("b2",)
    assert recorded.digests() == of_files(recorded)
    assert recorded.checksums() == recorded.of_files()
    changed = {key for key, digest in recorded.digests().items() if before.get(key) != digest}
    assert changed == {"b2", "b3", "m4", "x1", "x2"}
    assert recorded.upgrade().accepted == ()


def test_an_accepted_edit_keeps_when_and_by_what_it_was_applied(recorded: Recorded):
    recorded.scripts("a1 a2<-a1").upgrade(image="shop:1", job="shop-1")
    told = f"SELECT revision, state, started_at, finished_at, image, job FROM {recorded.table} ORDER BY 1"
    before = recorded.query(told)
    recorded.edit("a1")
    recorded.upgrade(edited="accept", image="shop:2", job="shop-2")
    assert recorded.query(told) == before


def test_what_is_edited_beside_an_accepted_edit_afterwards_is_refused(file: Recorded):
    file.scripts("a1 a2<-a1").upgrade()
    file.edit("a1")
    file.upgrade(edited="accept")
    file.edit("a2")
    assert refusal(file).startswith("Revision a2 ")


def test_line_ends_and_a_floor_that_is_found_later_are_no_edit(recorded: Recorded):
    recorded.scripts("a1 a2<-a1 a3<-a2").upgrade()
    recorded.scripts("a1 a2<-a1 a3<-a2|a2")
    for revision in ("a1", "a2", "a3"):
        path = recorded.file(revision)
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    recorded.upgrade()
    assert recorded.query(f"SELECT revision FROM {recorded.table} WHERE floor = 'a2'") == [("a3",)]


def test_a_release_that_is_rolled_back_may_have_older_files(recorded: Recorded):
    recorded.scripts("a1 a2<-a1 a3<-a2")
    recorded.edit("a1")
    recorded.upgrade()
    checksums = recorded.checksums()
    recorded.scripts("a1 a2<-a1")
    for policy in ("refuse", "accept"):
        assert recorded.upgrade(edited=policy).current == ("a3",)
        assert recorded.checksums() == checksums


def test_a_file_that_is_not_applied_may_be_edited(file: Recorded):
    file.scripts("a1 a2<-a1 a3<-a2").upgrade()
    file.downgrade("a2")
    file.edit("a3")
    file.upgrade()
    assert file.digests() == of_files(file)


def test_a_revision_that_plain_alembic_downgraded_may_be_edited(file: Recorded):
    file.scripts("a1 a2<-a1 a3<-a2").upgrade()
    file.plain("downgrade", "a2")
    file.edit("a3")
    file.upgrade()
    assert file.digests() == of_files(file)
    assert file.states()["a3"] == "applied"


def test_a_downgrade_runs_what_the_file_says_now(recorded: Recorded):
    recorded.scripts("a1 a2<-a1").upgrade()
    recorded.edit("a2")
    recorded.downgrade("a1")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)


def test_a_stamp_runs_nothing_and_so_does_not_mind(recorded: Recorded):
    recorded.scripts("a1 a2<-a1").upgrade()
    recorded.edit("a1")
    recorded.stamp("a2")
    assert refusal(recorded).startswith("Revision a1 ")


def test_without_a_ledger_nobody_knows_what_was_applied(file: Recorded):
    file.scripts("a1").plain("upgrade", "a1")
    file.edit("a1")
    file.upgrade()
    assert file.digests() == of_files(file)


def test_the_library_has_the_same_policy(file: Recorded):
    config = file.folder / "alembic.ini"
    file.scripts("a1 a2<-a1")
    MigrationRunner(file.engine, config).upgrade_to_version("a1")
    file.edit("a1")
    with pytest.raises(EditedRevision):
        MigrationRunner(file.engine, config).upgrade_to_head()
    assert file.query("SELECT version_num FROM alembic_version") == [("a1",)]
    MigrationRunner(file.engine, config, edited="accept").upgrade_to_head()
    assert file.digests() == of_files(file)
    with pytest.raises(InvalidOptions, match="edited is 'perhaps': give 'refuse' or 'accept'"):
        MigrationRunner(file.engine, config, edited="perhaps")  # type: ignore[call-overload]  # as out of a file


def test_a_job_ends_with_a_reason_of_its_own_and_goes_on_when_it_is_accepted(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    run(database15, project.folder, "--target", "a1", REVGATE_IMAGE="shop:1")
    with (project.versions / "a1_change.py").open("a") as file:
        file.write("\nlater = True\n")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.BROKEN_SCRIPTS, Reason.EDITED_REVISION), ended
    assert ended.report.message.startswith("Revision a1 (a1_change.py), applied 20")
    assert "by image shop:1" in ended.report.message
    assert ended.report.current == ("a1",)
    ended = run(database15, project.folder, "--edited", "accept")
    assert ended.report.message == "Database is at a2: applied 1 revision; accepted as edited: a1"
    assert [event["revision"] for event in ended.events("revision_was_edited")] == ["a1"]
    assert run(database15, project.folder).code == 0


def test_a_table_of_another_kind_in_the_ledgers_place_is_told(recorded: Recorded):
    recorded.scripts("a1").upgrade()
    recorded.query(f"ALTER TABLE {recorded.table} DROP COLUMN digest")
    with pytest.raises(LedgerUnusable, match=r"revision_log.* cannot be read by revgate .*digest.*rename it") as raised:
        recorded.upgrade()
    assert raised.value.reason is Reason.LEDGER_UNUSABLE
    assert "\n" not in str(raised.value)
    recorded.query(f"ALTER TABLE {recorded.table} RENAME TO old_log")
    recorded.upgrade()
    assert recorded.digests() == of_files(recorded)


def test_names_that_need_quotes_are_no_parameters(database15: Database, tmp_path: Path):
    quoted = '"app ""50%"" :x {}"'
    database15.query(f"CREATE SCHEMA {quoted}")
    database15.query(f"ALTER ROLE {database15.user} SET search_path = {quoted}")
    database15.query("CREATE SCHEMA revgate")
    database15.query("CREATE VIEW revgate.revision_log AS SELECT 1 AS nothing")  # in the way of the usual place
    database15.query("REVOKE ALL ON revgate.revision_log FROM CURRENT_USER")
    recorded = make_recorded(tmp_path / "app", database15.sqlalchemy_url).scripts("a1 a2<-a1")
    recorded.plain("upgrade", "a1")
    recorded.upgrade()
    recorded.edit("a1")
    recorded.upgrade(edited="accept")
    recorded.downgrade("a1")
    recorded.upgrade()
    found = database15.query(f"SELECT revision, digest FROM {quoted}.revgate_revision_log")
    assert dict(found) == of_files(recorded)
