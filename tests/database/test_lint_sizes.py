"""What the database's catalogue adds to the linter: sizes, types, indexes and checks that are there already."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from database.projects.project import Project, make_project
from revgate import MigrationRunner
from revgate.migration.lint.finding import Finding, Level
from revgate.migration.plans.online import plan_online
from revgate.migration.plans.plan import Plan
from revgate.migration.project.scripts import Scripts, find_scripts
from support.servers import Database, Server

SCHEMA = """
    CREATE SCHEMA other;
    CREATE TABLE small (a varchar(10), n numeric(10, 2), big text, kept integer);
    CREATE TABLE medium (a integer);
    CREATE TABLE large (a integer);
    CREATE TABLE "Odd ""name%:x" (a integer);
    CREATE TABLE other.hidden (a integer);
    CREATE TABLE measured (a integer) WITH (autovacuum_enabled = off);
    CREATE TABLE parted (a integer) PARTITION BY RANGE (a);
    CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100000);
    CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (100000) TO (1000000);
    CREATE TABLE o (id integer PRIMARY KEY);
    CREATE TABLE referring (o_id integer, p_id integer, q_id integer);
    CREATE INDEX ON referring (p_id, q_id);
    CREATE INDEX small_a ON small (a);
    CREATE INDEX large_a ON large (a);
    ALTER TABLE small ADD CONSTRAINT kept CHECK (kept IS NOT NULL);
    INSERT INTO medium SELECT generate_series(1, 50000);
    INSERT INTO large SELECT generate_series(1, 120000);
    INSERT INTO parted SELECT generate_series(1, 120000);
    INSERT INTO measured SELECT generate_series(1, 300000);
    ANALYZE small, medium, large, parted, other.hidden, o, referring, "Odd ""name%:x";
