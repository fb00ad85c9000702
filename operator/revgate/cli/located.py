"""The scripts of a verb that asks no database, with the folders of revisions that only env.py names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from revgate.cli.database_options import open_engine, scripts_of

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Engine

    from revgate.migration.project.scripts import Scripts


def located_scripts(args: argparse.Namespace) -> Scripts:
    """Return the scripts that the options mean; env.py is run where it may say where they are.

    Raises:
        MigrationError: if there are none.
    """
    from revgate.migration.located import env_may_locate, locate  # noqa: PLC0415  Alembic is loaded for a run only

    scripts = scripts_of(args)
    if env_may_locate(scripts.directory):
        note = locate(scripts, _engine())
        if note:
            print(note, file=sys.stderr)
    return scripts


def _engine() -> Engine | None:
    """Return an engine of the database, where one is named."""
    from revgate.migration.errors import MigrationError  # noqa: PLC0415  see located_scripts

    try:
        return open_engine()
    except MigrationError:
        return None
