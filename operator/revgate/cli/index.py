"""The verb `index`: what an image knows of its revisions before it reads them."""

import argparse
from typing import Final

from revgate.cli.database_options import add_database_options, config_of, scripts_of

EPILOG: Final = """\
Examples:
  %(prog)s -c alembic.ini      # RUN it at the end of a Dockerfile
  %(prog)s --bundled

With it a run that finds nothing to do, and `current` and `pending` of a database
at the head, are over before Alembic is loaded, and env.py is not run for it.
Write it only where env.py finds the version table by the name alembic_version and
the search_path of the URL. A file that changes later makes the index worthless,
and nothing worse."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `index`."""
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Write the index."""
    from revgate.migration.project.indexing import make_index  # noqa: PLC0415  Alembic is loaded for a run only

    made = make_index(scripts_of(args), config_of(args))
    print(f"✓ Index of {made.count} revisions at {', '.join(made.heads)} written to {made.path}")
    if made.caveat:
        print(made.caveat)
    return 0
