"""The verb `plan`: what an upgrade would do, as text, SQL, JSON or Markdown."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from revgate.cli.database_options import add_database_options, open_engine, scripts_of
from revgate.cli.ledger_options import EDITED, EDITED_PLAN_HELP
from revgate.cli.parsing import add_format_options

if TYPE_CHECKING:
    import argparse

    from revgate.migration.plans.plan import Plan

EPILOG: Final = """\
Examples:
  %(prog)s                                      what `upgrade` would do to the database now
  %(prog)s 0007                                 up to a revision
  %(prog)s --format sql > up.sql                for psql -v ON_ERROR_STOP=1 -f up.sql
  %(prog)s --format sql --from base             all of it, without a database
  %(prog)s --from 0006 --dialect sqlite         from a revision, for another database
  %(prog)s --format markdown >> $GITHUB_STEP_SUMMARY
  %(prog)s --json | jq -r '.revisions[].revision'
  %(prog)s --json | jq -e '.refused == ""'        edited revisions stop no upgrade

The database is only read: its revision, and how large the tables are that would change. The
code of the revisions runs without it: one that reads data cannot be shown as SQL, and the
plan says so. A script (--format sql) then ends before that revision, with an error, and the
exit code is 1. What `lint` finds stands before each statement."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plan`."""
    add_format_options(parser, ("text", "sql", "json", "markdown"), "of the plan (default: text)")
    add_plan_options(parser)
    parser.add_argument("--edited", choices=EDITED, default=EDITED[0], help=EDITED_PLAN_HELP)


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which plan is meant."""
    add = parser.add_argument
    add(
        "target",
        nargs="?",
        default="head",
        metavar="TARGET",
        help="head, heads, a revision or BRANCH@head (default: head)",
    )
    add("--from", dest="start", default="", metavar="REVISION", help="ask no database: it is at this revision, or base")
    add("--dialect", choices=("postgresql", "sqlite"), help="of the SQL, with --from (default: postgresql)")
    add_database_options(parser)
    parser.set_defaults(edited=EDITED[0])


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    answer = sys.stdout  # as it is before a mask is laid over it: SQL with *** in it would be other SQL
    plan = read_plan(args)
    print(_shown(plan, args.format), file=answer, flush=True)
    if args.format == "sql" and plan.edits.message:  # it is a comment in the script, too, which goes to a file
        print(plan.edits.message, file=sys.stderr)
    if args.format == "sql" and plan.not_rendered:
        print(f"{plan.not_rendered[0]}; the script ends before it", file=sys.stderr)
        return 1
    return 0


def read_plan(args: argparse.Namespace) -> Plan:
    """Return the plan that the options mean, with nothing in it that must not be shown.

    Raises:
        MigrationError: if the scripts are broken or the database could not be asked.
    """
    from revgate.migration.output.redaction import Redactor, secrets_of  # noqa: PLC0415  the same
    from revgate.migration.plans.plan import without_secrets  # noqa: PLC0415  Alembic is loaded for a run only

    plan = _offline(args) if args.start else _online(args)
    return without_secrets(plan, Redactor.of(secrets_of(os.environ)).redact)


def _shown(plan: Plan, form: str) -> str:
    from revgate.migration.plans import formats as plan_formats  # noqa: PLC0415  see run

    match form:
        case "sql":
            return plan_formats.plan_sql(plan)
        case "json":
            return plan_formats.plan_json(plan)
        case "markdown":
            return plan_formats.plan_markdown(plan)
        case _:
            return plan_formats.plan_text(plan)


def _offline(args: argparse.Namespace) -> Plan:
    from revgate.migration.plans.offline import look_offline, plan_offline  # noqa: PLC0415  see run

    scripts, dialect = scripts_of(args), args.dialect or "postgresql"
    look = look_offline(scripts, dialect)
    if look.note:
        print(look.note, file=sys.stderr)
    return plan_offline(scripts, args.start, args.target, dialect, look.options)


def _online(args: argparse.Namespace) -> Plan:
    from revgate.migration.errors import InvalidOptions  # noqa: PLC0415  see run
    from revgate.migration.ledger import Edited  # noqa: PLC0415  see run
    from revgate.migration.plans.online import plan_online  # noqa: PLC0415  see run

    if args.dialect:
        raise InvalidOptions("Option --dialect is for --from: a database has its own dialect")
    return plan_online(open_engine(), scripts_of(args), args.target, echo=args.echo, edited=Edited(args.edited))
