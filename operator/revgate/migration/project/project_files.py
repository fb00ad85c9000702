"""A new Alembic project, for `revgate` and for plain `alembic`: the URL is in none of its files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alembic.config import Config

from revgate.migration.errors import InvalidOptions
from revgate.migration.output.places import shown
from revgate.migration.settings.config_file import INI, TOML, has_section

FOLDER: Final = "migrations"
_SECTION: Final = """\
[tool.alembic]
script_location = "%(here)s/migrations"
prepend_sys_path = ["%(here)s"]
"""
_INI: Final = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = %(here)s
path_separator = os
"""
_ENV: Final = '''\
"""Runs the migrations on the database that DATABASE_URL names; its driver may block or be async."""

import asyncio
import logging
import os

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError
from sqlalchemy.ext.asyncio import create_async_engine

# What `alembic revision --autogenerate` compares the database with:
#     from my_app.models import Base
#     target_metadata = Base.metadata
target_metadata = None


def database_url() -> sa.URL:
    if not os.environ.get("DATABASE_URL"):
        raise CommandError("DATABASE_URL is not set: postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME or sqlite:///FILE")
    return sa.make_url(os.environ["DATABASE_URL"])


def write_sql() -> None:
    context.configure(
        dialect_name=database_url().get_backend_name(),
        target_metadata=target_metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        transaction_per_migration=True,
        render_as_batch=connection.dialect.name == "sqlite",  # it cannot alter a column by itself
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_on_own_connection() -> None:
    url = database_url()
    if url.get_dialect().is_async:
        asyncio.run(migrate_async(url))
        return
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        migrate(connection)


async def migrate_async(url: sa.URL) -> None:
    async with create_async_engine(url, poolclass=sa.NullPool).connect() as connection:
        await connection.run_sync(migrate)


given = context.config.attributes.get("connection")  # by revgate, or by a test
if hasattr(context.config.cmd_opts, "cmd"):  # a person typed `alembic`
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("alembic").setLevel(logging.INFO)
if context.is_offline_mode():
    write_sql()
elif given is not None:
    migrate(given)
else:
    migrate_on_own_connection()
'''


def create_project(directory: Path, *, with_ini: bool) -> Iterator[str]:
    """Write the files of a project and yield their paths.

    Raises:
        InvalidOptions: if there is a project already, or something in the way; nothing is written then.
        BrokenScripts: if the pyproject.toml that is there cannot be read.
    """
    _refuse_existing(directory)
    template = _template()
    (directory / FOLDER / "versions").mkdir(parents=True, exist_ok=True)
    yield _write(directory / FOLDER / "env.py", _ENV)
    yield _write(directory / FOLDER / "script.py.mako", template)
    yield _write(directory / FOLDER / "versions" / ".gitkeep", "")
    yield _write(directory / INI, _INI) if with_ini else _extend(directory / TOML)


def _refuse_existing(directory: Path) -> None:
    folder = directory / FOLDER
    if directory.exists() and not directory.is_dir():
        raise InvalidOptions(f"{shown(directory)} is a file: name a folder")
    if (directory / INI).exists() or has_section(directory / TOML):
        found = INI if (directory / INI).exists() else f"[tool.alembic] in its {TOML}"
        raise InvalidOptions(f"{shown(directory)} is an Alembic project already, it has {found}: nothing was written")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidOptions(f"{shown(folder)} is there already and not empty: move it, nothing was written")


def _template() -> str:
    """Return the template of revisions that the installed Alembic gives to a new project."""
    return (Path(Config().get_template_directory()) / "generic" / "script.py.mako").read_text(encoding="utf-8")


def _extend(path: Path) -> str:
    before = path.read_text(encoding="utf-8").rstrip("\n") if path.exists() else ""
    return _write(path, f"{before}\n\n{_SECTION}" if before else _SECTION)


def _write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return shown(path)
