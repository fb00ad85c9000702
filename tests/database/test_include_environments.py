"""Ways in which an env.py may call include_in_alembic, and what it is told when it cannot work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from revgate import MigrationError, include_in_alembic
from support.including import ASYNC, BEGUN, ONLINE, TABLES, VERSION_TABLE

pytest_plugins = ["support.including_fixtures"]

OURS = TABLES | {VERSION_TABLE}
THEIRS = {"users", "orders", "alembic_version"}
WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
sys.modules["psycopg2"] = None
from revgate import include_in_alembic
"""


def test_an_async_env_makes_the_same_tables(host15):
    host15.env(online=ASYNC, options="compare_type=True").run("upgrade", "head")
    assert host15.tables() == OURS | THEIRS
    assert (host15.versions(), host15.versions("alembic_version")) == (["0008"], ["0002"])
    assert host15.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert "No new upgrade operations detected" in host15.run("check")
    host15.run("downgrade", "base")
    assert host15.tables() == OURS | {"alembic_version"}


@pytest.mark.parametrize("online", [BEGUN, ASYNC.replace(".connect()", ".begin()")], ids=["sync", "async"])
def test_a_connection_in_a_transaction_is_refused_with_what_to_do(host15, online):
    said = host15.env(online=online).refused("upgrade", "head")
    assert "The connection of env.py is in a transaction" in said
    assert "engine.connect()" in said
    assert host15.tables() == set()
    assert "No new upgrade operations detected" not in host15.refused("check")  # their tables are missing
    assert "currencies" not in host15.alembic("check").stdout


def test_what_was_read_before_and_not_committed_is_refused_as_well(host15):
    reading = ONLINE.replace("        do_run", "        connection.execute(sa.text('SELECT 1'))\n        do_run")
    assert "commit what was done on it before" in host15.env(online=reading).refused("upgrade", "head")
    committing = reading.replace("        do_run", "        connection.commit()\n        do_run")
    host15.env(online=committing).run("upgrade", "head")
    assert host15.tables() == OURS | THEIRS


def test_a_call_after_begin_transaction_is_refused(host15):
    text = (host15.folder / "migrations" / "env.py").read_text()
    late = "    with context.begin_transaction():\n        include_in_alembic(context)\n"
    moved = text.replace("    include_in_alembic(context, table_prefix='', schema=None)\n", "")
    (host15.folder / "migrations" / "env.py").write_text(moved.replace("    with context.begin_transaction():\n", late))
    assert "call include_in_alembic before context.begin_transaction" in host15.refused("upgrade", "head")
    assert host15.tables() == set()


def test_sqlite_needs_no_transactions_of_its_own(sqlite_host):
    sqlite_host.env(online=BEGUN).run("upgrade", "head")
    assert sqlite_host.tables() == OURS | THEIRS


@pytest.mark.parametrize("given", ["context.get_context()", "context._proxy"])
def test_what_stands_behind_the_module_may_be_given_too(sqlite_host, given):
    sqlite_host.env(given).run("upgrade", "head")
    assert sqlite_host.tables() == OURS | THEIRS


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("config", "was given an object of Config: pass `context` of `from alembic import context`"),
        ("sa", "was given module sqlalchemy"),
        ("None", "was given an object of NoneType"),
        ("connection", "was given an object of Connection"),
    ],
)
def test_anything_else_is_refused(sqlite_host, given, said):
    assert said in sqlite_host.env(given).refused("upgrade", "head")
    assert sqlite_host.tables() == set()


def test_a_call_before_configure_is_refused(sqlite_host):
    said = sqlite_host.env(head="include_in_alembic(context)").refused("upgrade", "head")
    assert "include_in_alembic was called before context.configure" in said


def test_a_call_outside_env_is_refused():
    from alembic import context  # noqa: PLC0415  outside of a command it is an empty shell

    with pytest.raises(CommandError, match=r"call it in env\.py") as caught:
        include_in_alembic(context)
    assert isinstance(caught.value, MigrationError)


def test_a_context_that_no_command_made_is_refused(tmp_path):
    with sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}").connect() as connection:
        outside = MigrationContext.configure(connection)
        with pytest.raises(MigrationError, match=r"upgrade with revgate\.MigrationRunner"):
            include_in_alembic(outside)
        with pytest.raises(MigrationError, match=r"was given module alembic\.op"):
            include_in_alembic(op)


def test_another_dialect_is_refused(sqlite_host):
    sqlite_host.env(head="url = 'mysql://nowhere/x'")
    said = sqlite_host.refused("upgrade", "head", "--sql")
    assert "Tables of revgate are for postgresql and sqlite, and this database is mysql" in said


def test_a_program_with_an_environment_of_its_own_includes_them_too(sqlite_host):
    config = Config(str(sqlite_host.folder / "alembic.ini"))
    scripts = ScriptDirectory.from_config(config)

    def do_upgrade(heads, _context):
        return scripts._upgrade_revs("head", heads)

    with (
        EnvironmentContext(config, scripts, fn=do_upgrade) as environment,
        sqlite_host.engine.connect() as connection,
    ):
        environment.configure(connection=connection, target_metadata=sa.MetaData())
        include_in_alembic(environment)
        with environment.begin_transaction():
            environment.run_migrations()
    assert sqlite_host.tables() == OURS | THEIRS


def test_it_needs_no_driver_to_be_imported(tmp_path: Path):
    command = [sys.executable, "-c", WITHOUT_DRIVER]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_revision_of_ours_does_not_call_the_hosts_hooks(sqlite_host):
    head = "applied = []\nimport atexit\natexit.register(lambda: print('applied', applied))"
    option = "on_version_apply=lambda **given: applied.append(given['step'].up_revision_id)"
    assert "applied ['0001', '0002']" in sqlite_host.env(head=head, options=option).run("upgrade", "head")
