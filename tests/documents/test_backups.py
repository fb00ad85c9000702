"""Blocks that dump, copy and inspect databases with PostgreSQL's and SQLite's own programs."""

import re
import shutil

import pytest

from documents.alembic_project import psql
from documents.blocks import text_of
from documents.places import Place
from documents.running_shell import bash, script

ROW = "INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro')"


def filled(place: Place) -> Place:
    """Bring a database to where production is: behind, and with a row."""
    place.bring_to("0005")
    place.execute(ROW)
    return place


def test_a_deployment_dumps_first_and_then_migrates(postgresql):
    filled(postgresql)
    done = script(postgresql, text_of("Atomic Deployments"))
    assert done.returncode == 0, done
    assert "Schema version: 0008\nDeploying application...\n✓ Deployment complete\n" in done.stdout
    (dump,) = postgresql.folder.glob("backup_*.sql")
    assert re.search("CREATE TABLE public.balances .*EUR\tEuro", dump.read_text(), re.DOTALL)


def test_a_deployment_whose_dump_fails_migrates_nothing(new_place):
    place = filled(new_place("sqlite"))  # pg_dump knows no such URL
    assert script(place, text_of("Atomic Deployments")).returncode != 0
    assert place.version() == "0005"


def test_a_backup_is_made_of_whichever_database_it_is(place):
    """The block has a line for each database, and the other's fails without ending the script."""
    filled(place)
    done = script(place, text_of("Database Backups"))
    assert done.returncode == 0, done
    assert done.stdout.endswith("Current version: 0008\n")
    made = [path for path in place.folder.glob("*backup_*") if path.stat().st_size]
    assert [path.suffix == ".sql" for path in made] == [place.backend == "postgresql"]


def test_psql_and_pg_dump_do_not_take_the_url_that_the_document_exports(postgresql):
    """They want postgresql://, which the command line takes as well: one variable serves both."""
    for program in ("pg_dump $DATABASE_URL", "psql $DATABASE_URL -c '\\dt'"):
        assert bash(postgresql, program, DATABASE_URL=postgresql.sync_url).returncode != 0
        assert bash(postgresql, program, DATABASE_URL=postgresql.plain_url).returncode == 0


def test_a_dump_of_production_is_migrated_in_staging(new_place):
    for name in ("pg15", "pg18"):
        production, staging = filled(new_place(name)), new_place(name)
        text = text_of("Test Migrations in Staging")
        for written in ("production_db", "staging_db", "staging_url"):
            text = text.replace(written, f"${written}")
        urls = {
            "production_db": production.plain_url,
            "staging_db": staging.plain_url,
            "staging_url": staging.plain_url,
        }
        done = bash(staging, text, **urls)
        assert done.returncode == 0, done
        assert (production.version(), staging.version()) == ("0005", "0008")
        assert staging.rows("SELECT code FROM currencies") == [("EUR",)]


def test_sql_is_written_without_running_it_and_fed_to_psql(postgresql, installed):
    shutil.copy(installed / "py_accountant/infrastructure/migrations/alembic.ini", postgresql.folder)
    write, _, run = text_of("Offline Migration Generation").partition("# Review and execute manually\n")
    done = bash(postgresql, write)
    assert (done.returncode, postgresql.version()) == (0, ""), done
    done = bash(postgresql, run)
    assert (done.returncode, postgresql.version()) == (0, "0008"), done
    assert "ERROR" not in done.stderr


def test_tables_are_listed_and_described_by_hand(place):
    place.bring_to("0008")
    of_postgresql, _, of_sqlite = text_of("Manual SQL Inspection").partition("# SQLite\n")
    done = bash(place, of_sqlite if place.backend == "sqlite" else of_postgresql)
    assert done.returncode == 0, done
    assert all(word in done.stdout for word in ("account_aggregates", "idx_accounts_code", "currency_code"))


def test_the_version_table_is_read_by_hand(place):
    place.bring_to("0008")
    assert place.rows(text_of("Check Alembic Version Table")) == [("0008",)]
    if place.backend == "postgresql":
        assert psql(place, text_of("Check Alembic Version Table")).stdout == "0008\n"


@pytest.mark.parametrize("name", ["pg15", "sqlite"])
def test_our_own_backup_needs_no_line_for_each_database(new_place, name):
    place = filled(new_place(name))
    done = bash(place, "python -m py_accountant.infrastructure.migrations backup")
    assert done.returncode == 0, done
