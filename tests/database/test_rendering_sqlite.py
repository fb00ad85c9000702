"""The SQL of revisions of all shapes, run by sqlite3: the same rows and tables as an upgrade by Alembic itself."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from database.projects.project import Project, make_project
from revgate.migration.project.revisions import read_revisions
from revgate.migration.project.scripts import Scripts, find_scripts
from revgate.migration.project.target import pending_revisions
from revgate.migration.rendering.rendering import render_downgrade, render_upgrade
from revgate.migration.rendering.script import RevisionSql, script
from support.ledger import environment, snapshot

BUNDLED = tuple(f"000{number}" for number in range(1, 9))

READS_AND_CATCHES = """
    try:
        count = op.get_bind().execute(sa.text("SELECT count(*) FROM t_a1")).scalar()
    except Exception:
        count = 0
    op.execute(f"SELECT {count}")
"""
BATCH = """
    with op.batch_alter_table("t_a1") as batch:
        batch.drop_column("id")
"""
BATCH_OF_A_COPY = """
    t = sa.Table("t_a1", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("t_a1", copy_from=t) as batch:
        batch.add_column(sa.Column("name", sa.Text, server_default="it's"))
        batch.alter_column("id", existing_type=sa.Integer, new_column_name="number")
"""
OFFLINE = """
    from alembic import context
    if not context.is_offline_mode():
        op.get_bind().execute(sa.text("SELECT 1")).one()
    op.create_table("t_" + context.get_revision_argument(), sa.Column("id", sa.Integer))
"""
VALUES = """
    t = sa.table("t", sa.column("id", sa.Integer), sa.column("text", sa.Text), sa.column("at", sa.DateTime),
                 sa.column("data", sa.JSON), sa.column("raw", sa.LargeBinary))
    op.create_table("t", sa.Column("id", sa.Integer), sa.Column("text", sa.Text), sa.Column("at", sa.DateTime),
                    sa.Column("data", sa.JSON), sa.Column("raw", sa.LargeBinary))
    op.bulk_insert(t, [{"id": 1, "text": "it's; \\\\ %% :x", "at": datetime.datetime(2025, 1, 2, 3, 4, 5, 6),
                        "data": ["it's", None], "raw": b"\\x00abc'"}])
    op.get_bind().execute(t.insert(), [{"id": 2, "data": None}, {"id": 3, "data": {"a": 1.5}}])
    op.get_bind().exec_driver_sql("INSERT INTO t (id, text) VALUES (4, 'a %% b')")
    op.execute("CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET text = 'x;y' WHERE id = 2; DELETE FROM t; END")
"""


def scripts_of(project: Project) -> Scripts:
    return find_scripts({"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}, bundled=False)


def engine_of(file: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)


def alembic(file: Path, scripts: Scripts, verb: str, *targets: str) -> None:
    """Let Alembic itself do it."""
    with engine_of(file).connect() as connection:
        scripts.config.attributes["connection"] = connection
        for target in targets:
            getattr(command, verb)(scripts.config, target)
        connection.commit()
    del scripts.config.attributes["connection"]


def run(file: Path, text: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(text)


def rows(file: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def heads(file: Path) -> list[str]:
    return [row[0] for row in rows(file, "SELECT version_num FROM alembic_version ORDER BY 1")]


def branches(folder: Path) -> Project:
    """Two roots, branches with their merge, and a dependency across."""
    project = make_project(folder)
    project.revision("a1").revision("a2", "a1").revision("b2", "a1").revision("c2", "a1")
    project.revision("x1", label="other").revision("x2", "x1", depends_on="b2")
    project.revision("m3", ("a2", "b2", "c2"), "op.create_table('t_m3', sa.Column('id', sa.Integer))")
    project.revision("d4", "m3")
    for file in project.versions.glob("*.py"):
        name = file.name.removesuffix("_change.py")
        file.write_text(file.read_text().replace("raise NotImplementedError", f"op.drop_table('t_{name}')"))
    return project


def only(project: Project, revision: str, *heads: str) -> RevisionSql:
    (found,) = render_upgrade(scripts_of(project), [revision], "sqlite", heads=heads)
    return found


def line_of(project: Project, revision: str, words: str) -> int:
    lines = (project.versions / f"{revision}_change.py").read_text().splitlines()
    return 1 + next(at for at, line in enumerate(lines) if words in line)


def test_the_bundled_revisions_make_the_schema_of_an_upgrade(tmp_path):
    scripts = find_scripts({}, bundled=True)
    alembic(tmp_path / "one.db", scripts, "upgrade", "head")
    run(tmp_path / "two.db", script(render_upgrade(scripts, BUNDLED, "sqlite")))
    assert snapshot(engine_of(tmp_path / "two.db")) == snapshot(engine_of(tmp_path / "one.db"))
    run(tmp_path / "two.db", script(render_downgrade(scripts, BUNDLED[::-1], "sqlite", heads=["0008"])))
    assert snapshot(engine_of(tmp_path / "two.db")) == []
    assert heads(tmp_path / "two.db") == []


@pytest.mark.parametrize(
    ("start", "target"),
    [
        pytest.param([], ["heads"], id="everything"),
        pytest.param([], ["x2"], id="a dependency on a branch"),
        pytest.param(["a2"], ["heads"], id="one of three branches"),
        pytest.param(["a2", "b2"], ["d4"], id="two of three branches"),
        pytest.param(["a2", "x2"], ["heads"], id="a head that another depends on"),
        pytest.param(["d4"], ["heads"], id="the other root is missing"),
    ],
)
def test_branches_merges_and_dependencies_leave_the_rows_that_alembic_leaves(tmp_path, start, target):
    scripts = scripts_of(branches(tmp_path / "app"))
    for name in ("one.db", "two.db"):
        alembic(tmp_path / name, scripts, "upgrade", *start)
    before = heads(tmp_path / "one.db") if start else []
    alembic(tmp_path / "one.db", scripts, "upgrade", *target)
    wanted = ["d4", "x2"] if target == ["heads"] else target
    pending = pending_revisions(read_and_return(scripts).directory, before, wanted)
    found = render_upgrade(scripts, pending, "sqlite", heads=before)
    run(tmp_path / "two.db", script(found))
    assert heads(tmp_path / "two.db") == heads(tmp_path / "one.db") == list(found[-1].heads)
    assert snapshot(engine_of(tmp_path / "two.db")) == snapshot(engine_of(tmp_path / "one.db"))


def read_and_return(scripts: Scripts) -> Scripts:
    read_revisions(scripts.directory)
    return scripts


def test_a_downgrade_of_branches_leaves_the_rows_that_alembic_leaves(tmp_path):
    scripts = scripts_of(branches(tmp_path / "app"))
    for name in ("one.db", "two.db"):
        alembic(tmp_path / name, scripts, "upgrade", "heads")
    alembic(tmp_path / "one.db", scripts, "downgrade", "other@x1", "m3@-1")
    found = render_downgrade(scripts, ["x2", "d4", "m3"], "sqlite", heads=["d4", "x2"])
    run(tmp_path / "two.db", script(found))
    assert heads(tmp_path / "two.db") == ["a2", "b2", "c2", "x1"] == list(found[-1].heads)
    assert snapshot(engine_of(tmp_path / "two.db")) != []
    everything = render_downgrade(scripts, ["a2", "b2", "c2", "a1", "x1"], "sqlite", heads=found[-1].heads)
    run(tmp_path / "two.db", script(everything))
    assert heads(tmp_path / "two.db") == []
    assert snapshot(engine_of(tmp_path / "two.db")) == []


def test_what_is_rendered_is_what_runs(tmp_path):
    scripts = scripts_of(branches(tmp_path / "app"))
    engine, ran = engine_of(tmp_path / "one.db"), []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: ran.append(given[2].strip() + ";"))
    with engine.connect() as connection:
        scripts.config.attributes["connection"] = connection
        command.upgrade(scripts.config, "heads")
    order = pending_revisions(scripts.directory, (), ("d4", "x2"))
    found = [one for each in render_upgrade(scripts, order, "sqlite") for one in each.statements]
    shown = [one.replace("IF NOT EXISTS ", "") for one in found if one not in {"BEGIN;", "COMMIT;"}]
    assert len(shown) > len(order)
    changes = [one for one in ran if not one.startswith(("SELECT", "PRAGMA"))]
    assert _without_heads(shown) == [one.replace(" RETURNING version_num", "") for one in _without_heads(changes)]


def _without_heads(statements: list[str]) -> list[str]:
    """Leave out which of a merge's rows become the new one: Alembic takes any."""
    return [one for one in statements if not one.startswith(("UPDATE alembic", "DELETE FROM alembic"))]


def test_a_merge_is_rendered_alike_in_every_process(tmp_path):
    branches(tmp_path / "app")
    command_line = [sys.executable, "-m", "revgate", "plan", "d4", "--from", "base", "--format", "sql"]
    texts = {
        subprocess.run(
            command_line,
            cwd=tmp_path / "app",
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(4)
    }
    assert len(texts) == 1
    assert "DELETE FROM alembic_version WHERE alembic_version.version_num = 'a2';" in texts.pop()


def test_values_arrive_as_they_are(tmp_path):
    project = make_project(tmp_path / "app").revision("a1", body=VALUES, head="import datetime")
    with engine_of(tmp_path / "one.db").connect() as connection:
        scripts = scripts_of(project)
        scripts.config.attributes["connection"] = connection
        command.upgrade(scripts.config, "head")
        connection.commit()
    run(tmp_path / "two.db", script([only(project, "a1")]))
    everything = "SELECT *, typeof(raw) FROM t ORDER BY id"
    found = rows(tmp_path / "two.db", everything)
    assert found == rows(tmp_path / "one.db", everything)
    assert found[0][4:] == (b"\x00abc'", "blob")
    assert len(rows(tmp_path / "two.db", "SELECT sql FROM sqlite_schema WHERE type = 'trigger'")) == 1


@pytest.mark.parametrize(
    ("body", "words", "line"),
    [
        pytest.param(READS_AND_CATCHES, "reads the database", "count = op", id="an answer, whatever it catches"),
        pytest.param("op.get_bind().scalar(sa.text('SELECT 1'))", "reads the database", "scalar", id="a scalar"),
        pytest.param(
            "for t in sa.inspect(op.get_bind()).get_table_names():\n    pass", "inspects the database", "for t"
        ),
        pytest.param(BATCH, "inspects the database", "batch_alter", id="a batch operation that reflects"),
        pytest.param("op.get_bind().begin_nested()", "uses begin_nested of the connection", "nested", id="a savepoint"),
    ],
)
def test_what_only_a_database_knows_is_named_with_its_line(tmp_path, body, words, line):
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", body)
    found = only(project, "a2", "a1")
    place = f"line {line_of(project, 'a2', line)} of a2_change.py"
    assert found.not_rendered == f"Revision a2 {words} ({place}): its SQL is known only when it runs"
    assert (found.statements, found.heads) == ((), ("a2",))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("raise ValueError('no good.')", "ValueError: no good", id="its own error"),
        pytest.param("raise SystemExit(3)", "SystemExit: 3", id="an exit"),
        pytest.param(
            "op.execute(\"UPDATE t_a1 SET id = ' :name'\")",
            "CompileError: A value is required for bind parameter 'name'",
            id="a colon that is taken for a parameter",
        ),
        pytest.param(
            "op.get_bind().execute(sa.table('t_a1', sa.column('id')).insert())",
            "CompileError: A value is required for bind parameter 'id'",
            id="an insert without values",
        ),
        pytest.param(
            "t = sa.Table('t', sa.MetaData(), sa.Column('a', sa.Text), sa.Column('n', sa.Text, default=str)); "
            "op.bulk_insert(t, [{'a': 'b'}])",
            "CompileError: Column t.n has a default in Python: give the value in the statement",
            id="a default that Python makes",
        ),
    ],
)
def test_what_a_revision_raises_is_named_with_its_line(tmp_path, body, words):
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", body)
    place = f"line {line_of(project, 'a2', body.splitlines()[0])} of a2_change.py"
    sentence = f"Revision a2 raised {words} ({place}) when it was written down without a database"
    assert only(project, "a2", "a1").not_rendered == sentence


