"""What tests of backups ask for: the programs of a server, a database's URL, and what is in a folder."""

from pathlib import Path

import sqlalchemy as sa

from support.servers import Database, Server


def binaries(server: Server) -> Path:
    return Path(next(word for word in server.postmaster.command if word.endswith("/postgres"))).parent


def url_of(database: Database) -> sa.URL:
    return sa.make_url(database.sqlalchemy_url)


def kept(backups: Path) -> list[str]:
    return sorted(path.name for path in backups.iterdir())
