"""Whether autogenerate would see the ledger in a project, and the line for env.py that hides it there."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import alembic
from alembic.script import ScriptDirectory

from revgate.contract import names
from revgate.migration.including.plugin import NAME
from revgate.migration.output.places import shown
from revgate.migration.project.check import Problem

LINE: Final = (
    f'include_name=lambda name, type_, parents: type_ != "table" or (name != "{names.LEDGER_TABLE_BESIDE}" and '
    f'(parents.get("schema_name"), name) != ("{names.LEDGER_SCHEMA}", "{names.LEDGER_TABLE}"))'
)
"""For context.configure, where the plugin cannot work."""

_ASKS_FOR_ALL: Final = "include_schemas"  # only then it is seen in a schema of its own
_CHOOSES: Final = "autogenerate_plugins"


def check_hiding(directory: ScriptDirectory) -> Iterator[Problem]:
    """Warn when env.py lets autogenerate look into all schemas and nothing hides the ledger; env.py is not run."""
    env = Path(directory.env_py_location)
    text = env.read_text(encoding="utf-8", errors="replace") if env.is_file() else ""
    if _ASKS_FOR_ALL not in text or names.LEDGER_TABLE in text or "include_in_alembic" in text:
        return
    why = _why_not(text)
    if why:
        message = (
            f"{shown(env)} sets {_ASKS_FOR_ALL}, and {why}: autogenerate would drop the ledger; give context.configure "
            f"{LINE}"
        )
        yield Problem("ledger-in-sight", message, (shown(env),), is_warning=True)


def _why_not(env: str) -> str:
    """Say why the plugin does not hide the ledger, "" when it does."""
    if find_spec("alembic.runtime.plugins") is None:
        return f"Alembic {alembic.__version__} has no plugins"
    if not entry_points(group="alembic.plugins", name=NAME):
        return "revgate is not installed with its plugin"
    if _CHOOSES in env and NAME not in env and "alembic.autogenerate.*" not in env:
        return f"{_CHOOSES} leaves out {NAME}"
    return ""
