"""The verb `lint`: what an upgrade would lock, rewrite or destroy, before it does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from revgate.cli.parsing import add_format_options
from revgate.cli.plan import add_plan_options, read_plan

if TYPE_CHECKING:
    import argparse

    from revgate.migration.plans.plan import Plan

EPILOG: Final = """\
Examples:
  %(prog)s                          what is pending in the database, by the size of its tables
  %(prog)s --from 0006              what came after a release, without a database
  %(prog)s --strict                 # in CI: 1 also for warnings
  %(prog)s --format github          annotations in a workflow of GitHub
  %(prog)s --json | jq -r '.findings[] | [.level, .rule, .message] | @tsv'

It ends with 1 when an error was found, with --strict also for a warning. Without a database
each table counts as large. A finding that you have looked at is accepted by a comment in the
revision's file:
  # lint: ignore[index-blocks-writes] forty rows, and they stay forty
The rules are in docs/lint.md; those of squawk come to them where it is installed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `lint`."""
    parser.add_argument("--strict", action="store_true", help="end with 1 for warnings, too")
    add_format_options(parser, ("text", "json", "markdown", "github"), "of the findings")
    add_plan_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 if there is one that counts."""
    from revgate.migration.plans.lint_formats import counting  # noqa: PLC0415  Alembic is loaded for a run only

    plan = read_plan(args)
    for note in plan.notes:
        print(note, file=sys.stderr)
    print(_shown(plan, args))
    return 1 if counting(plan, strict=args.strict) else 0


def _shown(plan: Plan, args: argparse.Namespace) -> str:
    from revgate.migration.plans import lint_formats  # noqa: PLC0415  see run

    match args.format:
        case "json":
            return lint_formats.lint_json(plan, strict=args.strict)
        case "markdown":
            return lint_formats.lint_markdown(plan)
        case "github":
            return lint_formats.lint_github(plan)
        case _:
            return lint_formats.lint_text(plan)
