"""The tables under a prefix, in a schema, and under both: the same tables, every one of them, up and down."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from revgate.migration.including.history import context_of
from revgate.migration.including.names import Inclusion
from support.including import TABLES, VERSION_TABLE, Host, shape
from support.servers import Server

pytest_plugins = ["support.including_fixtures"]

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
EVER = TABLES | {"balances"}
PLAIN = Inclusion("", None)
PREFIX = Inclusion("pyacc_", None)
SCHEMA = Inclusion("", "accounting")
BOTH = Inclusion("pyacc_", "accounting")
QUOTED = Inclusion("Order_", 'Ac "count"-1 %s')
ON_POSTGRESQL = (*((15, inclusion) for inclusion in (PREFIX, SCHEMA, BOTH, QUOTED)), (18, BOTH), (18, QUOTED))
ROWS = (
    "INSERT INTO {currencies} (code, name) VALUES ('EUR', 'Euro')",
    "INSERT INTO {accounts} (code, name, type, currency_code) VALUES ('1000', 'Cash', 'asset', 'EUR')",
    "INSERT INTO {journals} (entry_date) VALUES ('2025-11-01')",
    (
        "INSERT INTO {transaction_lines} (journal_id, account_id, amount, currency_code) "
        "VALUES (1, 1, 10.25, 'EUR'), (1, 1, 5.50, 'EUR')"
    ),
)


def shown(param: tuple[object, Inclusion]) -> str:
    return f"{param[0]}-{param[1].schema}-{param[1].prefix}"


@pytest.fixture(params=[*ON_POSTGRESQL, ("sqlite", PREFIX), ("sqlite", Inclusion("Order_", None))], ids=shown)
def case(
    request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path
) -> Iterator[tuple[sa.Engine, Inclusion]]:
    where, inclusion = request.param
    if where == "sqlite":
        yield sa.create_engine(f"sqlite:///{tmp_path / 'ledger.db'}", poolclass=sa.NullPool), inclusion
        return
    server = servers(where)
    database = server.new_database()
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    if inclusion.schema:
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(inclusion.schema))
    yield engine, inclusion
    server.drop_database(database)


def go(engine: sa.Engine, inclusion: Inclusion, target: str, way: Callable = ScriptDirectory._upgrade_revs) -> None:
    """Do in code what `alembic` never does: bring the included tables to a revision other than the head."""
    with engine.connect() as connection:
        ours = context_of(MigrationContext.configure(connection), inclusion)
        ours._migrations_fn = lambda heads, _: way(ours.script, target, heads)
        with Operations.context(ours):
            ours.run_migrations()


def seen(engine: sa.Engine, inclusion: Inclusion) -> dict:
    return shape(engine, prefix=inclusion.prefix, schema=inclusion.schema, only=EVER)


def quoted(inclusion: Inclusion, table: str) -> str:
    parts = [part.replace('"', '""') for part in (inclusion.schema, f"{inclusion.prefix}{table}") if part]
    return ".".join(f'"{part}"' for part in parts)


def test_each_revision_makes_the_same_up_and_down_and_up_under_every_name(case):
    engine, inclusion = case
    before: dict = {}
    down = "base"
    for revision in REVISIONS:
        go(engine, PLAIN, revision)
        go(engine, inclusion, revision)
        made = seen(engine, inclusion)
        assert made == seen(engine, PLAIN), f"{revision} makes something else here"
        go(engine, inclusion, down, ScriptDirectory._downgrade_revs)
        assert seen(engine, inclusion) == before, f"{revision} left something behind or took too much"
        go(engine, inclusion, revision)
        assert seen(engine, inclusion) == made
        before, down = made, revision
    assert before.keys() == TABLES


def test_the_balances_are_summed_again_from_the_lines_of_that_name(case):
    engine, inclusion = case
    go(engine, inclusion, "head")
    names = {table: quoted(inclusion, table) for table in EVER}
    with engine.begin() as connection:
        for statement in ROWS:
            connection.execute(sa.text(statement.format(**names)))
    go(engine, inclusion, "0006", ScriptDirectory._downgrade_revs)
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT account_id, currency_code, balance FROM {names['balances']}"))
        assert [tuple(row) for row in found] == [(1, "EUR", 15.75)]


@pytest.mark.parametrize("case", ON_POSTGRESQL, ids=shown, indirect=True)
def test_an_invalid_index_of_that_name_is_built_again(case):
    engine, inclusion = case
    go(engine, inclusion, "0002")
    index, table = f"{inclusion.prefix}idx_journals_created_at", quoted(inclusion, "journals")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"INSERT INTO {table} (entry_date) VALUES (now()), (now())".replace("%", "%%"))
        unique = f'CREATE UNIQUE INDEX CONCURRENTLY "{index}" ON {table} (entry_date)'
        with pytest.raises(sa.exc.IntegrityError):
            connection.exec_driver_sql(unique.replace("%", "%%"))
        go(engine, inclusion, "head")
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid").scalar_one() == 0
        definition = sa.text("SELECT pg_get_indexdef(oid) FROM pg_class WHERE relname = :name")
        assert "(created_at)" in connection.execute(definition, {"name": index}).scalar_one()


@pytest.mark.parametrize(
    ("arguments", "prefix", "schema"),
    [
        ("table_prefix='pyacc_'", "pyacc_", None),
        ("schema='accounting'", "", "accounting"),
        ("table_prefix='pyacc_', schema='accounting'", "pyacc_", "accounting"),
        ("table_prefix='Order_', schema='Ac \"count\"-1 %s'", "Order_", 'Ac "count"-1 %s'),
    ],
)
def test_alembic_puts_the_tables_and_their_version_where_env_says(host15, arguments, prefix, schema):
    host15.env(f"context, {arguments}").run("upgrade", "head")
    host15.run("upgrade", "head")
    expected = {f"{prefix}{table}" for table in (*TABLES, VERSION_TABLE)}
    assert expected <= host15.tables(schema)
    if schema:
        assert host15.tables(schema) == expected
        assert host15.tables() == {"users", "orders", "alembic_version"}
    assert shape(host15.engine, prefix=prefix, schema=schema).keys() == TABLES
    assert "No new upgrade operations detected" in host15.run("check")
    host15.run("downgrade", "base")
    assert expected <= host15.tables(schema)


def test_a_prefix_works_on_sqlite(sqlite_host):
    sqlite_host.env("context, table_prefix='pyacc_'").run("upgrade", "head")
    assert {f"pyacc_{table}" for table in (*TABLES, VERSION_TABLE)} <= sqlite_host.tables()
    assert not TABLES & sqlite_host.tables()
    indexes = sqlite_host.query("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    assert all(name.startswith("pyacc_idx_") for (name,) in indexes)
    assert "No new upgrade operations detected" in sqlite_host.run("check")


def test_a_schema_that_is_there_needs_no_right_to_create_one(host15, server15):
    server15.query(f'ALTER DATABASE "{name_of(host15)}" OWNER TO postgres')
    said = host15.env("context, schema='accounting'").refused("upgrade", "head")
    assert "Schema accounting could not be created: permission denied for database" in said
    assert "create it beforehand" in said
    with sa.create_engine(as_superuser(host15, server15), poolclass=sa.NullPool).begin() as connection:
        user = host15.engine.url.username
        connection.exec_driver_sql(f'CREATE SCHEMA accounting AUTHORIZATION "{user}"')
        connection.exec_driver_sql(f'GRANT CREATE ON SCHEMA public TO "{user}"')
    host15.run("upgrade", "head")
    assert host15.versions(f"accounting.{VERSION_TABLE}") == ["0008"]


def name_of(host: Host) -> str:
    return str(host.engine.url.database)


def as_superuser(host: Host, server: Server) -> sa.URL:
    return host.engine.url.set(username=server.superuser, password=server.password)


@pytest.mark.parametrize("arguments", [("upgrade", "head"), ("check",), ("upgrade", "head", "--sql")], ids=" ".join)
def test_a_schema_is_refused_on_sqlite(sqlite_host, arguments):
    said = sqlite_host.env("context, schema='accounting'").refused(*arguments)
    assert "SQLite has no schema accounting" in said
    assert sqlite_host.tables() == set()


@pytest.mark.parametrize("prefix", ["1_", "a.b_", "a b", 'a"', "ü_", "x" * 18, None, b"x_"])
def test_a_prefix_that_is_none_is_refused(sqlite_host, prefix):
    said = sqlite_host.env(f"context, table_prefix={prefix!r}").refused("upgrade", "head")
    assert "Table prefix" in said
    assert sqlite_host.tables() == set()


@pytest.mark.parametrize("schema", ["a.b", "x" * 64, 7])
def test_a_schema_that_is_none_is_refused(host15, schema):
    said = host15.env(f"context, schema={schema!r}").refused("upgrade", "head")
    assert f"Schema {schema!r} is none" in said
    assert host15.tables() == set()


def test_no_schema_may_be_an_empty_text(sqlite_host):
    sqlite_host.env("context, schema=''").run("upgrade", "head")
    assert sqlite_host.tables() > TABLES


def test_the_longest_prefix_fits_into_postgresql(host15):
    prefix = "x" * 17
    host15.env(f"context, table_prefix='{prefix}'").run("upgrade", "head")
    longest = f"{prefix}idx_exchange_rate_events_archive_from_currency"
    assert len(longest) == 63
    assert host15.query(f"SELECT count(*) FROM pg_class WHERE relname = '{longest}'") == [(1,)]
