"""New revision files, made as `alembic revision` makes them: by the project's template, its naming and its hooks."""

import sys
from contextlib import redirect_stdout
from pathlib import Path

from alembic import command
from alembic.script import Script
from alembic.util import CommandError

from revgate.migration.errors import BrokenScripts, InvalidOptions
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line
from revgate.migration.project.check import check_scripts
from revgate.migration.project.scripts import Scripts


def create_revision(scripts: Scripts, message: str) -> str:
    """Write a new revision file on top of the head and return its path.

    Raises:
        InvalidOptions: if the message cannot be the first line of the file.
        BrokenScripts: if the files that are there are no history with one head, or the template is broken.
    """
    _refuse_message(message)
    fault = next((problem for problem in check_scripts(scripts.directory) if not problem.is_warning), None)
    if fault:
        raise BrokenScripts(fault.message)
    try:
        with redirect_stdout(sys.stderr):  # Alembic tells which file it makes, and hooks tell more
            script = command.revision(scripts.config, message)
    except CommandError as error:
        raise BrokenScripts(f"No revision was created: {str(error).splitlines()[0]}") from error
    except Exception as error:  # the template and the hooks are the user's
        template = shown(Path(scripts.directory.dir) / "script.py.mako")
        raise BrokenScripts(f"No revision was created by {template}: {first_line(error)}") from error
    assert isinstance(script, Script)
    return shown(script.path)


def _refuse_message(message: str) -> None:
    """Refuse what the docstring of the new file cannot hold."""
    if not message.strip():
        raise InvalidOptions("The message is empty: say in a few words what the revision does")
    if '"""' in message or "\\" in message or message.endswith('"') or not message.isprintable():
        raise InvalidOptions("The message becomes a docstring: leave out backslashes, line ends and quotes at its end")
