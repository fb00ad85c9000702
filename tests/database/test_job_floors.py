"""A Job that stops before revisions with a floor, so that the operator can wait for the pods that they would end."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from database.projects.running import Ended, heads, run
from revgate.contract.exits import Exit
from revgate.contract.planned import decode_plan
from revgate.contract.reasons import Reason
from revgate.contract.report import FloorAhead
from revgate.contract.serves import ended_by
from revgate.migration.findings import Findings
from revgate.migration.floors import Floors
from revgate.migration.project.scripts import find_scripts
from revgate.migration.run import Request, migrate
from revgate.migration.sqlite.file import Address as SqliteAddress
from revgate.migration.sqlite.sessions import SQLite
from support.servers import Database

DIGEST = "sha256:" + "ab" * 32
WAIT = "--before-floors"


def floor(revision: str) -> str:
    return f"serves_from = {revision!r}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """From a4 on apps from a3 on are served, from a6 on those from a5 on; a7 says nothing new."""
    made = make_project(tmp_path / "app").chain("a1", "a2", "a3")
    made.revision("a4", "a3", head=floor("a3")).revision("a5", "a4")
    return made.revision("a6", "a5", head=floor("a5")).revision("a7", "a6", head=floor("a5"))


def stopped(ended: Ended) -> tuple[tuple[str, ...], FloorAhead | None]:
    assert (ended.code, ended.report.reason) == (0, Reason.WAITING_FOR_OLD_PODS), ended
    return ended.report.current, ended.report.floor


def would_end(ended: Ended) -> list[str]:
    """Return what the operator makes of the report and the log: which revisions are served no longer after the stop."""
    assert ended.report.floor is not None
    assert ended.edges is not None, ended
    edges = {edge.revision: edge for edge in ended.edges}
    return list(ended_by(ended.report.floor.revision, ended.report.current, edges))


def test_each_floor_is_stopped_at_and_passed_by_its_name(database: Database, project: Project):
    run(database, project.folder, "--target=a1")
    ended = run(database, project.folder, WAIT)
    assert stopped(ended) == (("a3",), FloorAhead("a4", "a3"))
    assert ended.report.pending == ("a4", "a5", "a6", "a7")
    said = "Database is at a3: applied 2 revisions and stopped before a4, which serves apps from a3 on only"
    assert ended.report.message == f"{said}; 4 revisions to go"
    assert would_end(ended) == ["a2", "a1"]

    again = run(database, project.folder, WAIT)
    assert stopped(again) == stopped(ended)
    assert "stopped before a4" in again.report.message
    assert not again.events("revision_started")

    ended = run(database, project.folder, WAIT, "--past=a4")
    assert stopped(ended) == (("a5",), FloorAhead("a6", "a5"))
    assert would_end(ended) == ["a4", "a3"]

    ended = run(database, project.folder, WAIT, "--past=a6")
    assert (ended.code, ended.report.reason, ended.report.floor) == (0, Reason.UP_TO_DATE, None), ended
    assert heads(database) == ["a7"]
    assert run(database, project.folder, WAIT, "--past=a6").report.reason is Reason.UP_TO_DATE


def test_a_run_on_sqlite_stops_as_well(project: Project, tmp_path: Path):
    """`revgate job` is for PostgreSQL; what it calls is not."""

    def bring(target: str, floors: Floors | None) -> tuple[Reason, tuple[str, ...], str]:
        database = SQLite(SqliteAddress(sa.make_url(f"sqlite:///{tmp_path}/library.db")))
        scripts = find_scripts({"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}, bundled=False)
        findings = Findings()
        reason = migrate(Request(database=database, scripts=scripts, floors=floors), target, findings)
        return reason, findings.current, findings.stopped_before

    assert bring("a1", Floors()) == (Reason.UP_TO_DATE, ("a1",), "")
    assert bring("head", Floors()) == (Reason.WAITING_FOR_OLD_PODS, ("a3",), "a4")
    assert bring("head", Floors("a4")) == (Reason.WAITING_FOR_OLD_PODS, ("a5",), "a6")
    assert bring("head", Floors("a6")) == (Reason.UP_TO_DATE, ("a7",), "")


def test_nobody_waits_in_an_empty_database(database15: Database, project: Project):
    ended = run(database15, project.folder, WAIT)
    assert (ended.code, ended.report.reason, ended.report.current) == (0, Reason.UP_TO_DATE, ("a7",)), ended


def test_nobody_waits_for_a_floor_that_ends_nobody(database15: Database, project: Project):
    run(database15, project.folder, "--target=a6")
    ended = run(database15, project.folder, WAIT)
    assert (ended.report.reason, ended.report.current) == (Reason.UP_TO_DATE, ("a7",)), ended


def test_without_the_option_floors_are_passed(database15: Database, project: Project):
    run(database15, project.folder, "--target=a1")
    assert run(database15, project.folder).report.current == ("a7",)


def test_a_revision_that_is_its_own_floor_ends_all_before_it(database15: Database, tmp_path: Path):
    app = make_project(tmp_path / "own").chain("b1", "b2").revision("b3", "b2", head=floor("b3"))
    run(database15, app.folder, "--target=b2")
    ended = run(database15, app.folder, WAIT)
    assert stopped(ended) == (("b2",), FloorAhead("b3", "b3"))
    assert would_end(ended) == ["b2", "b1"]


def test_a_floor_on_another_branch_is_known_to_the_operator(database15: Database, tmp_path: Path):
    app = make_project(tmp_path / "branches").chain("c1", "c2").revision("d1").revision("d2", "d1")
    app.revision("c3", "c2", head=floor("d2"))
    run(database15, app.folder, "--target=c2")
    run(database15, app.folder, "--target=d1")
    ended = run(database15, app.folder, WAIT, "--target=heads")
    assert ended.report.floor == FloorAhead("c3", "d2")
    assert "d1" in would_end(ended)


def test_without_a_ledger_it_stops_as_well(database15: Database, project: Project):
    run(database15, project.folder, "--target=a1", "--no-ledger")
    ended = run(database15, project.folder, WAIT, "--no-ledger")
    assert stopped(ended) == (("a3",), FloorAhead("a4", "a3"))
    assert ended.report.edges == ""


def test_a_failure_past_the_floor_is_told_as_ever(database15: Database, project: Project):
    project.revision("a5", "a4", "op.execute('SELECT 1/0')")
    run(database15, project.folder, "--target=a3")
    ended = run(database15, project.folder, WAIT, "--past=a4")
    assert (ended.code, ended.report.failed, ended.report.floor) == (Exit.REVISION_FAILED, "a5", None), ended
    assert heads(database15) == ["a4"]


def test_an_approved_plan_is_carried_out_floor_by_floor(database15: Database, project: Project):
    run(database15, project.folder, "--target=a1")
    image = {"REVGATE_IMAGE": f"ledger@{DIGEST}"}
    told = run(database15, project.folder, "--plan")
    plan = decode_plan(told.out, told.report.plan)
    assert plan is not None
    first = run(database15, project.folder, WAIT, f"--approved={plan.hash(DIGEST)}", **image)
    assert first.report.floor is not None
    assert (first.report.current, len(first.report.floor.rest)) == (("a3",), 64)

    whole = run(database15, project.folder, WAIT, "--past=a4", f"--approved={plan.hash(DIGEST)}", **image)
    assert (whole.code, whole.report.reason) == (37, Reason.PLAN_CHANGED)

    rest = first.report.floor.rest
    second = run(database15, project.folder, WAIT, "--past=a4", f"--approved={rest}", **image)
    assert second.report.floor is not None
    assert second.report.current == ("a5",)
    last = run(database15, project.folder, WAIT, "--past=a6", f"--approved={second.report.floor.rest}", **image)
    assert last.report.reason is Reason.UP_TO_DATE


def test_to_pass_one_floor_without_stopping_at_others_makes_no_sense(database15: Database, project: Project):
    ended = run(database15, project.folder, "--past=a4")
    assert (ended.code, heads(database15)) == (37, []), ended
    assert "--past goes with --before-floors" in ended.report.message


def test_what_was_not_approved_is_not_vouched_for(database15: Database, project: Project):
    run(database15, project.folder, "--target=a3")
    ended = run(database15, project.folder, WAIT, "--approved=0123456789")
    assert (ended.code, ended.report.reason, ended.report.floor) == (37, Reason.PLAN_CHANGED, None)


@pytest.mark.parametrize(("target", "count"), [("a1", 1), ("a3", 0)])
def test_a_backup_is_made_only_before_something_is_run(database15: Database, project: Project, target: str, count: int):
    folder = project.folder / "backups"
    folder.mkdir()
    run(database15, project.folder, f"--target={target}")
    stopped(run(database15, project.folder, WAIT, f"--backup={folder}"))
    assert len(list(folder.glob("*.dump"))) == count
