"""Three tenants of one program: each has its own schema or file, and one that fails holds up no other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from examples.place import Place, Postgresql, in_file
from examples.process import EXAMPLES, run, shown, transcript

FOLDER = EXAMPLES / "multi_tenant"
TENANTS = ("acme", "globex", "initech")
MIGRATE = ("python", "main.py")
Ask = Callable[[str, str], list[tuple]]


@pytest.fixture
def url(place: Place, tmp_path: Path) -> str:
    return place.url if isinstance(place, Postgresql) else f"sqlite:///{tmp_path}/tenants"


@pytest.fixture
def ask(place: Place, tmp_path: Path) -> Ask:
    """Ask a tenant's tables: the statement has its table as `{}alembic_version`."""

    def in_schema(tenant: str, statement: str) -> list[tuple]:
        return place.query(statement.format(f"tenant_{tenant}."))

    def in_its_file(tenant: str, statement: str) -> list[tuple]:
        with in_file(tmp_path / "tenants" / f"{tenant}.db") as file:
            return file.query(statement.format(""))

    return in_schema if isinstance(place, Postgresql) else in_its_file


def test_three_tenants_are_migrated_once_as_the_readme_shows(place: Place, url: str, ask: Ask) -> None:
    steps = transcript("multi_tenant")
    assert [command for command, _ in steps] == [" ".join((*MIGRATE, *TENANTS))] * 2
    for command, output in steps:
        assert shown(FOLDER, command, DATABASE_URL=url) == output
    ask("acme", "INSERT INTO {}currencies (code, name) VALUES ('EUR', 'Euro')")
    assert [ask(tenant, "SELECT code FROM {}currencies") for tenant in TENANTS] == [[("EUR",)], [], []]
    assert place.tables == set()


def test_a_tenant_that_fails_is_named_and_the_others_are_migrated(postgresql: Postgresql) -> None:
    postgresql.query("CREATE SCHEMA tenant_globex")
    postgresql.query("CREATE TABLE tenant_globex.accounts (mine integer)")
    done = run(FOLDER, *MIGRATE, *TENANTS, DATABASE_URL=postgresql.url)
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["acme", "initech"]
    first, last = done.stderr.splitlines()
    assert first.startswith("globex: ")
    assert "accounts" in first
    assert last == "Not migrated: globex"
    assert postgresql.query("SELECT version_num FROM tenant_initech.alembic_version") == [("0008",)]


def test_a_name_that_is_no_identifier_is_refused(tmp_path: Path) -> None:
    done = run(FOLDER, *MIGRATE, "acme", "../globex", DATABASE_URL=f"sqlite:///{tmp_path}/tenants")
    assert done.returncode == 1
    assert done.stderr.startswith("Name the tenants")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_password_is_a_sentence_for_each_tenant_and_is_not_shown(postgresql: Postgresql) -> None:
    wrong = postgresql.with_password("not-this-one", postgresql.url)
    done = run(FOLDER, *MIGRATE, *TENANTS, DATABASE_URL=wrong)
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [*TENANTS, "Not migrated"]
    assert "not-this-one" not in done.stderr
