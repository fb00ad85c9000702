"""The eight bundled revisions, up and down, on every database that they support."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from support.ledger import URL_VARIABLES, config, snapshot

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")

FILES = {
    "0001_initial.py": "Initial schema",
    "0002_add_is_base_currency.py": "Add is_base_currency flag",
    "0003_add_performance_indexes.py": "Add performance indexes",
    "0004_add_exchange_rate_events.py": "Add exchange rate events",
    "0005_exchange_rate_events_archive.py": "Archive exchange rate events",
    "0006_add_journal_idempotency_key.py": "Add journal idempotency key",
    "0007_drop_balances_table.py": "Drop balances table",
    "0008_add_account_aggregates.py": "Add account aggregates",
}

ROWS = {
    "0001": (
        "INSERT INTO currencies (code, name, symbol) VALUES ('EUR', 'Euro', 'E'), ('USD', 'Dollar', '$')",
        "INSERT INTO accounts (code, name, type, currency_code) VALUES ('1000', 'Cash', 'asset', 'EUR')",
        "INSERT INTO accounts (code, name, type, currency_code, parent_id) VALUES ('1010', 'Till', 'asset', 'EUR', 1)",
        "INSERT INTO journals (description, entry_date) VALUES ('first', '2025-11-01'), ('second', '2025-11-02')",
        "INSERT INTO journal_entries (entry_date) VALUES ('2020-01-01')",
        (
            "INSERT INTO transaction_lines (journal_id, account_id, amount, currency_code) "
            "VALUES (1, 1, 10.25, 'EUR'), (1, 2, -10.25, 'EUR'), (2, 1, 5.50, 'EUR'), (2, 2, -5.50, 'EUR')"
        ),
        "INSERT INTO balances (account_id, currency_code, balance) VALUES (1, 'EUR', 15.75), (2, 'EUR', -15.75)",
    ),
    "0002": ("UPDATE currencies SET is_base_currency = true WHERE code = 'EUR'",),
    "0004": (
        (
            "INSERT INTO exchange_rate_events (from_currency, to_currency, rate, timestamp) "
            "VALUES ('EUR', 'USD', 1.0875, '2025-11-01 00:00:00+00:00')"
        ),
    ),
    "0005": (
        (
            "INSERT INTO exchange_rate_events_archive (id, from_currency, to_currency, rate, timestamp) "
            "VALUES (7, 'EUR', 'USD', 1.09, '2024-11-01 00:00:00+00:00')"
        ),
    ),
    "0006": ("UPDATE journals SET idempotency_key = 'key of ' || id",),
    "0008": (
        (
            "INSERT INTO account_aggregates (account_id, balance, currency_code, as_of_date) "
            "VALUES (1, 15.75, 'EUR', '2025-11-02')"
        ),
    ),
}

# Appendix B of the reference: columns, and which columns an index leads with (True: unique).
APPENDIX_B = {
    "accounts": (
        {"id", "code", "name", "type", "currency_code", "parent_id", "is_active", "created_at", "updated_at"},
        {"code": True, "type": False, "currency_code": False, "parent_id": False},
    ),
    "currencies": (
        {"code", "name", "symbol", "decimal_places", "is_base_currency", "created_at"},
        {"is_base_currency": True},
    ),
    "journals": (
        {"id", "description", "entry_date", "created_at", "idempotency_key"},
        {"entry_date": False, "idempotency_key": True, "created_at": False},
    ),
    "journal_entries": ({"id", "description", "entry_date", "created_at"}, {}),
    "transaction_lines": (
        {"id", "journal_id", "account_id", "amount", "currency_code", "description", "created_at"},
        {"journal_id": False, "account_id": False, "created_at": False},
    ),
    "account_aggregates": (
        {"id", "account_id", "balance", "currency_code", "as_of_date", "created_at", "updated_at"},
        {"account_id": False, "as_of_date": False},
    ),
    "exchange_rate_events": (
        {"id", "from_currency", "to_currency", "rate", "timestamp", "source", "created_at"},
        {"timestamp": False, "from_currency": False, "to_currency": False},
    ),
    "exchange_rate_events_archive": (
        {"id", "from_currency", "to_currency", "rate", "timestamp", "source", "created_at"},
        {"timestamp": False, "from_currency": False, "to_currency": False},
    ),
    "alembic_version": ({"version_num"}, {}),
}

FOREIGN_KEYS = {
    ("accounts", "currency_code", "currencies", "code"),
    ("accounts", "parent_id", "accounts", "id"),
    ("transaction_lines", "journal_id", "journals", "id"),
    ("transaction_lines", "account_id", "accounts", "id"),
    ("account_aggregates", "account_id", "accounts", "id"),
}


@pytest.fixture(params=["pg15", "pg18", "sqlite"])
def url(request: pytest.FixtureRequest, servers, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    server = servers(int(request.param.removeprefix("pg")))
    database = server.new_database()
    yield database.url
    server.drop_database(database)


@pytest.fixture
def engine(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """The database as an app sees it; env.py finds it by itself, by DATABASE_URL."""
    for name in URL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", url)
    app = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    if app.dialect.name == "sqlite":
        sa.event.listen(app, "connect", lambda driver, _: driver.execute("PRAGMA foreign_keys = ON"))
    yield app
    app.dispose()


@pytest.fixture
def ledger(engine: sa.Engine) -> sa.Engine:
    """The newest schema, with a few rows in every table."""
    for revision in REVISIONS:
        command.upgrade(config(), revision)
        insert_rows(engine, revision)
    return engine


def insert_rows(engine: sa.Engine, revision: str) -> None:
    with engine.begin() as connection:
        for statement in ROWS.get(revision, ()):
            connection.exec_driver_sql(statement)


def rows(engine: sa.Engine, query: str) -> list[tuple]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def refused(engine: sa.Engine, statement: str) -> None:
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_the_files_and_their_descriptions_are_those_of_the_reference():
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    found = {Path(script.path).name: script.doc for script in scripts}
    assert found == FILES


def test_only_0007_says_that_older_apps_no_longer_work():
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    floors = {script.revision: getattr(script.module, "serves_from", None) for script in scripts}
    assert floors == dict.fromkeys(REVISIONS) | {"0007": "0006"}


def test_each_revision_goes_up_and_down_and_up_again_without_a_trace(engine):
    previous = "base"
    for revision in REVISIONS:
        before = snapshot(engine)
        command.upgrade(config(), revision)
        after = snapshot(engine)
        insert_rows(engine, revision)
        command.downgrade(config(), previous)
        assert snapshot(engine) == before, f"{revision} left something behind or took too much"
        command.upgrade(config(), revision)
        assert snapshot(engine) == after, f"{revision} made something else the second time"
        insert_rows(engine, revision)
        previous = revision
    assert rows(engine, "SELECT version_num FROM alembic_version") == [("0008",)]


def test_the_way_down_from_the_newest_schema_leaves_nothing(ledger):
    command.downgrade(config(), "base")
    assert snapshot(ledger) == []


def test_rows_survive_every_revision(ledger):
    assert rows(ledger, "SELECT count(*), sum(abs(amount)) FROM transaction_lines")[0] == (4, 31.5)
    assert rows(ledger, "SELECT code FROM currencies WHERE is_base_currency") == [("EUR",)]
    assert rows(ledger, "SELECT idempotency_key FROM journals ORDER BY id") == [("key of 1",), ("key of 2",)]


def test_the_schema_is_the_one_of_the_reference(ledger):
    seen = sa.inspect(ledger)
    assert set(seen.get_table_names()) == set(APPENDIX_B)
    for table, (columns, indexes) in APPENDIX_B.items():
        assert {column["name"] for column in seen.get_columns(table)} == columns, table
        found = {",".join(index["column_names"]): bool(index["unique"]) for index in seen.get_indexes(table)}
        assert found == indexes, table
    keys = {
        (table, *key["constrained_columns"], key["referred_table"], *key["referred_columns"])
        for table in APPENDIX_B
        for key in seen.get_foreign_keys(table)
    }
    assert keys == FOREIGN_KEYS
    assert "idx_transaction_lines_account" in {index["name"] for index in seen.get_indexes("transaction_lines")}


def test_money_and_moments_have_types_that_keep_them(ledger):
    seen = sa.inspect(ledger)
    for table, name in (("transaction_lines", "amount"), ("account_aggregates", "balance")):
        column = next(column for column in seen.get_columns(table) if column["name"] == name)
        assert (column["type"].precision, column["type"].scale) == (28, 8)
    moments = [
        column
        for table in APPENDIX_B
        for column in seen.get_columns(table)
        if column["name"] in {"created_at", "updated_at"}
    ]
    assert all(column["default"] and not column["nullable"] for column in moments)
    if ledger.dialect.name == "postgresql":
        assert all(column["type"].timezone for column in moments)


def test_every_index_is_valid(ledger):
    if ledger.dialect.name == "postgresql":
        assert rows(ledger, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid") == []
    else:
        assert rows(ledger, "PRAGMA integrity_check") == [("ok",)]


def test_a_ledger_has_one_base_currency(ledger):
    refused(ledger, "UPDATE currencies SET is_base_currency = true WHERE code = 'USD'")
    with ledger.begin() as connection:  # any number of others
        connection.exec_driver_sql("INSERT INTO currencies (code, name) VALUES ('CHF', 'Franc'), ('SEK', 'Krona')")
        connection.exec_driver_sql("UPDATE currencies SET is_base_currency = false")
        connection.exec_driver_sql("UPDATE currencies SET is_base_currency = true WHERE code = 'CHF'")


def test_an_account_code_is_given_out_once(ledger):
    refused(ledger, "INSERT INTO accounts (code, name, type, currency_code) VALUES ('1000', 'X', 'asset', 'EUR')")


def test_an_idempotency_key_is_taken_once_and_may_be_missing(ledger):
    refused(ledger, "INSERT INTO journals (entry_date, idempotency_key) VALUES ('2025-11-03', 'key of 1')")
    with ledger.begin() as connection:
        connection.exec_driver_sql("INSERT INTO journals (entry_date) VALUES ('2025-11-03'), ('2025-11-04')")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO accounts (code, name, type, currency_code) VALUES ('2000', 'X', 'asset', 'XXX')",
        "INSERT INTO accounts (code, name, type, currency_code, parent_id) VALUES ('2000', 'X', 'asset', 'EUR', 99)",
        "INSERT INTO transaction_lines (journal_id, account_id, amount, currency_code) VALUES (99, 1, 1, 'EUR')",
        "INSERT INTO transaction_lines (journal_id, account_id, amount, currency_code) VALUES (1, 99, 1, 'EUR')",
        "INSERT INTO account_aggregates (account_id, currency_code, as_of_date) VALUES (99, 'EUR', '2025-11-02')",
        "DELETE FROM journals WHERE id = 1",
        "DELETE FROM accounts WHERE id = 1",
        "DELETE FROM currencies WHERE code = 'EUR'",
    ],
)
def test_what_refers_to_nothing_is_refused(ledger, statement):
    refused(ledger, statement)


def test_balances_are_gone_at_0007_and_summed_again_below_it(ledger):
    assert not sa.inspect(ledger).has_table("balances")
    command.downgrade(config(), "0006")
    found = rows(ledger, "SELECT account_id, currency_code, balance FROM balances ORDER BY account_id")
    assert found == [(1, "EUR", 15.75), (2, "EUR", -15.75)]


def test_check_finds_nothing_to_do_after_the_upgrade(ledger):
    command.check(config())


def test_a_revision_that_fails_half_way_leaves_nothing_of_it(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE journals (in_the_way integer)")
    before = snapshot(engine)
    with pytest.raises(sa.exc.DatabaseError, match="already exists"):
        command.upgrade(config(), "head")
    assert snapshot(engine) == before
