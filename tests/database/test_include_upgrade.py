"""What the commands of a host project do to revgate's tables, once its env.py includes them."""

import pytest
import sqlalchemy as sa
from alembic import command

from support.including import TABLES, VERSION_TABLE, Host, shape
from support.ledger import config, snapshot

pytest_plugins = ["support.including_fixtures"]

OURS = TABLES | {VERSION_TABLE}
THEIRS = {"users", "orders"}


def bundled(host: Host) -> dict:
    """Return the tables as the bundled revisions make them by themselves, in this database."""
    with host.engine.connect() as connection:
        command.upgrade(config(connection), "head")
        made = shape(host.engine)
        connection.rollback()
        command.downgrade(config(connection), "base")
    host.query("DROP TABLE alembic_version")
    return made


def test_upgrade_makes_the_tables_of_both_and_keeps_their_versions_apart(host):
    expected = bundled(host)
    printed = host.run("upgrade", "head")
    assert host.tables() == OURS | THEIRS | {"alembic_version"}
    assert (host.versions(), host.versions("alembic_version")) == (["0008"], ["0002"])
    assert shape(host.engine) == expected
    assert set(expected) == TABLES
    applied = [line.partition("-> ")[2].partition(",") for line in printed.splitlines() if "Running upgrade" in line]
    ours = ["0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"]
    assert [revision for revision, _, _ in applied] == [*ours, "0001", "0002"]
    assert [message.strip() for _, _, message in applied][-2:] == ["0001", "0002"]


def test_every_target_of_an_upgrade_brings_the_tables_to_their_head(any_host):
    any_host.run("upgrade", "0001")
    assert (any_host.versions(), any_host.versions("alembic_version")) == (["0008"], ["0001"])
    printed = any_host.run("upgrade", "+1")
    assert printed.count("Running upgrade") == 1
    assert any_host.versions("alembic_version") == ["0002"]
    assert "Running upgrade" not in any_host.run("upgrade", "heads")


def test_a_project_that_was_there_before_gets_the_tables_with_its_next_upgrade(any_host):
    any_host.plain().run("upgrade", "head")
    assert any_host.tables() == THEIRS | {"alembic_version"}
    any_host.query("INSERT INTO users (id) VALUES (1)")
    printed = any_host.env().run("upgrade", "head")
    assert printed.count("Running upgrade") == 8
    assert any_host.versions() == ["0008"]
    assert any_host.query("SELECT id FROM users") == [(1,)]


def test_downgrade_leaves_the_tables_and_their_rows_alone(host):
    host.run("upgrade", "head")
    host.query("INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro')")
    before = shape(host.engine)
    host.run("downgrade", "-1")
    host.run("downgrade", "base")
    assert host.tables() == OURS | {"alembic_version"}
    assert shape(host.engine) == before
    assert host.query("SELECT code FROM currencies") == [("EUR",)]
    host.run("upgrade", "head")
    assert host.tables() == OURS | THEIRS | {"alembic_version"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("current", "--verbose"),
        ("history", "--indicate-current"),
        ("history", "-r", "base:current"),
        ("heads",),
        ("show", "current"),
        ("stamp", "head"),
        ("ensure_version",),
        ("check",),
        ("revision", "--autogenerate", "-m", "nothing"),
        ("downgrade", "base"),
    ],
    ids=" ".join,
)
def test_no_other_command_makes_a_table(sqlite_host, arguments):
    sqlite_host.plain().run("upgrade", "head")
    sqlite_host.env().run(*arguments)
    assert not OURS & sqlite_host.tables()


def test_commands_that_look_print_what_they_print_without_us(any_host):
    any_host.plain().run("upgrade", "head")
    asked = (("current",), ("history", "--indicate-current"), ("heads",))
    plain = [any_host.alembic(*arguments).stdout for arguments in asked]
    any_host.env().run("upgrade", "head")
    assert [any_host.alembic(*arguments).stdout for arguments in asked] == plain


