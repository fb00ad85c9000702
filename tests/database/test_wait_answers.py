"""`revgate wait` against real databases: when it opens, and what it says until then."""

import secrets
from dataclasses import replace

import pytest

from support.gate import migrated, recorded, waiting


@pytest.fixture
def reader(database, server):
    """Give the app's own role, which may read what was granted to it and nothing else."""
    name = f"app_{secrets.token_hex(6)}"
    server.query(f"CREATE ROLE {name} LOGIN PASSWORD 'app'")
    yield replace(database, user=name, password="app")
    server.query(f"DROP DATABASE {database.name} WITH (FORCE)")  # and with it what was granted
    server.query(f"DROP ROLE {name}")


def test_the_gate_opens_at_the_required_revision_and_its_last_words_are_the_termination_message(database, tmp_path):
    migrated(database, "0008")
    with waiting(tmp_path, database.url, "--requires", "0008") as gate:
        assert gate.ends() == 0
        assert gate.lines == ["Database is at 0008"]
        assert gate.message.read_text() == "Database is at 0008"


def test_the_gate_opens_for_an_older_release_that_the_database_still_serves(database, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        assert gate.ends() == 0
        assert gate.lines == ["Database is at 0008, which includes 0006"]


def test_the_gate_holds_a_release_whose_table_is_gone_until_the_database_is_downgraded(database, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008")
    with waiting(tmp_path, database.url, "--requires", "0005") as gate:
        assert "0005 is too old; deploy a release that requires 0006 or later" in gate.says("revision 0007 serves")
        database.query("UPDATE revgate.revision_log SET state = 'reverted' WHERE revision > '0006'")
        migrated(database, "0006")
        assert gate.ends() == 0
        assert gate.lines[-1] == "Database is at 0006, which includes 0005"


def test_a_gate_that_waits_opens_when_the_migration_is_applied(database, tmp_path):
    with waiting(tmp_path, database.url, "--requires", "0008") as gate:
        gate.says("has no table alembic_version: it was never migrated")
        migrated(database)
        gate.says("Database has no revision yet, 0008 is required")
        recorded(database, upto="0007")
        migrated(database, "0007")
        gate.says("Database is at 0007, 0008 is required and not applied yet")
        database.query("UPDATE alembic_version SET version_num = '0008'")
        assert gate.ends() == 0
        assert gate.message.read_text() == gate.lines[-1] == "Database is at 0008"


def test_a_state_that_does_not_change_is_said_once(database, tmp_path):
    migrated(database, "0007")
    with waiting(tmp_path, database.url, "--requires", "0008", "--timeout", "1500ms") as gate:
        assert gate.ends() == 1
        assert len(gate.lines) == 2


def test_a_downgrade_by_plain_sql_closes_the_gate_although_the_ledger_has_the_revision(database, tmp_path):
    recorded(database, upto="0008")
    migrated(database, "0006")
    with waiting(tmp_path, database.url, "--requires", "0008") as gate:
        gate.says("Database is at 0006, 0008 is required and not applied yet")


def test_without_a_ledger_the_gate_cannot_tell_and_says_what_to_do(database, tmp_path):
    migrated(database, "0008")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        gate.says("cannot tell whether that includes 0006, because there is no ledger of this history; run the migr")
        recorded(database, upto="0008")
        assert gate.ends() == 0


def test_a_head_that_the_ledger_does_not_know_makes_the_gate_wait(database, tmp_path):
    migrated(database, "0009")
    recorded(database, upto="0008")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        gate.says("the ledger does not know 0009: cannot tell whether that includes 0006")


def test_a_reverted_head_is_no_place_on_the_map(database, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008")
    database.query("UPDATE revgate.revision_log SET state = 'reverted' WHERE revision = '0008'")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        gate.says("the ledger does not know 0008")


def test_a_recorded_row_counts_as_an_applied_one(database, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008")
    database.query("UPDATE revgate.revision_log SET state = 'recorded'")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        assert gate.ends() == 0


def test_the_rows_of_another_history_are_not_this_ones(database, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008")
    database.query("UPDATE revgate.revision_log SET version_table = 'other_version'")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        gate.says("there is no ledger of this history")


def test_the_ledger_beside_the_version_table_is_read_where_there_is_no_other(database, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008", table="public.revgate_revision_log")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        assert gate.ends() == 0


def test_the_version_table_is_found_by_search_path_in_a_schema_of_its_own(database, tmp_path):
    database.query('CREATE SCHEMA "Books 1"')
    database.query(f'ALTER ROLE {database.user} SET search_path = "Books 1"')
    migrated(database, "0008", schema="Books 1")
    recorded(database, upto="0008", schema="Books 1")
    with waiting(tmp_path, database.url, "--requires", "0006") as gate:
        assert gate.ends() == 0


def test_a_version_table_of_another_name_in_a_named_schema_is_read(database, tmp_path):
    database.query("CREATE SCHEMA books")
    migrated(database, "0007", schema="books", table="Versions")
    migrated(database, "0001")
    named = ("--version-table", "Versions", "--version-table-schema", "books")
    with waiting(tmp_path, database.url, "--requires", "0007", *named) as gate:
        assert gate.ends() == 0


def test_a_version_table_that_is_not_in_the_named_schema_is_missing(database, tmp_path):
    migrated(database, "0008")
    with waiting(tmp_path, database.url, "--requires", "0008", "--version-table-schema", "books") as gate:
        gate.says("has no table books.alembic_version")


def test_all_of_several_required_revisions_must_hold(database, tmp_path):
    migrated(database, "a1")
    with waiting(tmp_path, database.url, "--requires", "a1", "--requires", "b1") as gate:
        gate.says("cannot tell")
        migrated(database, "a1", "b1")
        assert gate.ends() == 0


def test_exact_opens_only_at_that_revision(database, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008")
    with waiting(tmp_path, database.url, "--requires", "0007", "--match", "exact") as gate:
        gate.says("Database is at 0008, exactly 0007 is required")
        migrated(database, "0007")
        assert gate.ends() == 0


def test_a_user_without_rights_is_told_the_grant_that_opens_the_gate(database, reader, tmp_path):
    migrated(database, "0008")
    with waiting(tmp_path, reader.url, "--requires", "0008") as gate:
        line = gate.says("may not read public.alembic_version")
        database.query(line.partition("; run ")[2])
        assert gate.ends() == 0


def test_a_user_who_may_not_read_the_ledger_is_told_so_and_still_passes_at_the_head(database, reader, tmp_path):
    migrated(database, "0008")
    recorded(database, upto="0008")
    database.query("GRANT SELECT ON alembic_version TO PUBLIC")
    with waiting(tmp_path, reader.url, "--requires", "0008") as gate:
        assert gate.ends() == 0
    with waiting(tmp_path, reader.url, "--requires", "0006") as gate:
        gate.says(f"user {reader.user} may not read the ledger revgate.revision_log; add the user to ledger.readers")
        database.query("GRANT SELECT ON revgate.revision_log TO PUBLIC")
        gate.says("may not read the ledger")  # the schema is still closed
        database.query("GRANT USAGE ON SCHEMA revgate TO PUBLIC")
        assert gate.ends() == 0
