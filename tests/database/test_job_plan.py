"""A Job that only tells what it would do, and one that carries out what was approved and nothing else."""

from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from database.projects.running import Ended, heads, run, tables
from revgate.contract.planned import PlanDocument, decode_plan
from revgate.contract.reasons import Reason
from support.servers import Database

DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path / "app").revision("a1")
    return made.revision("a2", "a1", "op.execute('DROP TABLE t_a1')")


def plan_in(ended: Ended) -> PlanDocument:
    plan = decode_plan(ended.out, ended.report.plan)
    assert plan is not None, ended
    return plan


def test_tells_what_it_would_do_and_does_nothing(database: Database, project: Project):
    run(database, project.folder, "--target=a1")
    ended = run(database, project.revision("a3", "a2").folder, "--plan")
    assert (ended.code, ended.report.reason, ended.report.pending) == (0, Reason.PLANNED, ("a2", "a3")), ended
    assert ended.report.message == "Database is at a1: 2 revisions would be applied"
    assert "t_a1" in tables(database)
    plan = plan_in(ended)
    assert (plan.before, plan.target, plan.destructive, plan.truncated) == (("a1",), ("a3",), True, False)
    assert [one.revision for one in plan.revisions] == ["a2", "a3"]
    assert plan.revisions[0].destroys == ("table t_a1",)
    assert plan.revisions[0].findings
    assert "CREATE TABLE t_a3" in plan.revisions[1].sql


def test_an_approved_plan_is_carried_out(database: Database, project: Project):
    plan = plan_in(run(database, project.folder, "--plan"))
    ended = run(database, project.folder, f"--approved={plan.hash(DIGEST)}", REVGATE_IMAGE=f"ledger@{DIGEST}")
    assert (ended.code, ended.report.current) == (0, ("a2",)), ended


@pytest.mark.parametrize("change", ["another image", "an edited file", "one revision more", "somebody was faster"])
def test_what_was_not_approved_is_not_run(database15: Database, project: Project, change: str):
    approved = plan_in(run(database15, project.folder, "--plan")).hash(DIGEST)
    image = f"ledger@{DIGEST}"
    match change:
        case "another image":
            image = "ledger@sha256:" + "cd" * 32
        case "an edited file":
            project.revision("a1", None, "op.execute('CREATE TABLE t_a1 (other int)')")
        case "one revision more":
            project.revision("a3", "a2")
        case _:
            run(database15, project.folder, "--target=a1")
    before = heads(database15)
    ended = run(database15, project.folder, f"--approved={approved}", REVGATE_IMAGE=image)
    assert (ended.code, ended.report.reason) == (37, Reason.PLAN_CHANGED), ended
    assert "nothing was run" in ended.report.message
    assert heads(database15) == before


def test_with_nothing_to_do_there_is_no_plan(database15: Database, project: Project):
    run(database15, project.folder)
    ended = run(database15, project.folder, "--plan")
    assert (ended.code, ended.report.reason, ended.report.plan) == (0, Reason.UP_TO_DATE, ""), ended
    again = run(database15, project.folder, "--approved=0123456789")
    assert (again.code, again.report.reason) == (0, Reason.UP_TO_DATE)


def test_a_plan_begins_at_the_baseline(database15: Database, project: Project):
    database15.query("CREATE TABLE t_a1 (id int)")
    plan = plan_in(run(database15, project.folder, "--plan", "--baseline=a1"))
    assert (plan.before, [one.revision for one in plan.revisions]) == (("a1",), ["a2"])
    ended = run(database15, project.folder, "--baseline=a1", f"--approved={plan.hash('')}")
    assert (ended.code, ended.report.current) == (0, ("a2",)), ended


def test_a_password_in_sql_is_not_told(database15: Database, tmp_path: Path):
    secret = "hush-1234-hush"
    body = f"op.execute(\"CREATE TABLE keys AS SELECT '{secret}' AS key\")"
    app = make_project(tmp_path / "secret").revision("s1", None, body)
    ended = run(database15, app.folder, "--plan", BROKER_URL=f"amqp://app:{secret}@broker/")
    assert secret not in ended.everything
    assert "password" in plan_in(ended).revisions[0].not_rendered
