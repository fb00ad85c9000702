"""A program in the environment of a public project: it migrates databases by plain Alembic and by revgate.

CONFIG VARIABLE PLACE [WAY URL]...: an alembic.ini, the variable that env.py reads, "thread" where env.py wants a worker
thread of AnyIO or "here", and for each database "plain" or "revgate" and its URL.
"""

import os
import sys

import anyio
import anyio.to_thread
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from revgate import MigrationRunner

BLOCKING = {"postgresql+asyncpg": "postgresql+psycopg", "sqlite+aiosqlite": "sqlite"}


def plain(path: str, url: str) -> None:
    config = Config(path)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "heads")


def revgate(path: str, url: str) -> None:
    found = sa.make_url(url)
    found = found.set(drivername=BLOCKING.get(found.drivername, found.drivername))
    MigrationRunner(sa.create_engine(found, poolclass=sa.NullPool), path).upgrade_to_version("heads")


def main(path: str, variable: str, place: str, *databases: str) -> None:
    for way, url in zip(databases[::2], databases[1::2], strict=True):
        os.environ[variable] = url
        work = {"plain": plain, "revgate": revgate}[way]
        if place == "thread":
            anyio.run(anyio.to_thread.run_sync, work, path, url)
        else:
            work(path, url)


main(*sys.argv[1:])
