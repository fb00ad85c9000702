"""The Alembic scripts of the image: found as the `alembic` command finds them, or the bundled ones."""

import configparser
import os
import shlex
import tomllib
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from revgate.contract import names
from revgate.migration.errors import BrokenScripts, InvalidOptions, NoScripts
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line
from revgate.migration.project.wish import SECTION, ScriptsWish

BUNDLED: Final = "revgate.migrations"
CONFIG_VARIABLE: Final = names.ALEMBIC_CONFIG
_INI: Final = "alembic.ini"
_TOML: Final = "pyproject.toml"
_REMEDY: Final = f"set {CONFIG_VARIABLE} to the image's alembic.ini or pyproject.toml"
_OTHER: Final = "name another alembic.ini or pyproject.toml"


@dataclass(frozen=True, slots=True)
class Scripts:
    """A configuration and its script directory, whose revisions are not read yet: env.py may have to go first."""

    config: Config
    directory: ScriptDirectory
    wish: ScriptsWish = field(default_factory=ScriptsWish)  # of whoever started the run, for env.py

    @property
    def place(self) -> str:
        """Return what an index of them lies beside: the configuration; or the folder of env.py, with a slash."""
        named = self.config.config_file_name or self.config.toml_file_name
        return str(named) if named else os.path.join(os.path.dirname(self.directory.env_py_location), "")  # noqa: PTH118, PTH120  a slash at the end


def find_scripts(environ: Mapping[str, str], *, bundled: bool, wish: ScriptsWish | None = None) -> Scripts:
    """Return the scripts that the run is about.

    Args:
        environ: may name the configuration, and hold the arguments for env.py.
        bundled: whether they are our own.
        wish: what is asked of them beside what the configuration says.

    Raises:
        NoScripts: naming what was looked for and what to set.
        BrokenScripts: if the configuration cannot be read.
        InvalidOptions: if the arguments for env.py cannot.
    """
    wish = wish or ScriptsWish()
    if bundled:
        return replace(_read(_bundled_config(), _REMEDY), wish=wish)
    config = _with_wish(_found_config(environ, wish), wish)
    return _told(replace(_read(config, _REMEDY), wish=wish), x_args_of(environ))


def x_args_of(environ: Mapping[str, str]) -> Sequence[str]:
    """Return what env.py is told, as `alembic -x` does it.

    Raises:
        InvalidOptions: if a quote has no end.
    """
    try:
        return shlex.split(environ.get(names.X_ARGS, ""))
    except ValueError as error:
        raise InvalidOptions(f"{names.X_ARGS} is not valid: {error}; quote it as in a shell") from None


def scripts_of(path: Path, x_args: Sequence[str] = ()) -> Scripts:
    """Return the scripts of a configuration file; its neighbour adds to it, but nothing in the working directory does.

    Its env.py gets `x_args` from context.get_x_argument().

    Raises:
        NoScripts, BrokenScripts: as find_scripts.
    """
    is_toml = path.suffix == ".toml"
    toml, ini = (path, path.with_name(_INI)) if is_toml else (path.with_name(_TOML), path)
    has_toml = _has_section(toml)
    if is_toml and not has_toml:
        raise NoScripts(f"Alembic configuration {shown(path)} has no [tool.alembic]: {_OTHER}")
    config = Config(str(ini) if ini.is_file() else None, toml_file=str(toml) if has_toml else None)
    return _told(_read(config, _OTHER), x_args)


def _told(scripts: Scripts, x_args: Sequence[str]) -> Scripts:
    if x_args:  # cmd_opts without need would say that a person typed `alembic`
        scripts.config.cmd_opts = Namespace(x=list(x_args))
    return scripts


def _read(config: Config, remedy: str) -> Scripts:
    directory = _directory(config, remedy)
    if not any((Path(directory.dir) / name).exists() for name in ("env.py", "env.pyc")):
        raise NoScripts(f"Script location {shown(directory.dir)} has no env.py: {remedy}, whose script_location has")
    return Scripts(config, directory)


def _bundled_config() -> Config:
    spec = find_spec(BUNDLED)
    if spec is None or spec.origin is None:
        raise NoScripts(f"Package {BUNDLED} is missing: install revgate whole, or leave out --bundled")
    config = Config()
    config.set_main_option("script_location", str(Path(spec.origin).parent).replace("%", "%%"))
    return config


def _with_wish(config: Config, wish: ScriptsWish) -> Config:
    try:
        if wish.section != SECTION:
            _take_section(config, wish.section)
        if wish.script_location:
            config.set_main_option("script_location", wish.script_location.replace("%", "%%"))
    except (ValueError, configparser.Error) as error:
        raise _unreadable(config, error) from error
    return config


def _take_section(config: Config, section: str) -> None:
    named = config.config_file_name
    if not named or not config.file_config.has_section(section):
        where = f"{shown(named)} has none of that name" if named else f"there is no {_INI} that could have it"
        raise NoScripts(f"Section {section} was asked for, and {where}: add it, or name another section")
    config.config_ini_section = section


def _found_config(environ: Mapping[str, str], wish: ScriptsWish) -> Config:
    named = environ.get(CONFIG_VARIABLE, "")
    if named and not Path(named).is_file():
        raise NoScripts(f"{CONFIG_VARIABLE} names {named}, which is no file in this image: {_REMEDY}")
    toml = Path(named if Path(named).name == _TOML else _TOML)
    ini = Path(named if named and Path(named).name != _TOML else _INI)
    has_ini, has_toml = ini.is_file(), _has_section(toml)
    if named and Path(named).name == _TOML and not has_toml:
        raise NoScripts(f"{CONFIG_VARIABLE} names {named}, which has no [tool.alembic]: {_REMEDY}")
    if not has_ini and not has_toml and not wish.script_location:
        raise NoScripts(
            f"No Alembic scripts were found: {CONFIG_VARIABLE} is not set, and {Path.cwd()} has no {_INI} and no "
            f"{_TOML} with [tool.alembic]; {_REMEDY}, or the container's working directory"
        )
    return Config(str(ini) if has_ini else None, toml_file=str(toml) if has_toml else None)


def _has_section(path: Path) -> bool:
    try:
        return path.is_file() and "alembic" in tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise BrokenScripts(f"{shown(path)} could not be read: {first_line(error)}") from error


def _directory(config: Config, remedy: str) -> ScriptDirectory:
    try:
        return ScriptDirectory.from_config(config)
    except (CommandError, ImportError) as error:
        named = config.config_file_name or config.toml_file_name or "the configuration"
        raise NoScripts(f"No Alembic scripts were found by {shown(named)}: {first_line(error)}; {remedy}") from error
    except (ValueError, LookupError, configparser.Error) as error:
        raise _unreadable(config, error) from error


def _unreadable(config: Config, error: Exception) -> BrokenScripts:
    """Return what to say of a file that is no configuration: the error may quote it, so its class only."""
    named = config.config_file_name or config.toml_file_name or "the configuration"
    return BrokenScripts(f"{shown(named)} could not be read: {type(error).__name__}")
