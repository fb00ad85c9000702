"""The revision files one by one, as they are: one that is broken does not hide the others, as it does for Alembic."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from alembic.script import ScriptDirectory
from alembic.util import load_python_file

from revgate.migration.environment.stdout_kept import stdout_kept
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line
from revgate.migration.project.headers import REPEATABLE
from revgate.migration.project.revisions import blame_revision_file


class Downgrade(StrEnum):
    """What a revision has for the way back."""

    PRESENT = "present"
    EMPTY = "empty"  # a body that does nothing, where the one of upgrade does something
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file of the versions folder that cannot be used; the message names it, and the line where there is one."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class RevisionFile:
    """What one file says, with nothing looked up."""

    path: str
    revision: str
    parents: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    floor: str = ""
    downgrade: Downgrade = Downgrade.PRESENT


def read_files(directory: ScriptDirectory) -> tuple[RevisionFile | BrokenFile, ...]:
    """Import every file that Alembic would, and return what each says; env.py is only parsed."""
    with stdout_kept():  # a file that prints when it is imported does not answer
        files = [_read(directory, path) for path in revision_paths(directory)]
    return (*_unparsable(Path(directory.env_py_location)), *files)


def _unparsable(environment: Path) -> Iterator[BrokenFile]:
    try:
        ast.parse(environment.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        line = f" at line {error.lineno}" if isinstance(error, SyntaxError) else ""
        yield BrokenFile(shown(environment), f"{shown(environment)} could not be read{line}: {first_line(error)}")


def revision_paths(directory: ScriptDirectory) -> Iterator[Path]:
    """Yield the files that Alembic would import."""
    pattern = "**/*.py" if directory.recursive_version_locations else "*.py"
    for folder in directory._version_locations:  # noqa: SLF001  the public one may hold "package:folder"
        for path in sorted(Path(folder).glob(pattern)):
            if not path.name.startswith((".#", "__init__")):
                yield path


def _read(directory: ScriptDirectory, path: Path) -> RevisionFile | BrokenFile:
    try:
        module = load_python_file(path.parent, path.name)
        return _told(module, path)
    except (Exception, SystemExit) as error:  # noqa: BLE001  it is a stranger's code that runs here
        blamed = blame_revision_file(directory, error)
        text = f"Revision file {shown(path)} could not be read: {first_line(error)}"
        return BrokenFile(shown(path), str(blamed or text))


def _told(module: ModuleType, path: Path) -> RevisionFile | BrokenFile:
    words = vars(module)
    revision, floor = words.get("revision"), words.get("serves_from") or ""
    for name, value in (("revision", revision), ("serves_from", floor)):
        if not isinstance(value, str):
            fault = "has no `revision`" if value is None else f"sets {name} to {value!r}, which is no string"
            return BrokenFile(shown(path), f"File {shown(path)} {fault}: write {name} = '...', or move the file")
    assert isinstance(revision, str)
    if not isinstance(repeatable := words.get(REPEATABLE, False), bool):
        text = f"File {shown(path)} sets {REPEATABLE} to {repeatable!r}: write True or False, or another name"
        return BrokenFile(shown(path), text)
    return RevisionFile(
        path=shown(path),
        revision=revision,
        parents=_several(words.get("down_revision")),
        depends_on=_several(words.get("depends_on")),
        labels=_several(words.get("branch_labels")),
        floor=floor,
        downgrade=_downgrade(module, path),
    )


def _several(value: object) -> tuple[str, ...]:
    """Return a value of Alembic's as a tuple: None, a string or several."""
    if isinstance(value, (list, tuple, set)):
        return tuple(str(one) for one in value)
    return () if value is None else (str(value),)


def _downgrade(module: ModuleType, path: Path) -> Downgrade:
    if not callable(getattr(module, "downgrade", None)):
        return Downgrade.MISSING
    functions = {node.name: node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef)}
    up, down = functions.get("upgrade"), functions.get("downgrade")
    does_nothing = up and down and _is_empty(down) and not _is_empty(up)
    return Downgrade.EMPTY if does_nothing else Downgrade.PRESENT


def _is_empty(function: ast.FunctionDef) -> bool:
    """Whether there is nothing in it but `pass`, `...` or a docstring."""
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.body
    )
