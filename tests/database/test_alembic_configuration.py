"""[tool.alembic] of the repository, of the document, of a project as the document draws it, and the way back."""

import asyncio
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from support.checkout import Checkout
from support.ledger import REPOSITORY, config

pytest_plugins = ["support.checkout_fixtures"]

PAGE = (REPOSITORY / "docs/alembic-pyproject.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
THEIR_LIST = ('prepend_sys_path = "src"', 'prepend_sys_path = ["src"]')
THEIR_SEPARATOR = ('version_path_separator = "os"\n', "")
THEIR_TABLE = """\
[tool.alembic]
script_location = "migrations"
file_template = "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(rev)s_%%(slug)s"
prepend_sys_path = "src"
version_path_separator = "os"
output_encoding = "utf-8"
truncate_slug_length = 40
"""
ENV = """\
from alembic import context
import sqlalchemy as sa
from apps.users.models import metadata

with sa.create_engine("sqlite:///app.db").connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """\
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def theirs(checkout_sqlite: Checkout) -> Checkout:
    """The checkout with the document's table, word for word."""
    checkout_sqlite.upgrade()
    (checkout_sqlite.folder / "pyproject.toml").write_text(THEIR_TABLE)
    return checkout_sqlite


def answered(checkout: Checkout, *arguments: str) -> str:
    done = checkout.alembic(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_repository_is_configured_by_pyproject_alone():
    assert list(REPOSITORY.glob("*.ini")) == []
    assert {"env.py", "script.py.mako", "versions"} <= {path.name for path in (REPOSITORY / "migrations").iterdir()}
    table = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["alembic"]
    assert tomllib.loads(BLOCKS["toml"])["tool"]["alembic"] == table


def test_the_table_of_the_document_is_refused_where_it_would_be_misread(theirs):
    first = theirs.alembic("current")
    assert (first.returncode, first.stderr) == (1, "")
    assert first.stdout.startswith(
        "FAILED: prepend_sys_path in [tool.alembic] is a text, and Alembic takes each letter"
    )
    theirs.edit("pyproject.toml", *THEIR_LIST)
    second = theirs.alembic("upgrade", "head")
    assert second.stdout.startswith("FAILED: version_path_separator in [tool.alembic] is for alembic.ini only")
    theirs.edit("pyproject.toml", *THEIR_SEPARATOR)
    assert answered(theirs, "current") == "0008 (head)\n"


def test_the_rest_of_the_documents_table_works_as_it_is(theirs):
    theirs.edit("pyproject.toml", *THEIR_LIST)
    theirs.edit("pyproject.toml", *THEIR_SEPARATOR)
    bundled = theirs.versions
    answered(theirs, "revision", "--autogenerate", "-m", "Add a table for each of the users that we have ever had")
    (name,) = theirs.versions - bundled
    assert re.fullmatch(r"\d{8}_\d{4}_[0-9a-f]{12}_add_a_table_for_each_of_the_users_that_\.py", name)


def test_alembic_works_from_another_folder(checkout_sqlite, tmp_path):
    checkout_sqlite.upgrade()
    elsewhere = replace(checkout_sqlite, folder=tmp_path).with_environ(DATABASE_URL=checkout_sqlite.url)
    assert answered(elsewhere, "-c", "checkout/pyproject.toml", "current") == "0008 (head)\n"
    by_variable = elsewhere.with_environ(ALEMBIC_CONFIG="checkout/pyproject.toml")
    assert answered(by_variable, "history").startswith("0007 -> 0008 (head)")


def test_models_below_src_are_found_by_a_list(tmp_path):
    project = Checkout(tmp_path, f"sqlite:///{tmp_path}/app.db")
    for path, text in {
        "pyproject.toml": THEIR_TABLE.replace(*THEIR_LIST).replace(*THEIR_SEPARATOR),
        "migrations/env.py": ENV,
        "migrations/script.py.mako": (REPOSITORY / "migrations/script.py.mako").read_text(encoding="utf-8"),
        "src/apps/users/models.py": MODELS,
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    (tmp_path / "migrations/versions").mkdir()
    answered(project, "revision", "--autogenerate", "-m", "Add user table")
    answered(project, "upgrade", "head")
    assert {row[1] for row in project.schema if row[0] == "column"} == {"users"}


def test_an_async_engine_hands_its_connection_over(database):
    async def upgrade() -> None:
        engine = create_async_engine(database.sqlalchemy_url)
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))
        await engine.dispose()

    asyncio.run(upgrade())
    assert database.query("SELECT version_num FROM alembic_version") == [("0008",)]


def test_the_way_back_to_alembic_ini_is_as_described(checkout):
    whole, bundled = checkout.upgrade(), checkout.versions
    Path(checkout.folder / "alembic.ini").write_text(BLOCKS["ini"])
    assert answered(checkout, "current") == "0008 (head)\n"  # with both files
    before = tomllib.loads((checkout.folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert checkout.run("sh", "-c", BLOCKS["sh"]).returncode == 0
    del before["tool"]["alembic"]
    assert tomllib.loads((checkout.folder / "pyproject.toml").read_text(encoding="utf-8")) == before

    assert answered(checkout, "current") == "0008 (head)\n"
    answered(checkout, "check")
    answered(checkout, "revision", "--autogenerate", "-m", "With an ini file")
    (name,) = checkout.versions - bundled
    assert re.fullmatch(r"\d{8}_\d{4}_[0-9a-f]{12}_with_an_ini_file\.py", name)
    answered(checkout, "upgrade", "head")
    assert checkout.make("migrate-reset", "CONFIRM=yes").returncode == 0
    assert checkout.schema == []
    assert checkout.make("migrate-up").returncode == 0
    assert checkout.schema == whole
    (checkout.folder / "alembic.ini").unlink()
    assert "No 'script_location' key found" in checkout.alembic("current").stdout  # nothing else was read
