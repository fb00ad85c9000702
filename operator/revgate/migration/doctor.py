"""What would trouble a migration of this database, looked for without changing anything.

    versions → URL → driver → the database's own checks (`postgresql.doctor`, `sqlite.doctor`), which ask here what
    the scripts and the version table say of each other

Every check is a value with one sentence: what is so, and where it is not well, what to do.
"""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import alembic
import sqlalchemy as sa

from revgate import __version__
from revgate.migration.database import Database, Sessions, Visit
from revgate.migration.errors import MigrationError
from revgate.migration.history import History
from revgate.migration.library.engines import database_of
from revgate.migration.look import Project, look_at_project
from revgate.migration.output.places import shown
from revgate.migration.patience import Patience
from revgate.migration.project.scripts import Scripts
from revgate.migration.project.target import pending_revisions, resolve_target
from revgate.migration.settings.database_url import DatabaseUrl, make_engine
from revgate.migration.sqlite.sessions import SQLite
from revgate.migration.standing import Standing, where_it_stands

VISIT: Final = Visit(Patience(lock=1, statement=30, connect=0), job="doctor", reads_only=True)
"""On what terms a database is examined: at once or not at all."""

_HEADS: Final = "heads"


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # a migration works, and something is not as it should be
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    sentence: str

    def as_json(self) -> dict[str, str]:
        """Return the check for --json."""
        return asdict(self)


def ok(name: str, sentence: str) -> Check:
    """Return a check that found nothing."""
    return Check(name, State.OK, sentence)


def warning(name: str, sentence: str) -> Check:
    """Return a check that found what can wait."""
    return Check(name, State.WARNING, sentence)


def problem(name: str, sentence: str) -> Check:
    """Return a check that found what cannot."""
    return Check(name, State.PROBLEM, sentence)


def diagnose(find_url: Callable[[], DatabaseUrl], find_scripts: Callable[[], Scripts]) -> tuple[Check, ...]:
    """Look at everything that can be looked at; what one check needs and another found missing is left out."""
    return tuple(_checks(find_url, find_scripts))


def _checks(find_url: Callable[[], DatabaseUrl], find_scripts: Callable[[], Scripts]) -> Iterator[Check]:
    yield _versions()
    try:
        url = find_url()
    except MigrationError as error:
        yield problem("URL", str(error))
        return
    yield ok("URL", f"{url.source} names {url.place}")
    try:
        engine = make_engine(url)
        database = database_of(engine, echo=False)
    except MigrationError as error:
        yield problem("driver", str(error))
        return
    yield _driver(engine, url)
    try:
        yield from _examine(database, find_scripts)
    except MigrationError as error:
        yield problem("connection", str(error))


def _examine(database: Database, find_scripts: Callable[[], Scripts]) -> Iterator[Check]:
    def look(sessions: Sessions) -> Project | Check:
        return look_at_scripts(sessions, find_scripts)

    if isinstance(database, SQLite):
        from revgate.migration.sqlite import doctor as sqlite  # noqa: PLC0415  they import this module

        return sqlite.examine(database, look)
    from revgate.migration.postgresql import doctor as postgresql  # noqa: PLC0415  the driver may be missing
    from revgate.migration.postgresql.sessions import PostgreSQL  # noqa: PLC0415  the same

    assert isinstance(database, PostgreSQL)
    return postgresql.examine(database, look)


def look_at_scripts(sessions: Sessions, find_scripts: Callable[[], Scripts]) -> Project | Check:
    """Return what env.py and the revision files say, or what is wrong with them."""
    try:
        return look_at_project(find_scripts(), _HEADS, sessions, imports_all=True)
    except MigrationError as error:
        return problem("scripts", str(error))


def check_scripts(project: Project) -> Check:
    """Say what the scripts have."""
    known, heads = len(project.revisions.known), project.revisions.heads
    place = shown(project.scripts.directory.dir)
    if len(heads) > 1:
        return problem(
            "scripts",
            f"{place} has {len(heads)} heads, {' and '.join(heads)}: join them with `alembic merge heads`, or upgrade "
            "to heads",
        )
    return ok("scripts", f"{place} has {known} {'revision' if known == 1 else 'revisions'}, head {heads[0]}")


def check_revisions(sessions: Sessions, project: Project) -> Check:
    """Say whether the scripts know where the database is."""
    heads, directory = sessions.heads(project.history), project.scripts.directory
    ledger = sessions.ledger(project.history)
    try:
        target = resolve_target(_HEADS, project.revisions, directory)
        standing = where_it_stands(heads, target, project.revisions.edges, ledger.edges() if ledger else {})
        behind = standing is Standing.BEHIND
        pending = pending_revisions(directory, heads, target) if behind else ()
    except MigrationError as error:
        return problem("revisions", str(error))
    return ok("revisions", _standing(", ".join(heads) or "no revision", standing, pending))


def _standing(at: str, standing: Standing, pending: Sequence[str]) -> str:
    if standing is Standing.AHEAD:
        return f"Database is at {at}, further than these scripts, and includes their head"
    if not pending:
        return f"Database is at {at}, and nothing is pending"
    return f"Database is at {at}, and `revgate upgrade` will apply {', '.join(pending)}"


def check_version_table(history: History, *, exists: bool, others: int) -> Check:
    """Say whether the database was ever migrated; `others` is how many tables lie beside."""
    if exists:
        return ok("version table", f"{history.place} is there")
    if others:
        return warning(
            "version table",
            f"{history.place} is missing beside {others} other {'table' if others == 1 else 'tables'}: if these "
            "scripts made them, say up to where with `revgate stamp REVISION`, else an upgrade tries to do it again",
        )
    return ok("version table", f"{history.place} is missing, for nothing was migrated yet: the first upgrade makes it")


def _versions() -> Check:
    return ok(
        "versions",
        f"revgate {__version__}, Python {platform.python_version()}, Alembic {alembic.__version__}, "
        f"SQLAlchemy {sa.__version__}",
    )


def _driver(engine: sa.Engine, url: DatabaseUrl) -> Check:
    module = engine.dialect.loaded_dbapi
    version = getattr(module, "__version__", None) or getattr(module, "sqlite_version", "of unknown version")
    name = module.__name__.partition(".")[0]
    return ok("driver", f"{name} {version}{'; ' + url.note if url.note else ''}")
