"""An Alembic project that includes the ledger: its own commands do for both, and see only their own tables."""

import shutil
from pathlib import Path

import pytest

from examples.place import Place, Postgresql
from examples.process import EXAMPLES, shown, succeed, transcript
from support.ledger import psql

ALEMBIC = ("python", "-m", "alembic")
LEDGER = {
    f"ledger_{name}"
    for name in (
        "accounts",
        "account_aggregates",
        "currencies",
        "exchange_rate_events",
        "exchange_rate_events_archive",
        "journal_entries",
        "journals",
        "transaction_lines",
    )
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy, because `alembic revision` writes into it."""
    return shutil.copytree(EXAMPLES / "alembic_integration", tmp_path / "shop")


def ledger_tables(place: Place) -> set[str]:
    return {name for name in place.tables if name.startswith("ledger_") and "version" not in name}


def test_its_commands_do_for_both_and_see_only_their_own_tables(project: Path, place: Place) -> None:
    def alembic(*words: str) -> str:
        return succeed(project, *ALEMBIC, *words, DATABASE_URL=place.url)

    alembic("upgrade", "head")
    alembic("check")
    everything = place.tables
    assert ledger_tables(place) == LEDGER
    assert "orders" in everything
    assert place.versions == [("b82e05c4f6d1",)]

    place.query("INSERT INTO ledger_currencies (code, name) VALUES ('EUR', 'Euro')")
    alembic("downgrade", "base")
    assert place.tables == everything - {"orders"}
    assert place.query("SELECT code FROM ledger_currencies") == [("EUR",)]
    alembic("upgrade", "head")
    assert place.tables == everything

    models = project / "models.py"
    models.write_text(f"{models.read_text()}    note: Mapped[str | None]\n")
    alembic("revision", "--autogenerate", "-m", "note")
    (written,) = (project / "migrations" / "versions").glob("*_note.py")
    operations = [line.strip() for line in written.read_text().splitlines() if line.strip().startswith("op.")]
    assert operations == [
        "op.add_column('orders', sa.Column('note', sa.String(), nullable=True))",
        "op.drop_column('orders', 'note')",
    ]


def test_the_sql_for_a_database_administrator_makes_the_same_tables(project: Path, postgresql: Postgresql) -> None:
    script = succeed(project, *ALEMBIC, "upgrade", "head", "--sql", DATABASE_URL=postgresql.url)
    assert postgresql.tables == set()
    psql(postgresql.database, script)
    assert postgresql.tables >= LEDGER | {"orders"}
    succeed(project, *ALEMBIC, "upgrade", "head", DATABASE_URL=postgresql.url)
    succeed(project, *ALEMBIC, "check", DATABASE_URL=postgresql.url)


def test_the_readme_shows_what_is_printed(project: Path, tmp_path: Path) -> None:
    for command, output in transcript("alembic_integration"):
        assert shown(project, command, DATABASE_URL=f"sqlite:///{tmp_path}/shop.db") == output, command