def test_a_revision_without_a_downgrade_is_named(tmp_path):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    file = project.versions / "a2_change.py"
    file.write_text(file.read_text().split("def downgrade")[0])
    found = render_downgrade(scripts_of(project), ["a2", "a1"], "sqlite", heads=["a2"])
    assert found[0].not_rendered == "Revision a2 (a2_change.py) has no downgrade()"
    assert (found[0].step, found[0].heads, found[1].heads) == ("downgrade a2 -> a1", ("a1",), ())


def test_a_batch_operation_that_is_told_the_table_is_rendered(tmp_path):
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", BATCH_OF_A_COPY)
    run(tmp_path / "one.db", script(render_upgrade(scripts_of(project), ["a1", "a2"], "sqlite")))
    assert rows(tmp_path / "one.db", "SELECT name, dflt_value FROM pragma_table_info('t_a1')") == [
        ("number", None),
        ("name", "'it''s'"),
    ]


def test_a_revision_that_knows_the_offline_mode_is_rendered(tmp_path):
    project = make_project(tmp_path / "app").revision("a1", body=OFFLINE)
    assert "CREATE TABLE t_a1" in "".join(only(project, "a1").statements)


def test_what_a_revision_prints_does_not_get_into_the_script(tmp_path, capsys):
    project = make_project(tmp_path / "app").revision("a1", body="print('said')")
    only(project, "a1")
    assert capsys.readouterr().out == ""


