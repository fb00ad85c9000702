"""Approach C: the ledger's tables in a project that has Alembic already, its env.py as the document writes it."""

import pytest

from documents.alembic_project import ENGINE, add_revision, init, psql, write_env
from documents.blocks import text_of
from documents.places import Place
from documents.running_shell import Done, bash

STEP_1 = "Шаг 1: Измените `alembic/env.py`"
STEP_2 = "Шаг 2: Запускайте Alembic как обычно"
INCLUDE = text_of("include_in_alembic() 2")
FUNCTION, _, CALLS = INCLUDE.partition("# С префиксом таблиц\n")
PLAIN, *OTHERS = ["include_in_alembic(context)", *[line for line in CALLS.splitlines() if line.startswith("include")]]
LEDGER = {"accounts", "currencies", "journals", "journal_entries", "transaction_lines", "account_aggregates"}


def upgraded(place: Place, online: str) -> Done:
    """Run the document's command in a project with a table of its own."""
    scripts = init(place)
    write_env(scripts, online)
    add_revision(place, scripts, "orders")
    return bash(place, text_of(STEP_2))


def test_the_project_s_upgrade_brings_the_ledger_along(place):
    done = upgraded(place, text_of(STEP_1))
    assert done.returncode == 0, done
    assert LEDGER | {"orders"} <= place.tables()
    assert place.version() not in {"", "0008"}  # the project's own version table is its own


@pytest.mark.parametrize(
    ("call", "schema", "prefix"),
    [
        (PLAIN, None, ""),
        (OTHERS[0], None, "pyacc_"),
        (OTHERS[1], "accounting", ""),
        (OTHERS[2], "accounting", "pyacc_"),
    ],
)
def test_prefix_and_schema_are_those_of_the_call(place, call, schema, prefix):
    online = FUNCTION.replace("engine_from_config(...)", ENGINE).replace(PLAIN, call)
    done = upgraded(place, online)
    if schema and place.backend == "sqlite":  # has no schemas
        assert done.returncode != 0
        assert "schema" in done.stdout + done.stderr
        assert place.tables() <= {"alembic_version"}
        return
    assert done.returncode == 0, done
    assert {f"{prefix}{table}" for table in LEDGER} <= place.tables(schema)
    assert "orders" in place.tables()


def test_the_tables_go_into_a_schema_that_was_made_by_hand(postgresql):
    assert psql(postgresql, text_of("Manual Schema Creation")).returncode == 0
    elided = f"    connection = {ENGINE}.connect()\n"
    done = upgraded(postgresql, text_of("Using Alembic Integration").replace("    # ...\n", elided))
    assert done.returncode == 0, done
    assert postgresql.tables("accounting") >= LEDGER
    assert "accounts" not in postgresql.tables()
