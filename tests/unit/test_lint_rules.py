"""Each rule has a revision that trips it and one that must not; what must not trip one trips no other rule, either."""

import re
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.migration.lint.finding import Finding, Level
from revgate.migration.lint.rules import RULES
from revgate.migration.plans.offline import plan_offline
from revgate.migration.plans.plan import Plan
from revgate.migration.project.scripts import find_scripts

BLOCK = "with op.get_context().autocommit_block():\n    "
FLOOR = "serves_from = 'a1'"


def sql(*statements: str) -> str:
    return "\n".join(f"op.execute({statement!r})" for statement in statements)


def outside(*statements: str) -> str:
    return "\n".join(f"{BLOCK}{sql(statement)}" for statement in statements)


CONCURRENTLY = outside("CREATE INDEX CONCURRENTLY i ON t (a)")
REBUILD = sql(
    "CREATE TABLE new_t (id integer)",
    "INSERT INTO new_t (id) VALUES (1)",
    "DROP TABLE t",
    "ALTER TABLE new_t RENAME TO t",
)

TRIPS = {
    "index-blocks-writes": [
        "op.create_index('i', 't', ['a'])",
        sql('create unique index if not exists "I" on only "T" (a)'),
        sql("DO $$ BEGIN IF true THEN CREATE INDEX i ON t (a); END IF; END $$"),
    ],
    "drop-index-blocks": ["op.drop_index('i', 't')"],
    "reindex-blocks": [sql("REINDEX TABLE t"), sql("REINDEX INDEX i"), outside("REINDEX SCHEMA public")],
    "concurrently-in-transaction": [
        "op.create_index('i', 't', ['a'], postgresql_concurrently=True)",
        sql("DROP INDEX CONCURRENTLY i"),
        sql("REINDEX (CONCURRENTLY) INDEX i"),
        sql("VACUUM t"),
        sql("CREATE TABLE t2 (a int)") + "\nop.create_index('i', 't2', ['a'], postgresql_concurrently=True)",
    ],
    "invalid-index-kept": [outside("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)")],
    "refresh-blocks": [sql("REFRESH MATERIALIZED VIEW v")],
    "required-column": [
        "op.add_column('t', sa.Column('b', sa.Text, nullable=False))",
        sql("ALTER TABLE t ADD b int NOT NULL"),
    ],
    "column-rewrites-table": [
        "op.add_column('t', sa.Column('b', sa.Uuid, server_default=sa.text('gen_random_uuid()')))",
        sql("ALTER TABLE t ADD COLUMN b bigserial"),
        "op.add_column('t', sa.Column('b', sa.Integer, sa.Identity()))",
        "op.add_column('t', sa.Column('b', sa.Integer, sa.Computed('a * 2', persisted=True)))",
        sql("ALTER TABLE t ADD b timestamptz DEFAULT clock_timestamp()"),
    ],
    "set-not-null-scans": [
        "op.alter_column('t', 'a', nullable=False)",
        sql("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID", "ALTER TABLE t ALTER a SET NOT NULL"),
    ],
    "type-change": [
        "op.alter_column('t', 'a', type_=sa.BigInteger)",
        sql("ALTER TABLE t ALTER a SET DATA TYPE text USING a::text"),
    ],
    "json-column": [
        "op.add_column('t', sa.Column('b', sa.JSON))",
        "op.create_table('t2', sa.Column('id', sa.Integer, primary_key=True), sa.Column('b', sa.JSON))",
    ],
    "foreign-key-scans": [
        "op.create_foreign_key('f', 't', 'o', ['a'], ['id'])",
        sql("ALTER TABLE t ADD b int DEFAULT 1 REFERENCES o"),
    ],
    "check-scans": [
        "op.create_check_constraint('c', 't', 'a > 0')",
        sql("ALTER TABLE t ADD COLUMN b int CHECK (b > 0)"),
        sql("ALTER TABLE t ADD CONSTRAINT n NOT NULL a"),
    ],
    "validated-at-once": [
        sql("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE t VALIDATE CONSTRAINT c"),
    ],
    "constraint-builds-index": [
        "op.create_unique_constraint('u', 't', ['a'])",
        "op.create_primary_key('p', 't', ['a'])",
        sql("ALTER TABLE t ADD COLUMN b int UNIQUE"),
        sql("ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (a WITH &&)"),
    ],
    "constraint-dropped": ["op.drop_constraint('c', 't')"],
    "foreign-key-without-index": [
        "op.create_table('t2', sa.Column('b', sa.Integer, sa.ForeignKey('o.id')))",
        sql("CREATE TABLE t2 (a int, b int, FOREIGN KEY (a, b) REFERENCES o (x, y))", "CREATE INDEX i ON t2 (a, c, b)"),
        sql("CREATE TABLE t2 (a int REFERENCES o)", "CREATE INDEX i ON t2 (a) WHERE a > 5"),
    ],
    "drop-without-floor": [
        "op.drop_table('t')",
        "op.drop_column('t', 'a')",
        sql("DROP VIEW v"),
        sql("DROP SCHEMA s"),
        sql('drop table if exists "odd ; ""name""", other.t'),
        sql("DO $$ BEGIN DROP TABLE t; END $$"),
    ],
    "rename-without-floor": [
        "op.rename_table('t', 'u')",
        "op.alter_column('t', 'a', new_column_name='b')",
        sql("ALTER TABLE t SET SCHEMA s"),
        sql("ALTER TYPE mood RENAME VALUE 'a' TO 'b'"),
        sql("ALTER VIEW v RENAME TO w"),
    ],
    "cascade": [
        sql("DROP TYPE mood CASCADE"),
        sql("DROP INDEX CONCURRENTLY i CASCADE"),
        sql("ALTER TABLE t DROP a CASCADE"),
    ],
    "truncate": [sql("TRUNCATE t"), sql("TRUNCATE TABLE ONLY t RESTART IDENTITY CASCADE")],
    "update-without-where": [
        "op.execute(sa.table('t', sa.column('a', sa.Integer)).update().values(a=1))",
        sql("UPDATE t SET a = (SELECT 1 FROM o WHERE o.id = 1)"),
        sql("UPDATE t SET a = 1 WHERE true"),
        sql("WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT count(*) FROM x"),
    ],
    "delete-without-where": ["op.execute(sa.table('t').delete())", sql("DELETE FROM ONLY public.t -- WHERE a = 1")],
    "backfill-under-lock": [
        "op.add_column('t', sa.Column('b', sa.Integer))\n" + sql("UPDATE t SET b = 1 WHERE b IS NULL"),
        "op.add_column('t', sa.Column('b', sa.Integer))\n" + sql("INSERT INTO log SELECT a FROM t"),
    ],
    "table-rewritten": [outside("VACUUM FULL t"), sql("CLUSTER t USING i"), sql("ALTER TABLE t SET UNLOGGED")],
    "lock-table": [sql("LOCK TABLE t"), sql("LOCK TABLE t IN SHARE MODE")],
    "table-rebuilt": [REBUILD],
    "not-rendered": ["op.get_bind().execute(sa.text('SELECT 1')).all()", "sa.inspect(op.get_bind())"],
    "not-rerunnable": [
        "op.add_column('t', sa.Column('b', sa.Integer))\n" + CONCURRENTLY,
        outside("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY j ON t (a)"),
        CONCURRENTLY + "\n" + sql("ALTER TABLE t ADD b int"),
    ],
    "transaction-control": [
        sql("COMMIT", "CREATE INDEX CONCURRENTLY i ON t (a)"),
        sql("CREATE TABLE t2 (a int)", "COMMIT", "CREATE TABLE t3 (a int)"),
        sql("ROLLBACK"),
        sql("DO $$ BEGIN COMMIT; END $$"),
    ],
    "several-exclusive-locks": [
        "op.add_column('t', sa.Column('b', sa.Integer))\nop.add_column('o', sa.Column('b', sa.Integer))",
        sql("LOCK TABLE t, o"),
    ],
    "enum-value-used-at-once": [
        sql("ALTER TYPE mood ADD VALUE 'so;so'", "INSERT INTO t VALUES ('so;so')"),
        sql("ALTER TYPE mood ADD VALUE 'new'", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'new'"),
    ],
}

HARMLESS = {
    "index-blocks-writes": [CONCURRENTLY, sql("CREATE TABLE t2 (a int)", "CREATE INDEX i ON public.t2 (a)")],
    "drop-index-blocks": [
        outside("DROP INDEX CONCURRENTLY IF EXISTS i"),
        sql("CREATE TABLE t2 (a int)", "CREATE INDEX i ON t2 (a)", "DROP INDEX i"),
    ],
    "reindex-blocks": [outside("REINDEX TABLE CONCURRENTLY t")],
    "concurrently-in-transaction": [
        outside("VACUUM t"),
        sql("CREATE TABLE t2 (note text DEFAULT 'CREATE INDEX CONCURRENTLY i')", "COMMENT ON TABLE t2 IS 'VACUUM t;'"),
    ],
    "invalid-index-kept": [
        outside("DROP INDEX CONCURRENTLY IF EXISTS i", "CREATE INDEX CONCURRENTLY i ON t (a)"),
    ],
    "refresh-blocks": [
        sql("REFRESH MATERIALIZED VIEW CONCURRENTLY v"),
        sql("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a WITH NO DATA", "REFRESH MATERIALIZED VIEW v"),
    ],
    "required-column": [
        "op.add_column('t', sa.Column('b', sa.Text, nullable=False, server_default='it''s'))",
        "op.add_column('t', sa.Column('b', sa.Text))",
        sql("CREATE TABLE t2 (a int)", "ALTER TABLE t2 ADD COLUMN b int NOT NULL"),
        sql("ALTER TABLE t ADD b text DEFAULT 'NOT NULL' NULL"),
    ],
    "column-rewrites-table": [
        "op.add_column('t', sa.Column('b', sa.DateTime, server_default=sa.func.now(), nullable=False))",
        sql("ALTER TABLE t ADD b varchar(10) DEFAULT 'random()'::character varying(10)"),
        sql("ALTER TABLE t ADD b timestamptz DEFAULT (CURRENT_TIMESTAMP AT TIME ZONE 'utc')"),
        sql("ALTER TABLE t ADD b numeric(10, 2) DEFAULT CAST('1' AS numeric(10, 2)), ADD c int"),
        sql("CREATE TABLE t2 (a int)", "ALTER TABLE t2 ADD COLUMN b bigserial"),
    ],
    "set-not-null-scans": [
        "op.alter_column('t', 'a', nullable=True)",
        sql("CREATE TABLE t2 (a int)", "ALTER TABLE t2 ALTER a SET NOT NULL"),
    ],
    "type-change": [sql("CREATE TABLE t2 (a int)", "ALTER TABLE t2 ALTER a TYPE bigint")],
    "json-column": [
        "from sqlalchemy.dialects.postgresql import JSONB\nop.add_column('t', sa.Column('b', JSONB))",
        sql("ALTER TABLE t ADD json text"),
    ],
    "foreign-key-scans": [
        "op.create_foreign_key('f', 't', 'o', ['a'], ['id'], postgresql_not_valid=True)",
        "op.create_table('t2', sa.Column('b', sa.Integer, sa.ForeignKey('o.id'), primary_key=True))",
    ],
    "check-scans": ["op.create_check_constraint('c', 't', 'a > 0', postgresql_not_valid=True)"],
    "validated-at-once": [sql("ALTER TABLE t VALIDATE CONSTRAINT c")],
    "constraint-builds-index": [sql("ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i")],
    "constraint-dropped": [
        sql("ALTER TABLE t DROP CONSTRAINT c", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 1) NOT VALID"),
        sql("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID", "ALTER TABLE t DROP CONSTRAINT c"),
    ],
    "foreign-key-without-index": [
        sql("CREATE TABLE t2 (a int, b int, FOREIGN KEY (b, a) REFERENCES o (x, y))", "CREATE INDEX i ON t2 (a, b, c)"),
        sql("CREATE TABLE t2 (a int PRIMARY KEY REFERENCES o, b int UNIQUE REFERENCES o)"),
        sql("CREATE TABLE t2 (a int REFERENCES o)", "CREATE INDEX i ON t2 USING btree (a) WHERE a IS NOT NULL"),
        sql("CREATE TABLE t1 (a int REFERENCES o)", "ALTER TABLE t1 RENAME TO t2", "CREATE INDEX i ON t2 (a)"),
    ],
    "drop-without-floor": [
        sql("CREATE TABLE t2 (a int)", "DROP TABLE t2"),
        sql("DROP VIEW v", "CREATE VIEW v AS SELECT 1 AS a"),
        sql("CREATE TABLE t2 (note text DEFAULT 'DROP TABLE t;')"),
    ],
    "rename-without-floor": [
        sql("CREATE TABLE t2 (a int)", "ALTER TABLE t2 RENAME TO t3", "ALTER TABLE t3 RENAME a TO b"),
        sql("ALTER TABLE t RENAME CONSTRAINT a TO b"),
        sql("ALTER INDEX i RENAME TO j"),
    ],
    "cascade": [sql("CREATE TABLE t2 (a int)", "DROP TABLE t2 CASCADE"), sql("DROP TYPE mood")],
    "truncate": [sql("CREATE TABLE t2 (a int)", "TRUNCATE t2")],
    "update-without-where": [
        sql("UPDATE t SET a = 1 FROM o WHERE o.id = t.id"),
        sql("CREATE TABLE t2 (a int)", "UPDATE t2 SET a = 1"),
        sql("CREATE RULE r AS ON DELETE TO t DO ALSO (UPDATE o SET a = 1)"),
        sql("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE t SET a = 1; DELETE FROM t $$"),
    ],
    "delete-without-where": [sql("DELETE FROM t USING o WHERE o.id = t.id")],
    "backfill-under-lock": [
        sql("UPDATE t SET a = 1 WHERE a IS NULL", "ALTER TABLE t ADD b int"),
        sql("CREATE TABLE t2 (a int)", "INSERT INTO t2 SELECT a FROM t"),
        sql("ALTER TABLE t ADD b int", "INSERT INTO log (a) VALUES (1)"),
    ],
    "table-rewritten": [outside("VACUUM (ANALYZE) t"), sql("ALTER TABLE t SET (fillfactor = 90)")],
    "lock-table": [sql("LOCK TABLE t IN ACCESS SHARE MODE")],
    "table-rebuilt": ["with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('b', sa.Integer))"],
    "not-rendered": ["op.get_bind().execute(sa.text(\"SELECT set_config('a.b', '1', true)\"))"],
    "not-rerunnable": [
        "op.add_column('t', sa.Column('b', sa.Integer), if_not_exists=True)\n" + CONCURRENTLY,
        outside(
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "CREATE INDEX CONCURRENTLY i ON t (a)",
            "DROP INDEX CONCURRENTLY IF EXISTS j",
            "CREATE INDEX CONCURRENTLY j ON t (a)",
        ),
        sql("SET lock_timeout = 0") + "\n" + CONCURRENTLY,
    ],
    "transaction-control": [sql("SAVEPOINT s", "ROLLBACK TO s")],
    "several-exclusive-locks": [
        sql(
            "ALTER TABLE t ADD b int", "ALTER TABLE t ADD c int", "CREATE TABLE t2 (a int)", "ALTER TABLE t2 ADD b int"
        ),
        sql("ALTER TABLE t ADD b int", "ALTER TABLE o VALIDATE CONSTRAINT c"),
    ],
    "enum-value-used-at-once": [
        sql("ALTER TYPE mood ADD VALUE 'new'"),
        sql("CREATE TYPE m2 AS ENUM ('a')", "ALTER TYPE m2 ADD VALUE 'b'", "CREATE TABLE t2 (a m2 DEFAULT 'b')"),
    ],
}

UNSEEN = "perhaps anything (EXECUTE in a DO block puts its SQL together when it runs)"
WITH_FLOOR = ["op.drop_table('t')", "op.drop_column('t', 'a')", "op.rename_table('t', 'u')", sql("DROP VIEW v")]

SQLITE_TRIPS = {
    "required-column": ["op.add_column('t', sa.Column('b', sa.Text, nullable=False))"],
    "drop-without-floor": [sql("DROP TABLE [t]"), sql("ALTER TABLE `T` DROP COLUMN a")],
    "rename-without-floor": [sql("ALTER TABLE t RENAME TO u")],
    "update-without-where": [sql("UPDATE OR IGNORE t SET a = 1")],
    "delete-without-where": [sql("DELETE FROM t")],
    "table-rebuilt": [REBUILD],
    "not-rendered": ["with op.batch_alter_table('t') as batch:\n    batch.drop_column('a')"],
    "transaction-control": [sql("COMMIT")],
}
SQLITE_HARMLESS = [
    "op.create_index('i', 't', ['a'])",
    "op.drop_index('i', 't')",
    "op.add_column('t', sa.Column('b', sa.JSON))",
    sql("UPDATE t SET a = 1 WHERE a IS NULL"),
    sql("CREATE TABLE T2 (a int)", 'UPDATE "t2" SET a = 1', "DROP TABLE [t2]"),
    sql("ALTER TABLE t ADD b integer REFERENCES o"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return make_project(tmp_path).revision("a1")


def plan_of(project: Project, dialect: str = "postgresql", start: str = "a1") -> Plan:
    scripts = find_scripts({"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}, bundled=False)
    return plan_offline(scripts, start, "head", dialect, {})


def ours(plan: Plan) -> list[Finding]:
    return [finding for finding in plan.findings if not finding.rule.startswith("squawk:")]


def flat(cases: dict[str, list[str]]) -> list:
    return [
        pytest.param(rule, body, id=f"{rule} {number}")
        for rule, bodies in cases.items()
        for number, body in enumerate(bodies)
    ]


def test_every_rule_has_both():
    names = {rule.name for rule in RULES}
    assert TRIPS.keys() == names
    assert HARMLESS.keys() == names
    assert SQLITE_TRIPS.keys() == {rule.name for rule in RULES if not rule.only}


def test_every_rule_is_documented_with_its_level_and_dialect():
    text = (Path(__file__).parents[2] / "docs/lint.md").read_text()
    documented = dict(
        re.findall(r"^\| (`[a-z-]+`(?: \(PG\))?) \| ([a-z]+(?:, by size)?) \|.+\|.+\|$", text, re.MULTILINE)
    )
    assert documented == {
        f"`{rule.name}`{' (PG)' if rule.only else ''}": f"{rule.level}{', by size' if rule.by_size else ''}"
        for rule in RULES
    }


@pytest.mark.parametrize(("rule", "body"), flat(TRIPS))
def test_it_trips(project, rule, body):
    found = ours(plan_of(project.revision("a2", "a1", body)))
    assert rule in {finding.rule for finding in found}
    first = next(finding for finding in found if finding.rule == rule)
    assert (first.revision, first.file) == ("a2", "migrations/versions/a2_change.py")
    assert first.advice
    assert not first.message.endswith(".")


@pytest.mark.parametrize(("rule", "body"), flat(HARMLESS))
def test_it_must_not_trip(project, rule, body):
    assert ours(plan_of(project.revision("a2", "a1", body))) == []


@pytest.mark.parametrize("body", WITH_FLOOR)
def test_with_a_floor_a_drop_is_none(project, body):
    plan = plan_of(project.revision("a2", "a1", body, head=FLOOR))
    assert ours(plan) == []
    assert plan.is_destructive == ("drop_" in body)


@pytest.mark.parametrize(("rule", "body"), flat(SQLITE_TRIPS))
def test_it_trips_on_sqlite(project, rule, body):
    found = ours(plan_of(project.revision("a2", "a1", body), "sqlite"))
    assert rule in {finding.rule for finding in found}


@pytest.mark.parametrize("body", SQLITE_HARMLESS)
def test_sqlite_has_none_of_postgresqls_troubles(project, body):
    assert ours(plan_of(project.revision("a2", "a1", body), "sqlite")) == []


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_the_bundled_revisions_have_no_finding(dialect):
    plan = plan_offline(find_scripts({}, bundled=True), "base", "head", dialect, {})
    assert len(plan.revisions) == 8
    assert plan.findings == ()
    assert not any(one.looked.ignored for one in plan.revisions)


def test_what_one_revision_makes_is_new_for_the_next(project):
    project.revision("a2", "a1", sql("CREATE TABLE t2 (a int)")).revision(
        "a3", "a2", "op.create_index('i', 't2', ['a'])"
    )
    assert ours(plan_of(project)) == []
    assert [finding.rule for finding in ours(plan_of(project, start="a2"))] == ["index-blocks-writes"]


def test_a_check_that_was_validated_in_an_earlier_revision_makes_not_null_cheap(project):
    project.revision("a2", "a1", sql("ALTER TABLE t ADD CONSTRAINT c CHECK ((a IS NOT NULL)) NOT VALID"))
    project.revision("a3", "a2", sql("ALTER TABLE t VALIDATE CONSTRAINT c"))
    project.revision("a4", "a3", sql("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "ALTER TABLE t DROP CONSTRAINT c"))
    assert ours(plan_of(project)) == []
    assert {finding.rule for finding in ours(plan_of(project, start="a3"))} >= {"set-not-null-scans"}


def test_a_foreign_keys_index_may_come_later(project):
    project.revision("a2", "a1", sql("CREATE TABLE t2 (a int REFERENCES o)"))
    project.revision("a3", "a2", sql("CREATE INDEX i ON t2 (a)"))
    assert ours(plan_of(project)) == []


def test_a_later_floor_counts_when_it_shuts_out_who_knew_what_was_dropped(project):
    project.revision("a2", "a1", "op.drop_table('t')").revision("a3", "a2", head="serves_from = 'a2'")
    assert ours(plan_of(project)) == []
    project.revision("a3", "a2", head="serves_from = 'a1'")
    assert ours(plan_of(project)) == [], "a1 knew that it would be dropped"
    project.revision("a0").revision("a1", "a0").revision("a3", "a2", head="serves_from = 'a0'")
    assert [finding.rule for finding in ours(plan_of(project))] == ["drop-without-floor"]


def test_a_finding_names_the_line_the_statement_and_the_tables(project):
    finding = ours(plan_of(project.revision("a2", "a1", "op.drop_table('t')")))[0]
    lines = (project.versions / "a2_change.py").read_text().splitlines()
    assert lines[(finding.line or 0) - 1].strip() == "op.drop_table('t')"
    assert (finding.statement, finding.tables, finding.level) == ("DROP TABLE t;", ("t",), Level.ERROR)
    assert finding.destructive


@pytest.mark.parametrize(
    ("body", "destroys"),
    [
        ("op.drop_table('t')", ("table t",)),
        ("op.drop_column('t', 'a')", ("column t.a",)),
        (sql("TRUNCATE t, o"), ("all rows of table t", "all rows of table o")),
        (sql("DELETE FROM t WHERE a = 1"), ("rows of table t",)),
        (sql("DROP SCHEMA s CASCADE"), ("schema s", "whatever depends on s")),
        (sql("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 't'; END $$"), (UNSEEN,)),
        (REBUILD, ("column t.?",)),
        ("op.create_index('i', 't', ['a'])", ()),
        (sql("DROP VIEW v", "DROP INDEX i"), ()),
    ],
)  # fmt: skip
def test_what_is_gone_afterwards_is_told(project, body, destroys):
    plan = plan_of(project.revision("a2", "a1", body))
    assert plan.revisions[0].looked.destroys == destroys
    assert plan.is_destructive == bool(destroys)


def test_a_revision_that_cannot_be_rendered_counts_as_destructive(project):
    plan = plan_of(project.revision("a2", "a1", "op.get_bind().execute(sa.text('SELECT 1')).all()"))
    assert plan.is_destructive
    assert [(one.rule, one.destructive, one.line) for one in ours(plan)] == [("not-rendered", True, 9)]
