"""Which file says where a command's Alembic scripts are: the one that was named, the project's own, or none."""

import configparser
import tomllib
from collections.abc import Mapping
from configparser import ConfigParser
from pathlib import Path
from typing import Final

from revgate.migration.errors import BrokenScripts, NoScripts
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line
from revgate.migration.project.scripts import CONFIG_VARIABLE

INI: Final = "alembic.ini"
TOML: Final = "pyproject.toml"


def choose_config(option: str, environ: Mapping[str, str]) -> Path | None:
    """Return the file of --config, else of ALEMBIC_CONFIG, else of the working directory; None when there is none.

    Raises:
        NoScripts: if the file that was named does not exist or has no section for Alembic.
        BrokenScripts: if it cannot be read.
    """
    if option:
        return _named(option, "--config")
    if environ.get(CONFIG_VARIABLE):
        return _named(environ[CONFIG_VARIABLE], CONFIG_VARIABLE)
    if Path(INI).is_file():
        return _readable(Path(INI))
    return Path(TOML) if has_section(Path(TOML)) else None


def has_section(path: Path) -> bool:
    """Whether a pyproject.toml exists and has [tool.alembic].

    Raises:
        BrokenScripts: if it is no TOML.
    """
    try:
        return path.is_file() and "alembic" in tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BrokenScripts(f"{shown(path)} could not be read: {first_line(error)}") from error


def _named(text: str, source: str) -> Path:
    path = Path(text)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise NoScripts(f"Configuration file {text} of {source} {what}: name an {INI} or a {TOML} with [tool.alembic]")
    if path.suffix == ".toml" and not has_section(path):
        raise NoScripts(f"{text} of {source} has no [tool.alembic]: add it with `script_location`, or name an {INI}")
    return path if path.suffix == ".toml" else _readable(path)


def _readable(path: Path) -> Path:
    try:
        ConfigParser(interpolation=None).read(path, encoding="utf-8")
    except (OSError, UnicodeDecodeError, configparser.Error) as error:  # its text may quote the file: class only
        raise BrokenScripts(f"{shown(path)} could not be read: {type(error).__name__}") from error
    return path
