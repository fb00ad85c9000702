"""Histories of whatever shape, written in a line, and moved by revgate or by plain Alembic in this process.

`a1 a2<-a1 m3<-a2,b2 x2<-x1+m3 a4<-a3|a2`: after the arrow are the parents, after the plus what it depends on, after
the bar its floor. The revisions do nothing: what is looked at is the version table and the ledger.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from database.projects.project import make_project
from revgate.contract import names
from revgate.gate.address import parse_url
from revgate.gate.connection import find_driver
from revgate.gate.look import Line, Question, Source, look
from revgate.migration.findings import Findings
from revgate.migration.ledger import Edited, LedgerWish, Provenance
from revgate.migration.library.engines import database_of
from revgate.migration.project.revisions import read_revisions
from revgate.migration.project.scripts import find_scripts
from revgate.migration.run import Request, migrate
from revgate.migration.stamping import stamp
from revgate.migration.undo import downgrade
from support.servers import Database

_ROW = re.compile(r"(?P<id>[^<+|]+)(<-(?P<down>[^+|]+))?(\+(?P<needs>[^|]+))?(\|(?P<floor>.+))?")
_FILE = """\
revision = {id!r}
down_revision = {down!r}
depends_on = {needs!r}
{floor}

def upgrade():
    pass


def downgrade():
    pass
"""


@dataclass(frozen=True)
class Recorded:
    """A project of such revisions in front of a database, and who runs it."""

    folder: Path
    url: str = field(repr=False)

    @property
    def engine(self) -> sa.Engine:
        return sa.create_engine(self.url, poolclass=sa.NullPool)

    def file(self, revision: str) -> Path:
        return self.folder / "migrations" / "versions" / f"{revision}_change.py"

    def scripts(self, shape: str) -> "Recorded":
        """Have just these revisions."""
        for old in self.file("").parent.glob("*.py"):
            old.unlink()
        for row in shape.split():
            found = _ROW.fullmatch(row)
            assert found, row
            several = [tuple(part.split(",")) if part else None for part in found.group("down", "needs")]
            floor = f"serves_from = {found['floor']!r}\n" if found["floor"] else ""
            text = _FILE.format(id=found["id"], down=several[0], needs=several[1], floor=floor)
            self.file(found["id"]).write_text(text)
        return self

    def edit(self, *revisions: str) -> None:
        for revision in revisions:
            with self.file(revision).open("a") as file:
                file.write("\nedited = True\n")

    def upgrade(self, target: str = "heads", edited: str = "refuse", **provenance: str) -> Findings:
        """Run what a Job runs."""
        findings = Findings()
        migrate(self.request(edited, **provenance), target, findings)
        return findings

    def downgrade(self, target: str) -> None:
        downgrade(self.request(), target, Findings())

    def stamp(self, target: str) -> None:
        stamp(self.request(), target, Findings())

    def plain(self, verb: str, target: str) -> None:
        """Run a command of Alembic: upgrade, downgrade or stamp."""
        config = Config(str(self.folder / "alembic.ini"))
        with self.engine.connect() as connection:
            config.attributes["connection"] = connection
            getattr(command, verb)(config, target)
            connection.commit()

    def request(self, edited: str = "refuse", **provenance: str) -> Request:
        scripts = find_scripts({"ALEMBIC_CONFIG": str(self.folder / "alembic.ini")}, bundled=False)
        wish = LedgerWish(edited=Edited(edited))
        return Request(database_of(self.engine, echo=False), scripts, ledger=wish, provenance=Provenance(**provenance))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.engine.begin() as connection:
            found = connection.exec_driver_sql(statement)
            return [tuple(row) for row in found] if found.returns_rows else []

    @property
    def table(self) -> str:
        is_postgresql = self.engine.dialect.name == "postgresql"
        return f"{names.LEDGER_SCHEMA}.{names.LEDGER_TABLE}" if is_postgresql else names.LEDGER_TABLE_BESIDE

    def states(self) -> dict[str, str]:
        """Return revision and state, as the ledger has them."""
        return dict(self.query(f"SELECT revision, state FROM {self.table} ORDER BY 1"))

    def digests(self) -> dict[str, str]:
        """Return revision and digest of the rows that are not reverted."""
        return dict(self.query(f"SELECT revision, digest FROM {self.table} WHERE state <> 'reverted'"))

    def checksums(self) -> dict[str, str]:
        return dict(self.query(f"SELECT revision, checksum FROM {self.table}"))

    def of_files(self) -> dict[str, str]:
        """Return the checksums of the files as they are now."""
        known = read_revisions(self.request().scripts.directory).known
        return {revision: one.checksum for revision, one in known.items()}


def make_recorded(folder: Path, url: str) -> Recorded:
    """Return a project without revisions."""
    return Recorded(make_project(folder).folder, url)


def ask(database: Database, *requires: str, table: str = "alembic_version", schema: str = "") -> Line:
    """Ask as `revgate wait` does, once."""
    address = parse_url(database.url, names.DATABASE_URL)
    source = Source(find_driver(), address, table, schema)
    return look(source, Question(requires, "serves", address.name, address.user))
