"""The verbs with a database, on both PostgreSQLs and on SQLite: what the reference shows is what they print."""

import re
import subprocess
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from database.projects.project import make_project
from support.cli import REVGATE, Cli
from support.ledger import psql, snapshot
from support.servers import Database

PENDING_FROM_0005 = """\
Pending Migrations
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Revision                             ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ 0006_add_journal_idempotency_key     │
│ 0007_drop_balances_table             │
│ 0008_add_account_aggregates          │
└──────────────────────────────────────┘

3 pending
"""


@pytest.fixture(params=["pg15", "pg18", "sqlite"])
def url(request, tmp_path, servers) -> Iterator[str]:
    """The URL of an empty database, as an app writes it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    server = servers(int(request.param[2:]))
    server.start()
    database = server.new_database()
    yield database.sqlalchemy_url
    server.drop_database(database)


@pytest.fixture
def cli(url, tmp_path) -> Cli:
    """The bundled ledger on that database."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return Cli(folder).at(url)


@pytest.fixture
def file(tmp_path) -> str:
    """The URL of an SQLite database, for what is the same on all."""
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def engine(url) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def execute(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def without_ledger(rows: list[tuple]) -> list[tuple]:
    """Leave out the ledger: on SQLite it lies beside the tables."""
    return [row for row in rows if row[1] != "revgate_revision_log"]


def test_a_database_goes_up_and_down_as_the_reference_shows(cli):
    bundled = ("--bundled",)
    assert cli.ok("current", *bundled).out == "Database not initialized\n"
    assert cli.ok("pending", *bundled).out.endswith("\n8 pending\n")
    assert cli.ok("upgrade", "0005", *bundled).out == "✓ Upgraded to 0005\n"
    assert cli.ok("current", *bundled).out == "Current version: 0005\n"
    assert cli.ok("pending", *bundled).out == PENDING_FROM_0005
    assert cli.ok("upgrade", *bundled).out == "✓ Upgraded to head\n"
    assert cli.ok("current", *bundled).out == "Current version: 0008\n"
    assert cli.ok("pending", *bundled).out == "✓ No pending migrations\n"
    assert cli.ok("downgrade", "-1", *bundled).out == "✓ Downgraded to 0007\n"
    assert cli.ok("downgrade", "-2", *bundled).out == "✓ Downgraded to 0005\n"
    assert cli.ok("downgrade", "0003", *bundled).out == "✓ Downgraded to 0003\n"
    assert cli.ok("downgrade", "base", *bundled).out == "✓ Downgraded to base\n"
    assert cli.ok("current", *bundled).out == "Database not initialized\n"


def test_the_file_name_of_a_revision_is_as_good_as_its_id(file, tmp_path):
    cli = Cli(tmp_path).at(file)
    assert cli.ok("upgrade", "0003_add_performance_indexes").out == "✓ Upgraded to 0003_add_performance_indexes\n"
    assert cli.ok("downgrade", "0002_add_is_base_currency").out == "✓ Downgraded to 0002\n"


def test_an_upgrade_with_nothing_to_do_says_so(cli):
    cli.ok("stamp", "0008", "--bundled")
    ended = cli.ok("upgrade", "head", "--bundled")
    assert (ended.out, ended.err) == ("✓ Upgraded to head\n", "Nothing was pending: the database is at 0008\n")
    assert cli.ok("upgrade", "0005", "--bundled").out == "✓ Database includes 0005 already\n"
    assert cli.ok("current", "--bundled").out == "Current version: 0008\n"
    ended = cli.ok("downgrade", "0008", "--bundled")
    assert ended.out == "✓ Downgraded to 0008\n"
    assert ended.err == "Nothing was undone: the database is there already\n"


def test_stamp_says_where_a_database_is_and_runs_nothing(cli, engine):
    assert cli.ok("stamp", "0005", "--bundled").out == "✓ Stamped 0005\n"
    assert cli.ok("current", "--bundled").out == "Current version: 0005\n"
    assert sa.inspect(engine).has_table("currencies") is False
    assert cli.ok("stamp", "base", "--bundled").out == "✓ Stamped base\n"
    assert cli.ok("current", "--bundled").out == "Database not initialized\n"


def test_json_is_for_scripts(file, tmp_path):
    cli = Cli(tmp_path).at(file)
    cli.ok("stamp", "0006", "--bundled")
    assert cli.ok("current", "--json").json == {"current": ["0006"], "target": ["0008"], "standing": "behind"}
    found = cli.ok("pending", "--json").json
    assert found["pending"] == [
        {"revision": "0007", "name": "0007_drop_balances_table"},
        {"revision": "0008", "name": "0008_add_account_aggregates"},
    ]


def test_logs_and_sql_go_to_stderr_so_that_the_answer_can_be_read_by_a_script(cli):
    ended = cli.ok("upgrade", "0002", "--bundled", "--echo", "--debug")
    assert ended.out == "✓ Upgraded to 0002\n"
    assert "CREATE TABLE currencies" in ended.err
    assert "revision_applied" in ended.err
    pipe = f"{REVGATE[0]} -m revgate current --bundled --echo --debug | grep -oP '\\d{{4}}'"
    assert Cli(cli.folder, cli.environment, ("/bin/sh", "-c", pipe)).ok().out == "0002\n"


def test_the_sql_of_an_upgrade_does_what_an_upgrade_does(cli, engine, url, tmp_path):
    cli.ok("upgrade", "0002", "--bundled")
    sql = cli.ok("upgrade", "--sql", "--bundled").out
    assert cli.ok("current", "--bundled").out == "Current version: 0002\n", "it is only printed"
    if engine.dialect.name == "sqlite":
        subprocess.run(["sqlite3", "-bail", f"{tmp_path}/ledger.db"], input=sql, text=True, check=True)
    else:
        place = sa.make_url(url)
        psql(Database(place.host, place.port, place.database, place.username, place.password), sql)
    by_sql = without_ledger(snapshot(engine))
    assert cli.ok("pending", "--bundled").out == "✓ No pending migrations\n"
    cli.ok("downgrade", "base", "--bundled")
    cli.ok("upgrade", "--bundled")
    assert without_ledger(snapshot(engine)) == by_sql


@pytest.mark.parametrize("rows", [("9999",), ("0003", "0005"), ("9998", "9999")])
def test_commands_that_only_look_end_with_0_in_every_state_of_the_schema(cli, engine, rows):
    execute(engine, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    for row in rows:
        execute(engine, f"INSERT INTO alembic_version VALUES ('{row}')")
    assert cli.ok("current", "--bundled").out == f"Current version: {', '.join(rows)}\n"
    pending = cli.ok("pending", "--bundled").out
    assert "No pending" not in pending, "nobody knows what is pending"
    assert f"Database is at {', '.join(rows)}" in pending
    assert cli.ok("pending", "--json").json["standing"] == "unknown"
    assert cli.ok("history", "--bundled").code == 0


def test_a_version_table_without_rows_is_no_version(cli, engine):
    execute(engine, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    assert cli.ok("current", "--bundled").out == "Database not initialized\n"
    assert cli.ok("pending", "--bundled").out.endswith("8 pending\n")


def test_two_heads_in_the_scripts_are_no_reason_not_to_look(tmp_path, url):
    project = make_project(tmp_path / "shop").chain("a1", "b2").revision("c3", "a1")
    shop = Cli(project.folder).at(url)
    assert shop.ok("pending").out.endswith("\n3 pending\n")
    assert shop.ok("upgrade", "heads").out == "✓ Upgraded to heads\n"
    assert shop.ok("current").out == "Current version: b2, c3\n"
    assert shop.ok("pending").out == "✓ No pending migrations\n"


def test_the_url_is_found_in_the_environment_before_the_dotenv_file(file, tmp_path):
    (tmp_path / ".env").write_text(f'SQLALCHEMY_DATABASE_URI="{file}"\n')
    from_file = Cli(tmp_path)
    assert from_file.ok("stamp", "0004", "--bundled").out == "✓ Stamped 0004\n"
    elsewhere = {
        "PYACC__DATABASE_URL": f"sqlite:///{tmp_path}/1.db",
        "REVGATE_DATABASE_URL": f"sqlite:///{tmp_path}/2.db",
        "DATABASE_URL": f"sqlite:///{tmp_path}/3.db",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/4.db",
    }
    for number, name in enumerate(elsewhere, start=1):
        rest = dict(list(elsewhere.items())[number - 1 :])
        from_file.given(**rest).ok("stamp", f"000{number}", "--bundled")
        assert Cli(tmp_path).at(elsewhere[name]).ok("current", "--bundled").out == f"Current version: 000{number}\n"
    assert from_file.ok("current", "--bundled").out == "Current version: 0004\n"


def test_an_async_url_is_converted_and_that_is_said(cli, url):
    other = re.sub(r"\+\w+|(?<=^sqlite)", "+aiosqlite" if url.startswith("sqlite") else "+asyncpg", url, count=1)
    ended = cli.at(other).ok("current", "--bundled")
    assert ended.out == "Database not initialized\n"
    assert re.fullmatch(r"DATABASE_URL names the async driver \w+: the command line uses \w+ instead\n", ended.err)


def test_a_new_project_is_migrated_by_revgate(tmp_path, url):
    Cli(tmp_path).ok("init", "shop")
    shop = Cli(tmp_path / "shop").at(url)
    shop.ok("create", "-m", "Add accounts")
    assert shop.ok("upgrade").out == "✓ Upgraded to head\n"
    assert shop.ok("pending").out == "✓ No pending migrations\n"


@pytest.mark.parametrize("how", ["option", "variable", "folder"])
def test_the_scripts_are_those_of_the_option_the_variable_or_the_folder(tmp_path, file, how):
    project = make_project(tmp_path / "shop").chain("a1", "b2")
    config = str(project.folder / "alembic.ini")
    away = Cli(tmp_path).at(file)
    words, cli = {
        "option": (("-c", config), away.given(ALEMBIC_CONFIG="nowhere.ini")),
        "variable": ((), away.given(ALEMBIC_CONFIG=config)),
        "folder": ((), Cli(project.folder).at(file)),
    }[how]
    assert cli.ok("pending", *words).out.endswith("\n2 pending\n")
    assert cli.ok("pending", *words, "--bundled").out.endswith("\n8 pending\n")
