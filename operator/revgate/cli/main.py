"""Entry of the ``revgate`` command: finds the verb and loads its module, and no other."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final

from revgate import __version__

VERBS: Final = {
    "job": "bring a database to a revision and report to the operator: what the migration Job runs",
    "wait": "wait until a database serves the revisions that an app requires: what an init container runs",
    "operator": "watch SchemaMigrations and run their Jobs",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb = words[0] if words else ""
    if verb not in VERBS:
        return _no_verb(words)
    module = importlib.import_module(f"revgate.cli.{verb}")
    parser = argparse.ArgumentParser(prog=f"revgate {verb}", description=VERBS[verb])
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(words[1:]))
    return code


def _no_verb(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="revgate", description="Alembic on Kubernetes")
    parser.add_argument("--version", action="version", version=f"revgate {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", title="verbs")
    for name, text in VERBS.items():
        verbs.add_parser(name, help=text)
    parser.parse_args(words)
    parser.print_help(sys.stderr)
    return 2
