"""The verb `create`: a new revision file in the user's own project."""

import argparse
from typing import Final

from revgate.cli.database_options import add_database_options, config_of, scripts_of

EPILOG: Final = """\
Examples:
  %(prog)s -m 'Add accounts'    # prints the path of the file
  $EDITOR "$(%(prog)s -m 'Add accounts')"

It follows the head, by the project's own script.py.mako, file_template and
post_write_hooks. `alembic revision --autogenerate` fills it in from models."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `create`."""
    parser.add_argument("-m", "--message", required=True, help="what the revision does, in a few words")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Create the file and print its path."""
    from revgate.migration.errors import InvalidOptions  # noqa: PLC0415  the same
    from revgate.migration.project.creating import create_revision  # noqa: PLC0415  Alembic is loaded for a run only

    if config_of(args) is None:
        raise InvalidOptions(
            "The bundled revisions are revgate's own: make a project for yours with `revgate init DIR`"
        )
    print(create_revision(scripts_of(args), args.message))
    return 0
