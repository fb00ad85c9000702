"""The verb `init`: a new Alembic project that works with `revgate` and with plain `alembic`."""

import argparse
from pathlib import Path
from typing import Final

from revgate.cli.database_options import add_debug_option

EPILOG: Final = """\
Examples:
  %(prog)s .             # into the pyproject.toml of this folder
  %(prog)s shop          # in a new folder
  %(prog)s shop --ini    # with an alembic.ini"""
_NEXT: Final = """
Next:
  cd {directory}
  export DATABASE_URL=postgresql://USER:PASSWORD@HOST:PORT/NAME    # or sqlite:///FILE
  revgate create -m 'Add accounts'
  revgate upgrade"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `init`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder of the project, created if missing")
    parser.add_argument("--ini", action="store_true", help="write an alembic.ini and leave pyproject.toml alone")
    add_debug_option(parser)


def run(args: argparse.Namespace) -> int:
    """Create the files, and print which and what comes next."""
    from revgate.migration.project.project_files import create_project  # noqa: PLC0415  Alembic is loaded for a run only

    for path in create_project(args.directory, with_ini=args.ini):
        print(path)
    print(_NEXT.format(directory=args.directory))
    return 0
