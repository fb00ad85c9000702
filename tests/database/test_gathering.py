"""Simple revisions are sent as one message each, and do what they always did, in the same order."""

from contextlib import closing
from pathlib import Path
from textwrap import dedent, indent

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp

from database.projects.project import Project, make_project
from revgate import MigrationError, MigrationRunner
from revgate.migration.errors import LockTimeout, RevisionFailed
from support.servers import Database

MANY = 16
LAST = f"r{MANY - 1:02}"
HEAD = """
from sqlalchemy.dialects import postgresql
TABLE, LENGTH = "of_a_constant", 40
"""
BODIES = {
    "r01": """
        op.create_table("one", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("name", sa.String(LENGTH)),
            sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
            sa.Column("share", sa.Text(), server_default="100 % of it: all", comment="50% 'quoted' \\\\ %(name)s"))
        op.create_index(op.f("ix_one"), "one", ["name"], postgresql_where=sa.text("name LIKE 'a%'"))
        op.create_table_comment("one", "who knows; all 100%")
    """,
    "r02": """
        op.create_table(TABLE, sa.Column("id", postgresql.UUID()), sa.Column("mood", sa.Enum("good", name="mood")))
    """,
    "r03": "op.drop_table(TABLE); op.execute('DROP TYPE mood')",
    "r04": """
        op.create_table("two", sa.Column("id", sa.Integer()))
        op.create_table("again", sa.Column("tone", sa.Enum("loud", name="tone")))
        op.create_table("three", sa.Column("id", sa.Integer()))
    """,
    "r05": """
        op.add_column("two", sa.Column("n", sa.Integer(), nullable=True))
        op.execute("INSERT INTO two VALUES (1, 2), (3, NULL)")
        op.alter_column("two", "n", new_column_name="m", server_default="7")
        op.execute("UPDATE two SET m = 5 WHERE m IS NULL")
        op.alter_column("two", "m", nullable=False)
    """,
    "r06": """
        op.create_unique_constraint("uq_two", "two", ["id"])
        op.create_foreign_key("fk_three", "three", "two", ["id"], ["id"])
        op.create_check_constraint("ck_two", "two", "m > 0")
    """,
    "r07": "op.rename_table('three', 'four'); op.drop_column('two', 'm'); op.drop_index('ix_one', 'one')",
    "r08": "pass",
    "r09": """
        for name in ("five", "six"):
            op.create_table(name, sa.Column("id", sa.Integer()))
    """,
}
SCHEMA = """
    SELECT table_name, column_name, data_type, column_default, is_nullable, character_maximum_length,
    col_description(format('%I', table_name)::regclass, ordinal_position),
    obj_description(format('%I', table_name)::regclass)
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2
"""
REST = """
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    ORDER BY 1
"""


def project_of(folder: Path, **bodies: str) -> Project:
    project = make_project(folder / "app")
    for at in range(MANY):
        revision, down = f"r{at:02}", f"r{at - 1:02}" if at else None
        project.revision(revision, down, (BODIES | bodies).get(revision, "pass"), head=HEAD)
    return project


def runner_of(database: Database, project: Project, **words: object) -> MigrationRunner:
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    return MigrationRunner(engine, project.folder / "alembic.ini", **words)


def edit_environment(project: Project, plain: str, edited: str) -> None:
    """Have something else in env.py, which knows SQLAlchemy as `sa` then."""
    env = project.folder / "migrations" / "env.py"
    text = env.read_text()
    assert plain in text
    env.write_text(f"import sqlalchemy as sa\n{text.replace(plain, edited)}")


def whole(database: Database) -> tuple[list[tuple[object, ...]], ...]:
    return database.query(SCHEMA.encode()), database.query(REST), database.query("TABLE two")


def test_the_schema_is_the_one_that_alembic_makes(server, database, tmp_path, monkeypatch):
    project = project_of(tmp_path)
    runner_of(database, project).upgrade_to_head()
    plain = server.new_database()
    monkeypatch.setattr("revgate.migration.apply.is_simple", lambda _: False)
    runner_of(plain, project).upgrade_to_head()
    assert whole(database) == whole(plain)
    assert database.query("SELECT count(*) FROM revgate.revision_log WHERE state = 'applied'") == [(MANY,)]


