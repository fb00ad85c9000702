"""What a downgrade says before it runs: which tables and columns go, with what is in them."""

import re

import pytest
import sqlalchemy as sa

from database.projects.project import make_project
from revgate import MigrationRunner
from revgate.migration.plans.losing import losses_of_downgrade
from revgate.migration.project.scripts import find_scripts, scripts_of
from support.cli import Cli
from support.servers import Database

ROW = "INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro')"


@pytest.fixture
def bundled(database15: Database) -> sa.Engine:
    engine = sa.create_engine(database15.sqlalchemy_url, poolclass=sa.NullPool)
    MigrationRunner(engine).upgrade_to_head()
    database15.query(ROW)
    database15.query("ANALYZE")
    return engine


def losses(engine: sa.Engine, target: str) -> tuple[str, ...]:
    return losses_of_downgrade(engine, find_scripts({}, bundled=True), target)


def test_tables_and_columns_are_named_with_their_size(bundled):
    assert losses(bundled, "0005") == (
        "table account_aggregates (no rows)",
        "column journals.idempotency_key (no rows)",
    )
    assert re.fullmatch(r"table currencies \(about 1 row in \d+ kB\)", losses(bundled, "base")[-1])


def test_what_takes_nothing_away_says_nothing(bundled):
    MigrationRunner(bundled).downgrade(target="0007")
    assert losses(bundled, "0006") == ()
    assert losses(bundled, "0007") == ()


def test_sqlite_tells_the_same(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path}/ledger.db")
    MigrationRunner(engine).upgrade_to_head()
    told = [one.partition(" (")[0] for one in losses(engine, "0005")]
    assert told == ["table account_aggregates", "column journals.idempotency_key"]


def test_what_cannot_be_known_before_may_take_anything(tmp_path):
    project = make_project(tmp_path / "app").revision("a1")
    file = project.versions / "a1_change.py"
    reads = "    op.get_bind().execute(sa.text('SELECT 1')).scalar_one()\n"
    file.write_text(file.read_text().replace("    raise NotImplementedError\n", reads))
    engine = sa.create_engine(f"sqlite:///{tmp_path}/app.db")
    config = project.folder / "alembic.ini"
    MigrationRunner(engine, config).upgrade_to_head()
    assert losses_of_downgrade(engine, scripts_of(config), "base") == (
        "perhaps anything (its SQL is known only when it runs)",
    )


def test_the_command_says_it_before_it_begins(tmp_path):
    cli = Cli(tmp_path).at(f"sqlite:///{tmp_path}/ledger.db")
    cli.ok("upgrade", "--bundled")
    lines = cli.ok("downgrade", "-1", "--bundled").err.splitlines()
    assert [line.split()[0] for line in lines] == ["Takes", "Undoing", "Undid"]
    assert lines[0].startswith("Takes away table account_aggregates")
