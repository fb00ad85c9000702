"""What `alembic upgrade --sql` of a host project writes for revgate's tables, and what comes of running it."""

import sqlite3
from contextlib import closing

import pytest

from support.including import TABLES, VERSION_TABLE, Host, shape
from support.ledger import psql
from support.servers import Database

pytest_plugins = ["support.including_fixtures"]

LEFT_OUT = "-- Left out: the tables of revgate"


def written(host: Host, *arguments: str) -> str:
    """Return the script alone, without the log."""
    done = host.alembic(*arguments, "--sql")
    assert done.returncode == 0, done.stderr
    return done.stdout


def feed(host: Host, script: str) -> None:
    url = host.engine.url
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database))) as connection:
            connection.executescript(script)
        return
    psql(Database(str(url.host), url.port or 5432, str(url.database), str(url.username), str(url.password)), script)


def test_the_script_makes_the_tables_that_an_upgrade_makes(host, tmp_path):
    script = written(host, "upgrade", "head")
    assert host.tables() == set()
    feed(host, script)
    made = shape(host.engine)
    assert (host.versions(), host.versions("alembic_version")) == (["0008"], ["0002"])
    assert {"users", "orders"} | TABLES < host.tables()
    host.env("context, table_prefix='online_'").run("upgrade", "head")
    assert shape(host.engine, prefix="online_") == made


@pytest.mark.parametrize(
    ("arguments", "prefix", "schema"),
    [
        ("table_prefix='pyacc_', schema='accounting'", "pyacc_", "accounting"),
        ("table_prefix='Order_', schema='Ac \"count\"-1'", "Order_", 'Ac "count"-1'),
    ],
)
def test_the_script_makes_a_schema_and_names_everything_as_asked(host15, arguments, prefix, schema):
    feed(host15, written(host15.env(f"context, {arguments}"), "upgrade", "head"))
    assert host15.tables(schema) == {f"{prefix}{table}" for table in (*TABLES, VERSION_TABLE)}
    assert host15.tables() == {"users", "orders", "alembic_version"}
    host15.run("upgrade", "head")
    assert "No new upgrade operations detected" in host15.run("check")


def test_a_database_made_by_the_script_is_upgraded_no_further(any_host):
    feed(any_host, written(any_host, "upgrade", "head"))
    assert "Running upgrade" not in any_host.run("upgrade", "head")


@pytest.mark.parametrize("target", ["head", "0001", "base:head", "base:0001"])
def test_a_script_from_base_has_the_tables_first(sqlite_host, target):
    script = written(sqlite_host, "upgrade", target)
    assert script.index("CREATE TABLE account_aggregates") < script.index("CREATE TABLE users")
    assert script.count("INSERT INTO revgate_alembic_version") == 1


def test_a_script_from_elsewhere_says_that_the_tables_are_left_out(any_host):
    script = written(any_host, "upgrade", "0001:head")
    assert LEFT_OUT in script
    assert "CREATE TABLE orders" in script
    assert "currencies" not in script
    any_host.run("upgrade", "0001")
    feed(any_host, script)
    assert (any_host.versions(), any_host.versions("alembic_version")) == (["0008"], ["0002"])


@pytest.mark.parametrize(
    "arguments", [("downgrade", "head:base"), ("downgrade", "0002:0001"), ("stamp", "head"), ("stamp", "0001:0002")]
)
def test_no_other_script_has_anything_of_ours(sqlite_host, arguments):
    script = written(sqlite_host, *arguments)
    assert "alembic_version" in script
    assert "revgate" not in script
    assert "currencies" not in script


def test_the_script_goes_where_env_sends_it(sqlite_host):
    text = (sqlite_host.folder / "migrations" / "env.py").read_text()
    there = "literal_binds=True, output_buffer=open('script.sql', 'w')"
    (sqlite_host.folder / "migrations" / "env.py").write_text(text.replace("literal_binds=True", there))
    assert written(sqlite_host, "upgrade", "head") == ""
    script = (sqlite_host.folder / "script.sql").read_text()
    assert script.index("CREATE TABLE account_aggregates") < script.index("CREATE TABLE users")
