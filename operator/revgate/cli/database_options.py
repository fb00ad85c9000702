"""The options that every verb has which reads scripts or a database, and what they mean.

The URL is no option: everybody on the machine sees the arguments of a program.
"""

from __future__ import annotations

import os
import shlex
import sys
from functools import cache
from typing import TYPE_CHECKING, Final, Unpack

from revgate.contract import names

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from sqlalchemy import Engine

    from revgate.migration.library.runner import MigrationRunner, Options
    from revgate.migration.project.scripts import Scripts

_NO_PROJECT: Final = (
    "No alembic.ini and no [tool.alembic] is in this folder: the bundled ledger is used (--bundled says so at once)"
)


def add_database_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which scripts are used, and how much is told."""
    group = parser.add_argument_group("Scripts and output")
    add = group.add_argument
    add(
        "-c",
        "--config",
        default="",
        metavar="FILE",
        help="alembic.ini or pyproject.toml (default: $ALEMBIC_CONFIG, then the one in this folder, then the bundled)",
    )
    add(
        "-x",
        action="append",
        metavar="KEY=VALUE",
        help="tell it to env.py, as `alembic -x` does; repeatable (default: $REVGATE_X_ARGS)",
    )
    add("--bundled", action="store_true", help="use the bundled ledger's revisions, whatever is in this folder")
    add("--echo", action="store_true", help="print the SQL that runs, on stderr")
    add_debug_option(group)


def add_debug_option(parser: argparse._ActionsContainer) -> None:
    """Add what tells more than one sentence about an error."""
    parser.add_argument("--debug", action="store_true", help="print the log, and the traceback of an error, on stderr")


def config_of(args: argparse.Namespace) -> Path | None:
    """Return the file that says where the scripts are; None for the bundled ones, with a line that says so.

    Raises:
        MigrationError: if the file that was named does not exist or cannot be read.
    """
    if args.x:
        os.environ[names.X_ARGS] = shlex.join(args.x)  # a password in it is kept out of messages, like all of these
    if args.bundled:
        return None
    from revgate.migration.settings.config_file import choose_config  # noqa: PLC0415  Alembic is loaded for a run only

    found = choose_config(args.config, os.environ)
    if found is None:
        _say_bundled()
    return found


@cache
def _say_bundled() -> None:
    print(_NO_PROJECT, file=sys.stderr)


def scripts_of(args: argparse.Namespace) -> Scripts:
    """Return the scripts that the options mean.

    Raises:
        MigrationError: if there are none.
    """
    from revgate.migration.project.scripts import CONFIG_VARIABLE, find_scripts  # noqa: PLC0415  see config_of

    config = config_of(args)
    return find_scripts({} if config is None else {**os.environ, CONFIG_VARIABLE: str(config)}, bundled=config is None)


def open_engine() -> Engine:
    """Return an engine for the database of the environment, or of the `.env` here; it keeps no connection.

    Raises:
        MigrationError: if there is no URL, or none that can be used, or no driver for it.
    """
    from revgate.migration.loaded import keep_loaded  # noqa: PLC0415  see config_of
    from revgate.migration.settings.database_url import find_database_url, make_engine  # noqa: PLC0415  see config_of
    from revgate.migration.settings.dotenv import read_dotenv  # noqa: PLC0415  see config_of

    database = find_database_url(os.environ, read_dotenv())
    if database.note:
        print(database.note, file=sys.stderr)
    os.environ.setdefault("DATABASE_URL", database.given)  # for an env.py that reads it and nothing else
    engine = make_engine(database)
    keep_loaded()
    return engine


def open_runner(
    args: argparse.Namespace, engine: Engine | None = None, **options: Unpack[Options]
) -> MigrationRunner[Engine, None]:
    """Return the runner for the database and the scripts that the options mean; `options` are the runner's own.

    Raises:
        MigrationError: if one of the two cannot be found.
    """
    from revgate.migration.library.runner import MigrationRunner  # noqa: PLC0415  see config_of
    from revgate.migration.loaded import keep_loaded  # noqa: PLC0415  see config_of
    from revgate.migration.project.scripts import x_args_of  # noqa: PLC0415  see config_of

    config = config_of(args)
    options.setdefault("x_args", x_args_of(os.environ))
    runner = MigrationRunner(engine or open_engine(), config, echo=args.echo, **options)
    keep_loaded()
    return runner
