"""The SQL of revisions, run by psql: it does what an upgrade does, and stops where an upgrade's SQL is not known."""

import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from database.projects.project import Project, make_project
from database.projects.running import heads, tables
from revgate.migration.project.scripts import Scripts, find_scripts
from revgate.migration.rendering.rendering import render_downgrade, render_upgrade
from revgate.migration.rendering.script import RevisionSql, script
from support import commands
from support.ledger import environment, psql, snapshot
from support.servers import Database, Server

BUNDLED = tuple(f"000{number}" for number in range(1, 9))

VALUES = """
    class Hidden(sa.types.TypeDecorator):
        impl = sa.LargeBinary
        cache_ok = True
        def process_bind_param(self, value, dialect):
            return value and value.encode()[::-1]
    columns = {"id": sa.Integer, "text": sa.Text, "day": sa.Date, "at": sa.DateTime(timezone=True), "sum": sa.Numeric,
               "data": sa.JSON, "raw": sa.LargeBinary, "hidden": Hidden, "key": sa.Uuid}
    op.create_table("t", *(sa.Column(name, kind) for name, kind in columns.items()))
    op.add_column("t", sa.Column("born", sa.Text, server_default="it's\\tso"))
    t = sa.table("t", *(sa.column(name, kind) for name, kind in columns.items()))
    moment = datetime.datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
    op.bulk_insert(t, [
        {"id": 1, "text": "O'Brien; -- \\\\ no comment", "day": moment.date(), "at": moment, "key": uuid.UUID(int=7),
         "sum": decimal.Decimal("1.50"), "data": {"it's": ["100 %", "\\"", "\\\\"]}, "raw": b"\\x00'\\xff",
         "hidden": "abc\\\\"},
        {"id": 2, "text": None, "day": None, "at": None, "sum": None, "data": None, "raw": b"\\\\x", "hidden": None,
         "key": None},
    ])
    op.execute(t.insert().values(id=3, text="tab\\there, \\nline; %s %% $1 \\\\: ünï"))
    op.execute("INSERT INTO t (id, text) VALUES (4, 'a''b;\\tc 100% \\\\:x'); INSERT INTO t (id) VALUES (5) -- end;")
    op.execute(sa.text("INSERT INTO t (id, text) VALUES (6, :text)").bindparams(text="q'uote"))
    bind = op.get_bind()
    both = [{"id": 7, "text": "7'"}, {"id": 8, "text": "8\\\\"}]
    bind.execute(sa.text("INSERT INTO t (id, text) VALUES (:id, :text)"), both)
    bind.execute(t.insert(), {"id": 9, "text": "n'ine"})
    bind.execute(sa.select(t.c.id).where(t.c.text == sa.bindparam("text")), {"text": "unread"})
    bind.exec_driver_sql("INSERT INTO t (id, text) VALUES (10, 'ten %% :x')")
    op.execute(t.update().where(t.c.id == 9).values(text=t.c.text + "!%"))
"""

BODIES = """
    op.execute('''
        -- several; in one text
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            NEW.id := CASE WHEN NEW.id > 10 THEN 10 ELSE NEW.id END;
            RETURN NEW;
        END $body$;
        CREATE TABLE t (id integer);
        CREATE TRIGGER touched BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
        CREATE FUNCTION twice(n integer) RETURNS integer
        BEGIN ATOMIC
            SELECT 1;
            SELECT CASE WHEN n > 0 THEN 2 * n ELSE 0 END;
        END;
        CREATE RULE noted AS ON DELETE TO t DO ALSO (INSERT INTO t VALUES (1); INSERT INTO t VALUES (2));
        DO $$ BEGIN PERFORM twice(3); END $$;
    ''')
    sa.Enum("happy", "so;so", name="mood").create(op.get_bind(), checkfirst=True)
    op.add_column("t", sa.Column("mood", sa.Enum("happy", "so;so", name="mood", create_type=False)))
"""

CONCURRENTLY = """
    op.create_table("t", sa.Column("id", sa.Integer))
    with op.get_context().autocommit_block():
        op.create_index("i", "t", ["id"], postgresql_concurrently=True)
    with op.get_context().autocommit_block():
        op.execute("VACUUM t")
    op.add_column("t", sa.Column("name", sa.Text))
"""

READS = "rows = op.get_bind().execute(sa.text('SELECT 1 AS id'))\nfor row in rows:\n    op.execute(f'SELECT {row.id}')"