NOTES = """
    op.execute("CREATE TABLE heard (query text)")
    op.execute("CREATE FUNCTION note() RETURNS {0} LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO heard VALUES (current_query()); RETURN{1}; END $$")
    op.execute("CREATE {2} EXECUTE FUNCTION note()")
"""


def heard(database: Database, words: str) -> list[str]:
    return [query for (query,) in database.query("SELECT DISTINCT query FROM heard") if words in query]


def test_a_simple_revision_is_one_message(database, tmp_path):
    notes = NOTES.format("trigger", " NEW", "TRIGGER notes BEFORE INSERT ON revgate.revision_log FOR EACH ROW")
    runner_of(database, project_of(tmp_path, r00=notes)).upgrade_to_head()
    (query,) = heard(database, "TABLE five")
    words = ["BEGIN", "CREATE TABLE five", "CREATE TABLE six", "EXECUTE revgate_closing", "COMMIT"]
    assert sorted(words, key=query.index) == words


def test_event_triggers_find_one_statement(server, database, tmp_path):
    superuser = Database(database.host, database.port, database.name, server.superuser, server.password)
    notes = NOTES.format("event_trigger", "", "EVENT TRIGGER notes ON ddl_command_end")
    runner_of(superuser, project_of(tmp_path, r08=notes)).upgrade_to_head()
    (query,) = heard(superuser, "TABLE five")
    assert query.split() == ["CREATE", "TABLE", "five", "(", "id", "INTEGER", ")"]


def test_a_session_that_names_its_isolation_is_served(database, tmp_path):
    """What it commits was begun by the message, which says so."""
    notes = NOTES.format("trigger", " NEW", "TRIGGER notes BEFORE INSERT ON revgate.revision_log FOR EACH ROW")
    block = "\nwith op.get_context().autocommit_block():\n    op.execute('VACUUM heard')"
    runner_of(database, project_of(tmp_path, r00=dedent(notes) + block)).upgrade_to_head()
    (query,) = heard(database, "TABLE five")
    assert query.startswith("BEGIN ISOLATION LEVEL READ COMMITTED\n;")


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ("op.create_table('new', sa.Column('id', sa.Integer()))\nop.drop_table('nowhere')", '"nowhere" does not exist'),
        (
            "op.execute('INSERT INTO two VALUES (9)')\nop.add_column('two', sa.Column('v', sa.Text(), nullable=False))",
            "null",
        ),
        (
            "op.create_table('new', sa.Column('id', sa.Integer()))\nop.create_table('new')",
            'relation "new" already exists',
        ),
        ("op.create_table('new', sa.Column('id', sa.NoSuchThing()))", "NoSuchThing"),
    ],
)
def test_a_simple_revision_that_fails_leaves_nothing_and_is_named(database, tmp_path, body, match):
    runner = runner_of(database, project_of(tmp_path, r12=body))
    with pytest.raises(MigrationError, match=f"Revision r12 .*{match}"):
        runner.upgrade_to_head()
    assert database.query("SELECT version_num FROM alembic_version") == [("r11",)]
    assert database.query("SELECT to_regclass('new')") == [(None,)]
    assert database.query("SELECT max(revision), count(*) FROM revgate.revision_log") == [("r11", 12)]


CATCHES = """
    try:
        with context.begin_transaction():
            context.run_migrations()
    except {error}:
        context.get_bind().rollback()
        context.execute("CREATE TABLE after_it ()")
        context.get_bind().commit()
        raise
"""


@pytest.mark.parametrize(
    ("body", "error"),
    [("op.drop_table()", "TypeError"), ("op.drop_table('nowhere')", "sa.exc.ProgrammingError")],
)
def test_what_env_py_does_after_a_failure_is_done_without_the_rest_of_it(database, tmp_path, body, error):
    project = project_of(tmp_path, r12=f"op.create_table('new', sa.Column('id', sa.Integer()))\n{body}")
    plain = indent("with context.begin_transaction():\n    context.run_migrations()\n", "    ")
    edit_environment(project, plain, CATCHES.format(error=error))
    with pytest.raises(MigrationError, match="Revision r12 "):
        runner_of(database, project).upgrade_to_head()
    assert database.query("SELECT to_regclass('after_it') IS NOT NULL, to_regclass('new')") == [(True, None)]
    assert database.query("SELECT version_num FROM alembic_version") == [("r11",)]


MAP = "{'schema_translate_map': {None: 'other'}}"