"""


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[Database]:
    """A database with tables of several sizes, for all tests of this module: none of them changes it."""
    database = server.new_database()
    with closing(database.connect()) as connection:
        connection.execute(SCHEMA)
    yield database
    server.drop_database(database)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def scripts_of(project: Project) -> Scripts:
    return find_scripts({"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}, bundled=False)


def looked(database: Database, project: Project, *statements: str) -> Plan:
    """Return the plan of a first revision with these statements, in a database that was never migrated."""
    project.revision("a1", body="\n".join(f"op.execute({one!r})" for one in statements))
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    return plan_online(engine, scripts_of(project), "head", echo=False)


def own(plan: Plan) -> list[Finding]:
    return [finding for finding in plan.findings if not finding.rule.startswith("squawk:")]


def levels(plan: Plan) -> list[tuple[str, Level]]:
    return [(finding.rule, finding.level) for finding in own(plan)]


@pytest.mark.parametrize(
    ("table", "level", "size"),
    [
        ("small", Level.INFO, "(small has about 0 rows in 0 kB)"),
        ("public.small", Level.INFO, ""),
        ("medium", Level.WARNING, "(medium has about 50,000 rows in 2 MB)"),
        ("large", Level.ERROR, "(large has about 120,000 rows in 4 MB)"),
        ("parted", Level.ERROR, "(parted has about 120,000 rows in 4 MB)"),
        ("measured", Level.WARNING, "(measured has 10 MB)"),
        ("other.hidden", Level.INFO, "(other.hidden has"),
        ("hidden", Level.ERROR, "until it is ready"),
        ('"Odd ""name%:x"', Level.INFO, '(Odd "name%:x has'),
    ],
)
def test_the_size_of_the_table_decides_how_bad_it_is(filled, project, table, level, size):
    plan = looked(filled, project, f"CREATE INDEX i ON {table} (a)".replace(":x", "\\:x"))
    assert levels(plan) == [("index-blocks-writes", level)]
    assert size in own(plan)[0].message


def test_a_table_that_is_nowhere_is_made_by_the_run_in_a_way_that_we_do_not_see(filled, project):
    assert own(looked(filled, project, "CREATE INDEX i ON unseen (a)", "ALTER TABLE other.unseen ADD b serial")) == []


def test_if_not_exists_makes_no_table_new_that_is_there(filled, project):
    plan = looked(filled, project, "CREATE TABLE IF NOT EXISTS large (a integer)", "CREATE INDEX i ON large (a)")
    assert levels(plan) == [("index-blocks-writes", Level.ERROR)]


def test_a_renamed_table_has_the_size_that_it_had(filled, project):
    plan = looked(filled, project, "ALTER TABLE small RENAME TO tiny", "CREATE INDEX i ON tiny (a)")
    assert ("index-blocks-writes", Level.INFO) in levels(plan)


def test_an_index_is_dropped_from_the_table_that_the_catalogue_says(filled, project):
    plan = looked(filled, project, "DROP INDEX small_a", "DROP INDEX large_a", "REINDEX INDEX small_a")
    assert [finding.level for finding in own(plan)] == [Level.INFO, Level.WARNING, Level.INFO]
    assert "table small cannot be read" in own(plan)[0].message


@pytest.mark.parametrize(
    ("change", "is_found"),
    [
        ("a TYPE varchar(20)", False),
        ("a TYPE text", False),
        ("a TYPE character varying", False),
        ("n TYPE numeric(12, 2)", False),
        ("big TYPE varchar", False),
        ("a TYPE varchar(10)", False),
        ("a TYPE varchar(5)", True),
        ("a TYPE varchar(20) USING upper(a)", True),
        ("n TYPE numeric(12, 3)", True),
        ("n TYPE integer", True),
        ("big TYPE varchar(10)", True),
        ("missing TYPE text", True),
    ],
)
def test_a_type_that_only_grows_costs_nothing(filled, project, change, is_found):
    found = own(looked(filled, project, f"ALTER TABLE small ALTER COLUMN {change}"))
    assert [finding.rule for finding in found] == (["type-change"] if is_found else [])


def test_a_check_that_is_there_makes_not_null_cheap(filled, project):
    plan = looked(
        filled, project, "ALTER TABLE small ALTER kept SET NOT NULL", "ALTER TABLE small ALTER a SET NOT NULL"
    )
    assert [(finding.rule, finding.statement[-15:]) for finding in own(plan)] == [
        ("set-not-null-scans", "a SET NOT NULL;")
    ]


@pytest.mark.parametrize(
    ("columns", "is_found"), [("p_id", False), ("q_id, p_id", False), ("q_id", True), ("o_id", True), ("new_id", True)]
)
def test_an_index_that_is_there_supports_a_foreign_key(filled, project, columns, is_found):
    key = f"ALTER TABLE referring ADD FOREIGN KEY ({columns}) REFERENCES o NOT VALID"
    assert [finding.rule for finding in own(looked(filled, project, key))] == ["foreign-key-without-index"] * is_found


def test_a_rebuilt_table_loses_the_columns_that_its_copy_lacks(filled, project):
    rebuild = ("CREATE TABLE t2 (a text, kept integer)", "DROP TABLE small", "ALTER TABLE t2 RENAME TO small")
    plan = looked(filled, project, *rebuild)
    assert plan.revisions[0].looked.destroys == ("column small.big", "column small.n")


def test_who_holds_a_table_is_not_waited_for(filled, project):
    with closing(filled.connect(autocommit=False)) as holder:
        holder.execute("LOCK TABLE measured, large IN ACCESS EXCLUSIVE MODE")
        plan = looked(filled, project, "CREATE INDEX i ON large (a)")
        assert (levels(plan), plan.notes) == ([("index-blocks-writes", Level.ERROR)], ()), "an estimate needs no lock"
        plan = looked(filled, project, "CREATE INDEX i ON measured (a)", "CREATE INDEX i ON small (a)")
    assert plan.notes == (
        "Sizes of tables are not known, so each counts as large: canceling statement due to lock timeout",
    )
    assert [level for _rule, level in levels(plan)] == [Level.ERROR, Level.ERROR]


def test_nobody_needs_a_right_to_know_a_size(server, filled, project):
    other = server.new_database()
    try:
        stranger = sa.make_url(other.sqlalchemy_url).set(database=filled.name)
        project.revision("a1", body="op.execute('CREATE INDEX i ON other.hidden (a)')")
        plan = plan_online(sa.create_engine(stranger, poolclass=sa.NullPool), scripts_of(project), "head", echo=False)
        assert (levels(plan), plan.notes) == ([("index-blocks-writes", Level.INFO)], ())
    finally:
        server.drop_database(other)


def test_nothing_was_changed_by_looking(filled, project):
    looked(filled, project, "DROP TABLE small", "CREATE TABLE made (a integer)")
    with closing(filled.connect()) as connection:
        found = connection.execute("SELECT to_regclass('small'), to_regclass('made'), to_regclass('alembic_version')")
        assert found.fetchone() == ("small", None, None)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE Small SET a = 1", [("update-without-where", Level.INFO)]),
        ('UPDATE "medium" SET a = 1', [("update-without-where", Level.WARNING)]),
        ("UPDATE main.large SET a = 1", [("update-without-where", Level.ERROR)]),
        ("UPDATE unseen SET a = 1", []),
        ("ALTER TABLE small ADD b text NOT NULL", [("required-column", Level.INFO)]),
    ],
)
def test_sqlite_counts_rows(tmp_path, project, statement, found):
    file = tmp_path / "it's.db"
    with closing(sqlite3.connect(file)) as connection:
        for table, rows in (("small", 1), ("medium", 20_000), ("large", 100_001)):
            connection.execute(f"CREATE TABLE {table} (a integer)")
            series = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n"
            connection.execute(f"INSERT INTO {table} {series}", (rows,))
        connection.commit()
    project.revision("a1", body=f"op.execute({statement!r})")
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    assert levels(plan_online(engine, scripts_of(project), "head", echo=False)) == found


@pytest.mark.parametrize("start", ["base", "0001", "0005"])
def test_the_bundled_revisions_have_no_finding_that_counts_in_a_young_database(database, start):
    scripts = find_scripts({}, bundled=True)
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    if start != "base":
        MigrationRunner(engine).upgrade_to_version(start)
    plan = plan_online(engine, scripts, "head", echo=False)
    assert [finding for finding in plan.findings if finding.level is not Level.INFO] == []
    assert plan.findings == () or start == "0001", "0002 builds an index of currencies, which are few"
