"""The linter takes nobody's word for what a statement locks and rewrites: PostgreSQL is asked."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from revgate.migration.lint.column_rules import _is_free
from revgate.migration.lint.recognise import recognise
from revgate.migration.lint.rules import RULES
from revgate.migration.lint.scene import stage_run
from revgate.migration.lint.sources import Source
from revgate.migration.lint.tables import exclusive_tables
from support.servers import Server

TABLES = """
    CREATE TABLE o (id integer PRIMARY KEY);
    CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer, name varchar(10), fk integer REFERENCES o);
    CREATE INDEX i ON t (a);
    CREATE UNIQUE INDEX u ON t (b);
    CREATE MATERIALIZED VIEW v AS SELECT 1 AS x;
    CREATE UNIQUE INDEX vu ON v (x);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TABLE whole (a integer) PARTITION BY LIST (a);
    CREATE TABLE part (a integer);
    ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
    INSERT INTO o VALUES (1);
    INSERT INTO t VALUES (1, 1, 1, 'x', 1);
"""
LOCKING = """
    ALTER TABLE t ADD x integer DEFAULT 5 NOT NULL
    ALTER TABLE t ADD x uuid DEFAULT gen_random_uuid()
    ALTER TABLE t ADD x timestamptz DEFAULT now()
    ALTER TABLE t ADD x timestamptz DEFAULT clock_timestamp()
    ALTER TABLE t ADD x serial
    ALTER TABLE t ADD x integer GENERATED ALWAYS AS IDENTITY
    ALTER TABLE t ADD x integer GENERATED ALWAYS AS (a * 2) STORED
    ALTER TABLE t ADD x text DEFAULT lower('X') || to_char(now(), 'YYYY') || coalesce(NULL, 'y')
    ALTER TABLE t ADD x float DEFAULT random()
    ALTER TABLE t ALTER a SET NOT NULL
    ALTER TABLE t ALTER a TYPE bigint
    ALTER TABLE t ALTER a SET DEFAULT 5
    ALTER TABLE t ALTER a SET STATISTICS 10
    ALTER TABLE t ALTER a SET (n_distinct = 5)
    ALTER TABLE t ALTER a SET STORAGE PLAIN
    ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES o
    ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES o NOT VALID
    ALTER TABLE t ADD x integer REFERENCES o
    ALTER TABLE t ADD CHECK (a > 0)
    ALTER TABLE t ADD CHECK (a > 0) NOT VALID
    ALTER TABLE t VALIDATE CONSTRAINT c
    ALTER TABLE t ADD UNIQUE (a)
    ALTER TABLE t ADD UNIQUE USING INDEX u
    ALTER TABLE t DROP CONSTRAINT t_fk_fkey
    ALTER TABLE t DROP COLUMN a
    ALTER TABLE t RENAME a TO z
    ALTER TABLE t RENAME CONSTRAINT c TO d
    ALTER TABLE t SET UNLOGGED
    ALTER TABLE t SET (fillfactor = 90)
    ALTER TABLE t DISABLE TRIGGER touched
    ALTER TABLE t ENABLE ALWAYS TRIGGER touched
    ALTER TABLE t ENABLE ROW LEVEL SECURITY
    ALTER TABLE t CLUSTER ON i
    ALTER TABLE t REPLICA IDENTITY FULL
    ALTER TABLE whole ATTACH PARTITION part FOR VALUES IN (1)
    CREATE INDEX j ON t (b)
    REINDEX TABLE t
    TRUNCATE t
    CLUSTER t USING i
    LOCK TABLE t
    LOCK TABLE t IN SHARE MODE
    UPDATE t SET a = 2
    REFRESH MATERIALIZED VIEW v
    REFRESH MATERIALIZED VIEW CONCURRENTLY v
    CREATE TRIGGER again BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch()
    COMMENT ON TABLE t IS 'x'
"""
STATEMENTS = [line.strip() for line in LOCKING.strip().splitlines()]
HELD = (
    "SELECT DISTINCT c.relname FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation "
    "WHERE l.pid = pg_backend_pid() AND l.mode = 'AccessExclusiveLock' AND c.relname = ANY (%s)"
)
FILES = "SELECT relname, relfilenode FROM pg_class WHERE relname = 't'"
REWRITING = {"column-rewrites-table", "type-change", "table-rewritten"}


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[psycopg.Connection]:
    database = server.new_database()
    with closing(database.connect()) as made:
        made.execute(TABLES)
        yield made
    server.drop_database(database)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_is_said_to_be_locked_is_locked_and_nothing_else(connection, statement):
    with connection.transaction(force_rollback=True):
        connection.execute(statement)
        held = {row[0] for row in connection.execute(HELD, (["t", "v", "whole"],))}
    said = {table.name for one in recognise(statement, "postgresql") for table in exclusive_tables(one)}
    assert said == held


@pytest.mark.parametrize("statement", [one for one in STATEMENTS if one.startswith(("ALTER", "CLUSTER"))])
def test_what_is_said_to_be_rewritten_is_rewritten_and_nothing_else(connection, statement):
    before = connection.execute(FILES).fetchall()
    with connection.transaction(force_rollback=True):
        connection.execute(statement)
        is_rewritten = connection.execute(FILES).fetchall() != before
    run = stage_run([Source("a1", "a1.py", ("BEGIN;", f"{statement};", "COMMIT;"))], "postgresql", "alembic_version")
    tripped = {rule.name for rule in RULES if any(rule.find(run.revisions[0], run))}
    assert bool(tripped & REWRITING) == is_rewritten


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("varchar(10)", "varchar(20)"),
        ("varchar(10)", "text"),
        ("text", "varchar"),
        ("numeric(10, 2)", "numeric(12, 2)"),
        ("numeric(10, 2)", "numeric"),
        ("bit varying(5)", "bit varying(8)"),
        ("varchar(20)", "varchar(10)"),
        ("text", "varchar(10)"),
        ("numeric(10, 2)", "numeric(12, 3)"),
        ("numeric(10, 2)", "numeric(8, 2)"),
        ("integer", "bigint"),
        ("char(5)", "char(8)"),
        ("char(5)", "character(8)"),
        ("timestamp(3)", "timestamp(0) without time zone"),
        ("bit(5)", "bit(5)"),
        ("timestamp", "timestamptz"),
    ],
)
def test_a_type_that_is_said_to_cost_nothing_rewrites_nothing(connection, old, new):
    with connection.transaction(force_rollback=True):
        connection.execute(f"SET TIME ZONE 'Europe/Berlin'; CREATE TABLE free (x {old})")
        files = "SELECT relfilenode FROM pg_class WHERE relname = 'free'"
        column = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'free'::regclass"
        type_ = connection.execute(f"{column} AND attnum = 1").fetchone()[0]
        before = connection.execute(files).fetchone()
        connection.execute(f"ALTER TABLE free ALTER x TYPE {new}")
        is_rewritten = connection.execute(files).fetchone() != before
    assert not (_is_free(type_, new.upper()) and is_rewritten)
    assert _is_free(type_, new.upper()) or is_rewritten or old.startswith("bit")