@pytest.mark.parametrize(
    "options", [f"op.get_bind().execution_options(**{MAP})", f"op.execute('SELECT 1', execution_options={MAP})"]
)
@pytest.mark.parametrize("at", ["r08", "r09"])
def test_a_connection_that_rewrites_what_is_executed_is_left_alone(database, tmp_path, options, at):
    bodies = {"r00": "op.execute('CREATE SCHEMA other')", at: f"{options}\n{dedent(BODIES[at])}"}
    runner_of(database, project_of(tmp_path, **bodies)).upgrade_to_head()
    found = "SELECT to_regclass('five'), to_regclass('other.five') IS NOT NULL"
    assert database.query(found) == [(None, True)]


def unless_it_exists(directive):
    """Make of a directive one that may fail: what the first does is done at once, or it would not be found out."""

    def directed(operations, *rest):
        try:
            with operations.get_bind().begin_nested():
                return directive(operations, *rest)
        except sa.exc.ProgrammingError:
            return None

    return directed


TWICE = "op.create_table('seven', sa.Column('id', sa.Integer()))\n" * 2


def test_directives_that_are_done_by_others_are_left_alone(database, tmp_path, monkeypatch):
    registry, key = Operations._to_impl._registry, (CreateTableOp, "default")
    monkeypatch.setitem(registry, key, unless_it_exists(registry[key]))
    runner_of(database, project_of(tmp_path, r12=TWICE)).upgrade_to_head()
    assert database.query("SELECT to_regclass('seven') IS NOT NULL") == [(True,)]


def test_directives_that_are_replaced_are_left_alone(database, tmp_path, monkeypatch):
    directive = op.create_table
    wrapped = unless_it_exists(lambda _, *rest: directive(*rest))
    monkeypatch.setattr(op, "create_table", lambda *rest: wrapped(op, *rest))
    runner_of(database, project_of(tmp_path, r12=TWICE)).upgrade_to_head()
    assert database.query("SELECT to_regclass('seven') IS NOT NULL") == [(True,)]


HEARS = """
impl = context.get_context().impl
execute = impl._exec
def heard(construct, *rest, **words):
    if "five" in str(construct):
        execute("CREATE TABLE of_five ()")
    return execute(construct, *rest, **words)
impl._exec = heard
"""


def test_an_env_py_that_hears_everything_does_so_to_the_end(database, tmp_path):
    project = project_of(tmp_path)
    plain = "    with context.begin_transaction():\n"
    edit_environment(project, plain, indent(HEARS, "    ") + plain)
    runner_of(database, project).upgrade_to_head()
    assert database.query("SELECT to_regclass('of_five') IS NOT NULL") == [(True,)]


def test_a_listener_to_errors_is_told(database, tmp_path):
    runner, told = runner_of(database, project_of(tmp_path, r12="op.drop_table('nowhere')")), []

    def tell(error):
        told.append(error.statement)

    sa.event.listen(sa.Engine, "handle_error", tell)
    try:
        with pytest.raises(MigrationError, match="nowhere"):
            runner.upgrade_to_head()
    finally:
        sa.event.remove(sa.Engine, "handle_error", tell)
    assert [statement.split() for statement in told] == [["DROP", "TABLE", "nowhere"]]


@pytest.mark.parametrize(("opens", "closes"), [("id > 0 /* not closed", "id > 0 */"), ("'a' <> 'b", "id > 0 '")])
def test_what_is_not_closed_does_not_reach_into_the_next(database, tmp_path, opens, closes):
    index = "op.create_index('ix_{0}', 'two', ['id'], postgresql_where=sa.text({1!r}))"
    body = f"{index.format(1, opens)}\n{index.format(2, closes)}"
    with pytest.raises(MigrationError, match=r"Revision r12 .*unterminated"):
        runner_of(database, project_of(tmp_path, r12=body)).upgrade_to_head()


def test_remarks_and_odd_characters_end_where_they_do(database, tmp_path):
    remark = "op.create_index('ix_{0}', 'two', ['id'], postgresql_where=sa.text('id > {0} -- positive'))"
    nul = "op.create_index('ix_3', 'two', ['id'], postgresql_where=sa.text('id > 3\\x00 -- junk'))"
    after = "op.create_table('last', sa.Column('id', sa.Integer()))"
    bodies = {"r10": f"{remark.format(1)}\n{remark.format(2)}", "r11": f"{nul}\n{after}"}
    runner_of(database, project_of(tmp_path, **bodies)).upgrade_to_head()
    assert database.query("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'ix__'") == [(3,)]
    assert database.query("SELECT to_regclass('last') IS NOT NULL") == [(True,)]


