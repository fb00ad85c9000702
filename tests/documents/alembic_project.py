"""An Alembic project of a reader's own, made by `alembic init` in the place's folder."""

import re
import subprocess
from pathlib import Path
from typing import Final

from documents.places import Place
from documents.running_shell import Done, bash

ENGINE: Final = (
    'engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool)'
)
_ONLINE: Final = re.compile(r"def run_migrations_online\(\).*?(?=\nif context\.is_offline_mode)", re.DOTALL)


def init(place: Place, folder: str = "alembic") -> Path:
    """Make a project with the database in its alembic.ini; return the folder of its scripts."""
    done = bash(place, f"alembic init {folder}")
    assert done.returncode == 0, done
    ini = place.folder / "alembic.ini"
    url = place.sync_url.replace("%", "%%")
    ini.write_text(re.sub("(?m)^sqlalchemy.url = .*$", lambda _: f"sqlalchemy.url = {url}", ini.read_text()))
    return place.folder / folder


def write_env(scripts: Path, online: str) -> None:
    """Put a block in the place of env.py's online half."""
    env = scripts / "env.py"
    written, count = _ONLINE.subn(lambda _: online, env.read_text(encoding="utf-8"))
    assert count == 1
    env.write_text(written, encoding="utf-8")


def add_revision(place: Place, scripts: Path, table: str) -> Path:
    """Make a revision that creates a table."""
    path = new_revision(place, scripts, f'alembic revision -m "create {table}"')
    body = f'op.create_table("{table}", sa.Column("id", sa.Integer(), primary_key=True))'
    text = path.read_text(encoding="utf-8")
    text = text.replace("    pass", f"    {body}", 1).replace("    pass", f'    op.drop_table("{table}")', 1)
    path.write_text(text, encoding="utf-8")
    return path


def new_revision(place: Place, scripts: Path, command: str) -> Path:
    """Run a command that makes one revision file, and return it."""
    before = set((scripts / "versions").glob("*.py"))
    done: Done = bash(place, command)
    assert done.returncode == 0, done
    (path,) = set((scripts / "versions").glob("*.py")) - before
    return path


def psql(place: Place, text: str) -> subprocess.CompletedProcess[str]:
    """Run a script of SQL as a reader would."""
    path = place.folder / "block.sql"
    path.write_text(text, encoding="utf-8")
    return bash(place, "psql $DATABASE_URL --no-psqlrc --set ON_ERROR_STOP=1 --tuples-only --no-align -f block.sql")