def test_threads_do_not_write_into_each_others_scripts(tmp_path):
    projects = [make_project(tmp_path / f"app{at}").chain(f"a{at}", f"b{at}") for at in range(8)]

    def render(at: int) -> str:
        return script(render_upgrade(scripts_of(projects[at]), [f"a{at}", f"b{at}"], "sqlite"))

    with ThreadPoolExecutor(len(projects)) as pool:
        texts = list(pool.map(render, range(len(projects))))
    for at, text in enumerate(texts):
        run(tmp_path / f"{at}.db", text)
        assert heads(tmp_path / f"{at}.db") == [f"b{at}"]
        assert len(rows(tmp_path / f"{at}.db", f"SELECT * FROM pragma_table_info('t_b{at}')")) == 1


def test_plan_of_a_database_begins_where_it_is(tmp_path):
    alembic(tmp_path / "one.db", find_scripts({}, bundled=True), "upgrade", "0005")
    before = (tmp_path / "one.db").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "revgate", "plan", "--bundled", "--format", "sql"],
        cwd=tmp_path,
        env=environment(f"sqlite:///{tmp_path / 'one.db'}"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "one.db").read_bytes() == before
    run(tmp_path / "one.db", done.stdout)
    run(tmp_path / "two.db", script(render_upgrade(find_scripts({}, bundled=True), BUNDLED, "sqlite")))
    assert snapshot(engine_of(tmp_path / "one.db")) == snapshot(engine_of(tmp_path / "two.db"))
    assert heads(tmp_path / "one.db") == ["0008"]


def test_a_script_with_a_gap_stops_there(tmp_path):
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", READS_AND_CATCHES).revision("a3", "a2")
    found = render_upgrade(scripts_of(project), ["a1", "a2", "a3"], "sqlite")
    with pytest.raises(sqlite3.OperationalError, match="no such table: Revision a2 was not rendered"):
        run(tmp_path / "one.db", script(found))
    assert heads(tmp_path / "one.db") == ["a1"]


def test_a_config_that_alembic_reads_for_itself_is_left_as_it_was(tmp_path):
    project = make_project(tmp_path / "app").chain("a1")
    scripts = scripts_of(project)
    only(project, "a1")
    assert Config(str(project.folder / "alembic.ini")).attributes == scripts.config.attributes == {}
