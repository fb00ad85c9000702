"""The bundled revisions in a test's hands: Alembic on this repository, and what a database looks like."""

import io
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config

from support import commands
from support.servers import Database

REPOSITORY = Path(__file__).parents[2]
URL_VARIABLES = ("PYACC__DATABASE_URL", "DATABASE_URL", "SQLALCHEMY_DATABASE_URI")

POSTGRESQL_QUERIES = {
    "column": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
               pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relname, a.attnum
    """,
    "index": """
        SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid), indisunique, indisvalid, indisready
        FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid WHERE c.relnamespace = 'public'::regnamespace
        ORDER BY 1, 2
    """,
    "constraint": """
        SELECT conrelid::regclass::text, conname, contype::text, convalidated, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
    """,
}
SQLITE_QUERIES = {
    "column": """
        SELECT t.name, c.name, c.type, c."notnull", c.pk, c.dflt_value
        FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c WHERE t.type = 'table' ORDER BY t.name, c.cid
    """,
    "index": """
        SELECT t.name, i.name, i."unique", i.origin, i.partial, (SELECT sql FROM sqlite_schema WHERE name = i.name)
        FROM sqlite_schema AS t, pragma_index_list(t.name) AS i WHERE t.type = 'table' ORDER BY t.name, i.name
    """,
    "constraint": """
        SELECT t.name, f."table", f."from", f."to", f.on_update, f.on_delete
        FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table' ORDER BY 1, 2, 3
    """,
}


def snapshot(engine: sa.Engine) -> list[tuple]:
    """Return all that can be seen of the schema, Alembic's own table left out."""
    queries = POSTGRESQL_QUERIES if engine.dialect.name == "postgresql" else SQLITE_QUERIES
    with engine.connect() as connection:
        return [
            (what, *row)
            for what, query in queries.items()
            for row in connection.exec_driver_sql(query)
            if row[0] != "alembic_version"
        ]


def config(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's configuration as its command line would read it, here."""
    made = Config(toml_file=REPOSITORY / "pyproject.toml", stdout=io.StringIO(), output_buffer=io.StringIO())
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def environment(url: str | None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if name not in URL_VARIABLES}
    return clean if url is None else {**clean, "DATABASE_URL": url}


def alembic(url: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command that a person would type in the repository."""
    return commands.run("alembic", *arguments, folder=REPOSITORY, environ=environment(url))


def start_alembic(url: str, *arguments: str) -> commands.Started:
    """Start it, with the streams of the tests."""
    return commands.start("alembic", *arguments, folder=REPOSITORY, environ=environment(url), streams=(0, 1, 2))


def psql(database: Database, script: str) -> None:
    """Run a script as a person would, ending at the first error."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", "-"],
        input=script,
        env={
            **os.environ,
            "PGHOST": database.host,
            "PGPORT": str(database.port),
            "PGDATABASE": database.name,
            "PGUSER": database.user,
            "PGPASSWORD": database.password,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def eventually(question: Callable[[], object], world: Callable[[], object], seconds: float = 30) -> None:
    """Wait until the question is answered with yes; after the deadline show what the world looks like instead."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, f"not so within {seconds} s; the world: {world()}"
        time.sleep(0.02)