def count_work(database: Database) -> None:
    """Make a function for the expression of an index, and a sequence that counts its calls."""
    database.query("CREATE SEQUENCE works")
    database.query(
        "CREATE FUNCTION work(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM nextval('public.works'); RETURN $1; END $$"
    )


def test_what_is_gone_is_found_out_before_the_work(database, tmp_path):
    count_work(database)
    gone, work = "op.execute('DEALLOCATE ALL')", "op.create_index('slow', 'two', [sa.text('work(id)')])"
    runner_of(database, project_of(tmp_path, r11=gone, r12=work)).upgrade_to_head()
    assert database.query("SELECT last_value FROM works") == [(2,)]  # rows of the table


def test_the_work_of_a_revision_that_fails_is_done_once(database, tmp_path):
    count_work(database)
    body = "op.create_index('slow', 'two', [sa.text('work(id)')])\nop.alter_column('four', 'id', nullable=False)"
    fills = "op.execute('INSERT INTO four VALUES (NULL)')"
    with pytest.raises(MigrationError, match=r"Revision r12 .*null"):
        runner_of(database, project_of(tmp_path, r11=fills, r12=body)).upgrade_to_head()
    assert database.query("SELECT last_value FROM works") == [(2,)]


def test_an_engine_that_prepares_everything_is_served(database, tmp_path):
    engine = sa.create_engine(
        database.sqlalchemy_url,
        poolclass=sa.NullPool,
        isolation_level="SERIALIZABLE",
        connect_args={"prepare_threshold": 0},
    )
    MigrationRunner(engine, project_of(tmp_path).folder / "alembic.ini").upgrade_to_head()
    assert database.query("SELECT version_num FROM alembic_version") == [(LAST,)]


def test_a_listener_that_comes_to_be_meanwhile_is_heard(database, tmp_path):
    listens = """
        def louder(connection, cursor, statement, parameters, context, many):
            return statement.replace("five", "loud"), parameters
        sa.event.listen(op.get_bind().engine, "before_cursor_execute", louder, retval=True)
    """
    runner_of(database, project_of(tmp_path, r08=listens)).upgrade_to_head()
    assert database.query("SELECT to_regclass('loud') IS NOT NULL, to_regclass('five')") == [(True, None)]


def test_a_session_that_is_ended_by_a_limit_is_no_lost_connection(server, database, tmp_path):
    if server.major < 18:
        pytest.skip("transaction_timeout is newer")
    database.query("CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(9)'")
    slow = "op.create_index('slow', 'two', [sa.text('slow(id)')])\nop.execute('SELECT 1')"
    limit = "op.execute(\"SET transaction_timeout = '500ms'\")"
    with pytest.raises(RevisionFailed, match=r"Revision r12 .*transaction timeout"):
        runner_of(database, project_of(tmp_path, r11=limit, r12=slow)).upgrade_to_head()


def test_a_lock_that_is_not_obtained_is_named(database, tmp_path):
    database.query("CREATE TABLE locked (id int)")
    adds = "op.add_column('locked', sa.Column('n', sa.Integer()))"
    runner = runner_of(database, project_of(tmp_path, r12=adds), lock_retries=0)
    with closing(database.connect(autocommit=False)) as other:
        other.execute("SELECT FROM locked")
        with pytest.raises(LockTimeout, match=rf"Revision r12 .*blocked by .*{other.info.backend_pid}"):
            runner.upgrade_to_head()
    runner.upgrade_to_head()
    assert database.query("SELECT version_num FROM alembic_version") == [(LAST,)]


@pytest.mark.parametrize("before", ["pass", "op.execute('DEALLOCATE ALL')"], ids=["together", "one by one"])
def test_the_ledger_has_how_long_the_statements_took(database, tmp_path, before):
    database.query("CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(0.2)'")
    slow = "op.create_index('slow', 'two', [sa.text('slow(id)')])"
    runner_of(database, project_of(tmp_path, r11=before, r12=slow)).upgrade_to_head()
    took = "SELECT finished_at - started_at > '0.3 s' FROM revgate.revision_log WHERE revision = 'r12'"
    assert database.query(took) == [(True,)]
