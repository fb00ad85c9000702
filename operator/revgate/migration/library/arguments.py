"""The arguments of a runner, refused with one sentence where they are none that they can be.

A type checker says the same; but versions come out of YAML as numbers, and flags out of the environment as text.
"""

import difflib
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from revgate.migration.backups.backup import Backup
from revgate.migration.errors import InvalidOptions, UnknownTarget
from revgate.migration.ledger import Edited
from revgate.migration.library.engine_kinds import is_async_engine


def refuse_engine(engine: object) -> None:
    """Raise InvalidOptions unless this is an engine of either kind."""
    if not isinstance(engine, Engine) and not is_async_engine(engine):
        raise InvalidOptions(
            f"MigrationRunner was given a {type(engine).__name__}: give it the Engine of create_engine or the "
            "AsyncEngine of create_async_engine"
        )


def refuse_no_bool(**given: object) -> None:
    """Raise InvalidOptions unless each of these is True or False."""
    for name, value in given.items():
        if not isinstance(value, bool):
            raise InvalidOptions(f"Argument {name} is {value!r}: give True or False, and no text")


def refuse_options(given: Mapping[str, object], known: Collection[str]) -> None:
    """Raise InvalidOptions if one of the options has another name or kind than it can have."""
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or [", ".join(known)]
            raise InvalidOptions(f"Argument {name} is unknown to MigrationRunner: near it is {near[0]}")
        wanted = _wanted(name, value)
        if wanted:
            raise InvalidOptions(f"Argument {name} is {value!r}: give {wanted}")


def config_path(path: str | os.PathLike[str] | None) -> Path | None:
    """Return the path of a configuration that is there.

    Raises:
        InvalidOptions: naming the file that is not.
    """
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidOptions(f"Alembic configuration is a {type(path).__name__}: give the path of a file")
    found = Path(path)
    if not found.is_file():
        raise InvalidOptions(
            f"Alembic configuration {path or repr(path)} is no file: name an alembic.ini or a pyproject.toml"
        )
    return found


def refuse_no_version(version: object) -> None:
    """Raise UnknownTarget unless this is a text."""
    if not isinstance(version, str):
        raise UnknownTarget(f'Version {version!r} is no text: write it in quotes, such as "0005"')


def way_down(steps: object, target: object) -> str:
    """Return what a downgrade is asked for in Alembic's words: a target, or -N.

    Raises:
        UnknownTarget: if it is nothing that one can ask for.
    """
    if target is not None:
        refuse_no_version(target)
        return str(target)
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise UnknownTarget(f"Downgrade by {steps!r} steps is none: give a number from 1, or a target")
    return f"-{steps}"


def _wanted(name: str, value: object) -> str:
    """Return what an option should be, "" when it is that."""
    if name in _KINDS:
        is_right, wanted = _KINDS[name]
        return "" if is_right(value) else wanted
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        return "a number from 0"
    return "a whole number" if name == "lock_retries" and not isinstance(value, int) else ""


def _are_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)


_KINDS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "backup": (lambda value: value is None or isinstance(value, Backup), "a Backup(folder)"),
    "baseline": (lambda value: isinstance(value, str), 'a revision as text, such as "0001"'),
    "edited": (lambda value: value in tuple(Edited), " or ".join(map(repr, map(str, Edited)))),
    "on_result": (lambda value: value is None or callable(value), "a function"),
    "x_args": (_are_texts, 'a list of texts, such as ["tenant=acme"]'),
}
