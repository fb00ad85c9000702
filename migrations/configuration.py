"""[tool.alembic] of a pyproject.toml: what it says, and what in it would not mean what it seems to say.

Alembic reads this table by itself and ignores what it does not know; a text where it wants a list, it reads letter by
letter. Nobody is told of either, so env.py looks first.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from alembic.util import CommandError

_LISTS: Final = ("prepend_sys_path", "version_locations")
_OF_INI_FILES: Final = ("path_separator", "version_path_separator")
_URLS: Final = ("sqlalchemy", "sqlalchemy.url", "url")  # the first is the table that an unquoted sqlalchemy.url makes


def load_alembic_config(path: str | os.PathLike[str] = "pyproject.toml") -> dict[str, Any]:
    """Return [tool.alembic] as it is written; empty when there is no such file, as in an installed package, or table.

    Raises:
        CommandError: it has what Alembic does not read as it is meant; says what to write instead.
    """
    file = Path(path)
    table = _read(file).get("tool", {}).get("alembic", {}) if file.is_file() else {}
    _refuse_what_is_misread(table)
    return dict(table)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{file} could not be read: {error}") from error


def _refuse_what_is_misread(table: Mapping[str, Any]) -> None:
    for name in _LISTS:
        if isinstance(table.get(name), str):
            raise CommandError(
                f"{name} in [tool.alembic] is a text, and Alembic takes each letter of it for a folder: "
                f'write a list, {name} = ["{table[name]}"]'
            )
    for name in _OF_INI_FILES:
        if name in table:
            raise CommandError(f"{name} in [tool.alembic] is for alembic.ini only: remove it, a list needs none")
    if any(name in table for name in _URLS):
        raise CommandError(
            "[tool.alembic] has a database URL, and pyproject.toml is for everybody to read: "
            "move it to DATABASE_URL, in the environment or in .env"
        )