def test_two_inclusions_live_beside_each_other(any_host):
    any_host.env("context, table_prefix='a_'", "context, table_prefix='b_'").run("upgrade", "head")
    assert shape(any_host.engine, prefix="a_") == shape(any_host.engine, prefix="b_")
    assert (any_host.versions(f"a_{VERSION_TABLE}"), any_host.versions(f"b_{VERSION_TABLE}")) == (["0008"], ["0008"])
    assert "No new upgrade operations detected" in any_host.run("check")


def test_a_revision_of_ours_that_fails_leaves_nothing_of_it_and_is_tried_again(host):
    host.query("CREATE TABLE theirs (id integer)")
    host.query("CREATE INDEX idx_exchange_rate_events_archive_to_currency ON theirs (id)")
    done = host.alembic("upgrade", "head")
    assert done.returncode != 0
    assert "idx_exchange_rate_events_archive_to_currency" in done.stderr
    assert host.versions() == ["0004"]
    assert "exchange_rate_events_archive" not in host.tables()
    assert not THEIRS & host.tables()
    host.query("DROP TABLE theirs")
    host.run("upgrade", "head")
    assert (host.versions(), host.versions("alembic_version")) == (["0008"], ["0002"])


def test_a_failure_of_the_hosts_revision_does_not_undo_ours(any_host):
    any_host.query("CREATE TABLE orders (id integer)")
    assert "orders" in any_host.alembic("upgrade", "head").stderr
    assert any_host.versions() == ["0008"]


def test_tables_of_the_same_name_are_not_taken_for_ours(any_host):
    any_host.query("CREATE TABLE accounts (id integer)")
    before = snapshot(any_host.engine)
    said = any_host.refused("upgrade", "head")
    assert "Names that revgate's tables would have are taken, accounts" in said
    assert "table_prefix" in said
    assert snapshot(any_host.engine) == before
    any_host.env("context, table_prefix='pyacc_'").run("upgrade", "head")
    assert {f"pyacc_{table}" for table in TABLES} | {"accounts"} < any_host.tables()


def test_tables_newer_than_we_know_stop_an_upgrade_and_nothing_else(any_host):
    any_host.run("upgrade", "head")
    any_host.query(f"UPDATE {VERSION_TABLE} SET version_num = '0009'")
    said = any_host.refused("upgrade", "head")
    assert "Tables of revgate are at 0009 by revgate_alembic_version, and this version of revgate ends at 0008" in said
    assert "No new upgrade operations detected" in any_host.run("check")
    any_host.run("downgrade", "base")


def test_a_host_may_commit_each_revision_by_itself_or_all_of_them_at_once(any_host):
    any_host.env(options="transaction_per_migration=True").run("upgrade", "head")
    assert (any_host.versions(), any_host.versions("alembic_version")) == (["0008"], ["0002"])


def test_a_version_table_of_another_name_is_the_hosts_business(sqlite_host):
    sqlite_host.env(options="version_table='their_version'").run("upgrade", "head")
    assert (sqlite_host.versions(), sqlite_host.versions("their_version")) == (["0008"], ["0002"])
    assert "alembic_version" not in sqlite_host.tables()


def test_indexes_are_built_beside_the_app_and_valid(host15):
    host15.run("upgrade", "head")
    assert host15.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    said = host15.run("upgrade", "head", "--sql")
    assert "CREATE INDEX CONCURRENTLY IF NOT EXISTS" not in said
    assert said.count("INDEX CONCURRENTLY") >= 8


def test_a_search_path_that_env_sets_is_where_the_tables_go(host15):
    online = """
def run_migrations_online():
    connectable = sa.create_engine(url, poolclass=sa.NullPool)
    with connectable.connect() as connection:
        connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS tenant"))
        connection.execute(sa.text("SET search_path TO tenant"))
        connection.commit()
        do_run_migrations(connection)
"""
    host15.env(online=online).run("upgrade", "head")
    assert host15.tables("tenant") == OURS | THEIRS | {"alembic_version"}
    assert host15.tables() == set()
    assert "No new upgrade operations detected" in host15.run("check")


def test_a_connection_that_is_left_keeps_no_lock_on_sqlite(sqlite_host):
    sqlite_host.run("upgrade", "head")
    with sa.create_engine(sqlite_host.url).begin() as writer:
        writer.exec_driver_sql("BEGIN IMMEDIATE")
        sqlite_host.run("current")
        sqlite_host.run("check")
