"""Where the database stands: adopted, ahead, unknown, branched, with a version table of its own."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from database.projects.project import Project, make_project
from database.projects.running import heads, ledger, run, tables
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database


def plain_upgrade(database: Database, project: Project, target: str = "heads") -> None:
    """Do what the team did before it had revgate."""
    config = Config(str(project.folder / "alembic.ini"))
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def test_adopts_a_database_that_plain_alembic_migrated(database: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2", "a3")
    plain_upgrade(database, project, "a2")
    ended = run(database, project.folder)
    assert ended.code == 0, ended
    assert ledger(database) == {"a1": "recorded", "a2": "recorded", "a3": "applied"}
    assert database.query(
        "SELECT count(*) FROM revgate.revision_log "
        "WHERE state = 'recorded' AND started_at IS NULL AND finished_at IS NULL"
    ) == [(2,)]


def test_records_an_adopted_database_also_when_nothing_is_pending(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    plain_upgrade(database15, project)
    ended = run(database15, project.folder)
    assert ended.code == 0, ended
    assert ledger(database15) == {"a1": "recorded", "a2": "recorded"}
    assert ended.edges is not None


def test_says_ahead_when_the_image_is_rolled_back(database: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2", "a3")
    older = project.copy("older").without("a2", "a3")
    run(database, project.folder)
    ended = run(database, older.folder)
    assert (ended.code, ended.report.reason) == (0, Reason.DATABASE_AHEAD), ended
    assert (ended.report.current, ended.report.target, ended.report.pending_count) == (("a3",), ("a1",), 0)
    assert ledger(database) == {"a1": "applied", "a2": "applied", "a3": "applied"}
    assert [edge.revision for edge in ended.edges or ()] == ["a3", "a2", "a1"]


def test_refuses_a_revision_that_nobody_knows(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2", "a3")
    older = project.copy("older").without("a3")
    plain_upgrade(database15, project)
    ended = run(database15, older.folder)
    assert (ended.code, ended.report.reason) == (Exit.UNKNOWN_REVISION, Reason.UNKNOWN_REVISION)
    assert ended.report.message == (
        "Database is at a3, which neither this image nor the ledger knows; newest here is a2: "
        "deploy an image that has that revision"
    )
    assert ended.report.current == ("a3",)


def test_refuses_a_database_that_went_another_way(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    other = project.copy("other").without("a2").revision("b2", "a1")
    run(database15, project.folder)
    ended = run(database15, other.folder)
    assert ended.code == Exit.UNKNOWN_REVISION
    assert "does not include b2" in ended.report.message


def test_names_what_is_near_an_unknown_target(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("4b1c22", "7f3a90")
    ended = run(database15, project.folder, "--target", "4b1d22")
    assert (ended.code, ended.report.reason) == (Exit.UNKNOWN_TARGET, Reason.UNKNOWN_TARGET)
    assert ended.report.message == "Target 4b1d22 is not in these scripts: near it are 4b1c22"
    assert tables(database15) == []


def test_never_downgrades_to_base(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    run(database15, project.folder)
    assert run(database15, project.folder, "--target", "base").code == Exit.UNKNOWN_TARGET
    assert run(database15, project.folder, "--target", "-1").code in {Exit.UNKNOWN_TARGET, Exit.CONFIGURATION}
    assert heads(database15) == ["a2"]


def test_names_both_heads_when_the_target_is_the_head(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2").revision("b2", "a1")
    ended = run(database15, project.folder)
    assert (ended.code, ended.report.reason) == (Exit.MULTIPLE_HEADS, Reason.MULTIPLE_HEADS)
    assert ended.report.message == (
        "Scripts have 2 heads, a2 (a2_change.py) and b2 (b2_change.py): join them with `alembic merge heads`, "
        "or set the target to heads"
    )
    assert run(database15, project.folder, "--target", "heads").report.current == ("a2", "b2")


def test_walks_branches_merges_and_dependencies(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app")
    project.chain("a1", "a2").revision("b2", "a1").revision("m3", ("a2", "b2"))
    project.revision("x1", label="extra").revision("x2", "x1", depends_on="m3")
    assert run(database15, project.folder, "--target", "a2").report.current == ("a2",)
    assert run(database15, project.folder, "--target", "x1").report.current == ("a2", "x1")
    ended = run(database15, project.folder, "--target", "extra@head")
    assert (ended.code, ended.report.current) == (0, ("x2",)), ended
    assert sorted(ledger(database15)) == ["a1", "a2", "b2", "m3", "x1", "x2"]
    assert database15.query("SELECT parents FROM revgate.revision_log WHERE revision = 'x2'") == [('["m3", "x1"]',)]
    order = [edge.revision for edge in ended.edges or ()]
    assert order[0] == "x2"
    assert order.index("m3") < order.index("a2") < order.index("a1")
    again = run(database15, project.folder, "--target", "heads")
    assert (again.report.reason, again.report.target) == (Reason.UP_TO_DATE, ("m3", "x2"))


def test_applies_a_reverted_revision_again(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    run(database15, project.folder)
    with database15.connect() as someone:
        someone.execute("DROP TABLE t_a2")
        someone.execute("UPDATE alembic_version SET version_num = 'a1'")
        someone.execute("UPDATE revgate.revision_log SET state = 'reverted' WHERE revision = 'a2'")
    ended = run(database15, project.folder)
    assert ended.report.message == "Database is at a2: applied 1 revision"
    assert ledger(database15) == {"a1": "applied", "a2": "applied"}


def test_leaves_the_rows_alone_that_it_does_not_know(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app").chain("a1", "a2", "a3")
    older = project.copy("older").without("a3")
    run(database15, project.folder, REVGATE_IMAGE="new")
    run(database15, older.folder, REVGATE_IMAGE="old")
    assert database15.query("SELECT DISTINCT image FROM revgate.revision_log") == [("new",)]


def test_two_histories_of_one_database_do_not_mix(database15: Database, tmp_path: Path):
    app = make_project(tmp_path / "app").chain("a1")
    meta = make_project(tmp_path / "meta", "own_schema").chain("a1", "a2")
    run(database15, app.folder)
    with database15.connect() as someone:
        someone.execute("DROP TABLE t_a1")
    ended = run(database15, meta.folder)
    assert ended.code == 0, ended
    assert [edge.revision for edge in ended.edges or ()] == ["a2", "a1"]
    assert database15.query(
        "SELECT version_table_schema, version_table, revision FROM revgate.revision_log ORDER BY 1, 3"
    ) == [("meta", "versions", "a1"), ("meta", "versions", "a2"), ("public", "alembic_version", "a1")]


def test_keeps_the_version_table_where_env_py_wants_it(database: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "own_schema").chain("a1", "a2")
    ended = run(database, project.folder)
    assert ended.code == 0, ended
    assert database.query("SELECT version_num FROM meta.versions") == [("a2",)]
    assert database.query("SELECT id FROM applied ORDER BY 1") == [("a1",), ("a2",)]


def test_follows_the_search_path_that_env_py_sets(database15: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "search_path").chain("a1", "a2")
    ended = run(database15, project.folder)
    assert ended.code == 0, ended
    assert database15.query("SELECT version_num FROM tenant.alembic_version") == [("a2",)]
    assert database15.query("SELECT to_regclass('tenant.t_a2') IS NOT NULL") == [(True,)]
    assert database15.query("SELECT DISTINCT version_table_schema FROM revgate.revision_log") == [("tenant",)]
    assert run(database15, project.folder).report.message == "Database is at a2: there was nothing to apply"
