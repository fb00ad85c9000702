"""Where the revisions are, when env.py says so: a question about the files alone would not see them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from revgate.migration.errors import MigrationError
from revgate.migration.library.engines import database_of
from revgate.migration.look import look_at_project
from revgate.migration.output.places import shown
from revgate.migration.plans.offline import look_offline
from revgate.migration.project.scripts import Scripts
from revgate.migration.project.target import HEADS
from revgate.migration.run import Request

_WORD: Final = "version_locations"
_DIALECT: Final = "postgresql"


def env_may_locate(directory: ScriptDirectory) -> bool:
    """Say whether env.py may name other folders than the configuration: it has the word, or there is nothing there."""
    env = Path(directory.env_py_location)
    text = env.read_text(encoding="utf-8", errors="replace") if env.is_file() else ""
    return _WORD in text or not any(_files(folder) for folder in _folders(directory))


def locate(scripts: Scripts, engine: sa.Engine | None) -> str:
    """Run env.py, so that it tells the script directory where the revisions are; nothing is applied.

    It is run as for `--sql`, and only if that tells nothing with the database that there may be.

    Returns:
        A sentence for a person when it could not be run; else "".
    """
    before = list(scripts.directory.version_locations)
    asked = look_offline(scripts, engine.dialect.name if engine else _DIALECT)
    if not asked.note or scripts.directory.version_locations != before:
        return ""
    failed = "it has no offline mode, and no database was named"
    if engine is not None:
        failed = _ask_with_database(scripts, engine)
    if not failed or scripts.directory.version_locations != before:
        return ""
    name = shown(scripts.directory.env_py_location)
    return f"{name} was not run ({failed}), so the {_WORD} that it may set were not seen"


def _ask_with_database(scripts: Scripts, engine: sa.Engine) -> str:
    """Return why env.py could not be run to where it sets the scene, "" when it was."""
    request = Request(database_of(engine, echo=False), scripts)
    try:
        with request.database.open(request.visit(reads_only=True)) as sessions:
            look_at_project(scripts, HEADS, sessions)
    except MigrationError as error:
        return str(error)
    return ""


def _folders(directory: ScriptDirectory) -> Sequence[str]:
    """Return the folders that the configuration names; not by Alembic, which would remember them."""
    return directory.version_locations or [str(Path(directory.dir) / "versions")]


def _files(folder: str) -> bool:
    return ":" in folder or any(Path(folder).glob("**/*.py*"))  # "package:folder" is not looked up for this