def scripts_of(project: Project) -> Scripts:
    return find_scripts({"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}, bundled=False)


def bundled() -> Scripts:
    return find_scripts({}, bundled=True)


def engine_of(database: Database) -> sa.Engine:
    return sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)


def upgrade(database: Database, project: Project, target: str = "heads") -> None:
    """Let Alembic itself do it."""
    config = Config(str(project.folder / "alembic.ini"))
    with engine_of(database).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def rendered(project: Project, *order: str) -> tuple[RevisionSql, ...]:
    return render_upgrade(scripts_of(project), order, "postgresql")


def refused(database: Database, text: str) -> str:
    """Run a script that must not run to its end, and return what psql says."""
    with pytest.raises(AssertionError) as caught:
        psql(database, text)
    return str(caught.value)


def extended(database: Database, revisions: Sequence[RevisionSql]) -> None:
    """Run revisions in PostgreSQL's extended protocol, which refuses a text of several statements."""
    with closing(database.connect()) as connection:
        for one in revisions:
            for statement in one.statements:
                connection.execute(statement, prepare=True)


def plan(database: Database | None, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = environment(database.url if database else None)
    return commands.run("revgate", "plan", *arguments, folder=folder, environ=environ)


@pytest.fixture
def other(server: Server):
    """A second database beside `database`."""
    fresh = server.new_database()
    yield fresh
    server.drop_database(fresh)


def test_the_bundled_revisions_run_by_psql_make_the_schema_of_an_upgrade(database, other):
    with engine_of(database).connect() as connection:
        config = bundled().config
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    psql(other, script(render_upgrade(bundled(), BUNDLED, "postgresql")))
    assert snapshot(engine_of(other)) == snapshot(engine_of(database))
    assert heads(other) == ["0008"]
    psql(other, script(render_downgrade(bundled(), BUNDLED[::-1], "postgresql", heads=["0008"])))
    assert snapshot(engine_of(other)) == []
    psql(other, script(render_upgrade(bundled(), BUNDLED, "postgresql")))  # onto a version table that is empty
    assert heads(other) == ["0008"]


def test_each_bundled_statement_is_a_single_one(database):
    extended(database, render_upgrade(bundled(), BUNDLED, "postgresql"))
    assert heads(database) == ["0008"]
    extended(database, render_downgrade(bundled(), BUNDLED[::-1], "postgresql", heads=["0008"]))
    assert tables(database) == []


def test_values_arrive_as_they_are(database, other, tmp_path):
    project = make_project(tmp_path / "app").revision("a1", body=VALUES, head="import datetime, decimal, uuid")
    upgrade(database, project)
    psql(other, script(rendered(project, "a1")))
    everything = "SELECT id, text, day, at, sum, data::text, raw, hidden, key, born FROM t ORDER BY id"
    assert other.query(everything) == database.query(everything)
    texts = "SELECT text FROM t WHERE id IN (1, 4, 10) ORDER BY id"
    assert other.query(texts) == [("O'Brien; -- \\ no comment",), ("a'b;\tc 100% :x",), ("ten % :x",)]
    assert other.query("SELECT raw, hidden FROM t WHERE id = 1") == [(b"\x00'\xff", b"\\cba")]


def test_bodies_of_functions_and_types_arrive_whole(database15, tmp_path):
    project = make_project(tmp_path / "app").revision("a1", body=BODIES)
    found = rendered(project, "a1")
    assert len(found[0].statements) == len(["BEGIN", "version table", *range(8), "version", "COMMIT"])
    extended(database15, found)
    assert database15.query("SELECT twice(4), enum_range(NULL::mood)::text") == [(8, "{happy,so;so}")]
    assert tables(database15) == ["t"]


def test_autocommit_blocks_stand_outside_of_transactions(database15, tmp_path):
    project = make_project(tmp_path / "app").revision("a0").revision("a1", "a0", CONCURRENTLY)
    before, found = rendered(project, "a0", "a1")
    assert [statement.split(" (")[0] for statement in found.statements] == [
        "BEGIN;",
        "CREATE TABLE t",
        "COMMIT;",
        "CREATE INDEX CONCURRENTLY i ON t",
        "VACUUM t;",
        "BEGIN;",
        "ALTER TABLE t ADD COLUMN name TEXT;",
        "UPDATE alembic_version SET version_num='a1' WHERE alembic_version.version_num = 'a0';",
        "COMMIT;",
    ]
    psql(database15, script((before, found)))
    assert database15.query("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass") == [(True,)]


def test_a_revision_that_reads_data_is_named_and_the_others_are_there(database15, tmp_path):
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", READS).revision("a3", "a2")
    found = rendered(project, "a1", "a2", "a3")
    line = 1 + next(
        at for at, text in enumerate((project.versions / "a2_change.py").read_text().splitlines()) if "for" in text
    )
    sentence = f"Revision a2 reads the database (line {line} of a2_change.py): its SQL is known only when it runs"
    assert [one.not_rendered for one in found] == ["", sentence, ""]
    assert found[1].statements == ()
    assert found[2].statements[1:-1] == (
        "CREATE TABLE t_a3 (\n\tid SERIAL NOT NULL, \n\tPRIMARY KEY (id)\n);",
        "UPDATE alembic_version SET version_num='a3' WHERE alembic_version.version_num = 'a2';",
    )
    assert 'relation "Revision a2 was not rendered" does not exist' in refused(database15, script(found))
    assert (heads(database15), tables(database15)) == (["a1"], ["t_a1"])
    upgrade(database15, project, "a2")
    psql(database15, script(render_upgrade(scripts_of(project), ["a3"], "postgresql", heads=["a2"])))
    assert heads(database15) == ["a3"]


def test_a_version_table_lives_in_a_schema_that_the_script_makes(database15, tmp_path):
    project = make_project(tmp_path / "app").chain("a1")
    psql(database15, script(render_upgrade(scripts_of(project), ["a1"], "postgresql", "ver'sions", "Ten'ant")))
    assert database15.query("""SELECT version_num FROM "Ten'ant"."ver'sions\"""") == [("a1",)]


def test_a_schema_that_is_there_needs_no_right_to_create_one(database15, server15, tmp_path):
    project = make_project(tmp_path / "app").revision("a1", body="pass")
    psql(database15, "CREATE SCHEMA tenant")
    server15.query(f'ALTER DATABASE "{database15.name}" OWNER TO "{server15.superuser}"')
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database15.query("CREATE SCHEMA IF NOT EXISTS tenant")
    psql(database15, script(render_upgrade(scripts_of(project), ["a1"], "postgresql", "versions", "tenant")))
    assert database15.query("SELECT version_num FROM tenant.versions") == [("a1",)]


def test_names_follow_the_conventions_of_env_py(database15, tmp_path):
    body = "op.create_table('t', sa.Column('id', sa.Integer), sa.UniqueConstraint('id'))"
    project = make_project(tmp_path / "app").revision("a1", body=body)
    metadata = sa.MetaData(naming_convention={"uq": "unique_%(table_name)s_%(column_0_name)s"})
    found = render_upgrade(scripts_of(project), ["a1"], "postgresql", options={"target_metadata": metadata})
    psql(database15, script(found))
    assert database15.query("SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass") == [("unique_t_id",)]


def test_schemas_are_translated_as_on_the_connection(database15, tmp_path):
    project = make_project(tmp_path / "app").chain("a1")
    options = {"schema_translate_map": {None: "tenant"}}
    psql(database15, "CREATE SCHEMA tenant")
    psql(database15, script(render_upgrade(scripts_of(project), ["a1"], "postgresql", options=options)))
    assert database15.query("SELECT version_num FROM tenant.alembic_version") == [("a1",)]
    assert database15.query("SELECT count(*) FROM tenant.t_a1") == [(0,)]


def test_plan_of_a_database_changes_nothing_in_it(database, other, tmp_path):
    with engine_of(database).connect() as connection:
        config = bundled().config
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    everything = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace ORDER BY 1, 2"
    before = database.query(everything)
    text = plan(database, tmp_path, "--bundled")
    assert text.stdout.startswith("Plan for public.alembic_version from 0005 to 0008, 3 revisions:\n"), text
    assert database.query(everything) == before
    done = plan(database, tmp_path, "--bundled", "--format", "sql")
    assert done.returncode == 0, done.stderr
    psql(database, done.stdout)
    psql(other, plan(None, tmp_path, "--bundled", "--from", "base", "--format", "sql").stdout)
    assert snapshot(engine_of(database)) == snapshot(engine_of(other))
    settled = plan(database, tmp_path, "--bundled")
    assert settled.stdout == "Nothing is pending: public.alembic_version is at 0008\n", settled
    for answer in (text, done, settled):
        assert database.password not in answer.stdout + answer.stderr


def test_a_plan_with_a_gap_is_no_success_as_a_script(database15, tmp_path):
    project = make_project(tmp_path / "app").revision("a1").revision("a2", "a1", READS)
    done = plan(database15, project.folder, "--format", "sql")
    assert done.returncode == 1
    assert "Revision a2 reads the database" in done.stderr
    assert 'relation "Revision a2 was not rendered" does not exist' in refused(database15, done.stdout)
    assert plan(database15, project.folder).returncode == 0
