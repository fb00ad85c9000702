"""The verb `check`: faults in the revision files, found without a database unless one is asked for."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from revgate.cli.database_options import add_database_options, open_engine, scripts_of
from revgate.cli.located import located_scripts
from revgate.cli.printing import print_json

if TYPE_CHECKING:
    from revgate.migration.project.check import Problem

EPILOG: Final = """\
Examples:
  %(prog)s             # in CI: 1 when something is wrong
  %(prog)s --strict    # also when a revision cannot be undone
  %(prog)s --applied   # also when a file is not the one that was applied
  %(prog)s --json | jq -r '.problems[].message'

It finds several heads, missing parents, circles, ids that are there twice, too
long or illegal, files that cannot be imported, missing downgrades, and an
env.py that lets autogenerate see the ledger. No database is asked, but with
--applied: its ledger then tells which revisions were edited."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `check`."""
    parser.add_argument("--strict", action="store_true", help="end with 1 for warnings, too")
    parser.add_argument("--applied", action="store_true", help="compare with what the database's ledger has, too")
    parser.add_argument("--json", action="store_true", help="print an object with the problems")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the problems; 1 if there is one that counts."""
    problems = _problems(args)
    counting = [problem for problem in problems if args.strict or not problem.is_warning]
    if args.json:
        print_json({"ok": not counting, "problems": [_as_json(one) for one in problems]})
    else:
        print(*(f"{'!' if one.is_warning else '✗'} {one.message}" for one in problems), _summary(problems), sep="\n")
    return 1 if counting else 0


def _problems(args: argparse.Namespace) -> tuple["Problem", ...]:
    """Return what is wrong; the database is asked only about files that can be read."""
    from revgate.migration.including.hiding import check_hiding  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.project.check import check_scripts  # noqa: PLC0415  the same

    directory = located_scripts(args).directory
    problems = (*check_scripts(directory), *check_hiding(directory))
    if not args.applied or not all(problem.is_warning for problem in problems):
        return problems
    from revgate.migration.applied import check_applied  # noqa: PLC0415  the same

    return (*problems, *check_applied(open_engine(), scripts_of(args), echo=args.echo))


def _summary(problems: Sequence["Problem"]) -> str:
    warnings = sum(problem.is_warning for problem in problems)
    counted = [(len(problems) - warnings, "problem"), (warnings, "warning")]
    found = " and ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counted if count)
    return found or "✓ No problems"


def _as_json(problem: "Problem") -> dict[str, object]:
    severity = "warning" if problem.is_warning else "problem"
    return {"fault": problem.fault, "severity": severity, "message": problem.message, "files": problem.files}
