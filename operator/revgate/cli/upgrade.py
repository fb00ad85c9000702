"""The verb `upgrade`: apply what is pending, or print its SQL."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Final

from revgate.cli import plan
from revgate.cli.database_options import add_database_options
from revgate.cli.ledger_options import EDITED, EDITED_HELP
from revgate.cli.migrating import migrating
from revgate.cli.quick import NOTHING_WAS_PENDING, UPGRADED
from revgate.cli.settled import settled_head

if TYPE_CHECKING:
    from revgate.migration.backups.backup import Backup

EPILOG: Final = """\
Examples:
  %(prog)s                  # to the newest revision
  %(prog)s 0005 --echo      # up to one, with its SQL
  %(prog)s --sql > up.sql   # what the database lacks
  psql -v ON_ERROR_STOP=1 -f up.sql
  %(prog)s 0005:head --sql  # without a database

An upgrade never goes down, may be run by many at once, and goes on where an
earlier one was stopped."""

_NEWEST: Final = ("head", "heads")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `upgrade`."""
    parser.add_argument(
        "revision",
        nargs="?",
        default="head",
        metavar="REVISION",
        help="head, heads, a revision, the name of its file or BRANCH@head (default: head)",
    )
    parser.add_argument(
        "--sql", action="store_true", help="run nothing, print the SQL; the same as `plan --format sql`"
    )
    parser.add_argument(
        "--baseline",
        default="",
        metavar="ID",
        help="where a database is that has tables and no revision: it is stamped with it first",
    )
    parser.add_argument("--backup", metavar="FOLDER", help="back up into it before the first statement; see `backup`")
    parser.add_argument("--edited", choices=EDITED, default=EDITED[0], help=EDITED_HELP)
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Upgrade the database."""
    if args.sql:
        return _print_sql(args)
    head = _settled_head(args)
    if head:
        _say_nothing_pending(head)
        print(UPGRADED.format(args.revision))
        return 0
    with migrating(args, "upgrade", edited=args.edited, baseline=args.baseline, backup=_backup(args.backup)) as runner:
        runner.upgrade_to_version(args.revision)
    result = runner.last_result
    assert result is not None
    if not result.revisions:
        _say_nothing_pending(", ".join(result.current) or "base")
    if result.revisions or args.revision in _NEWEST:
        print(UPGRADED.format(args.revision))
    else:
        print(f"✓ Database includes {args.revision} already")
    return 0


def _backup(folder: str | None) -> Backup | None:
    if not folder:
        return None
    from revgate.migration.backups.backup import Backup  # noqa: PLC0415  Alembic is loaded for a run only

    return Backup(folder)


def _settled_head(args: argparse.Namespace) -> str:
    """Return where the database is if that is the only head, with nothing missing below and nothing edited; else ""."""
    if args.revision not in _NEWEST or args.edited != EDITED[0]:
        return ""
    return settled_head(args, with_ledger=True)


def _say_nothing_pending(place: str) -> None:
    print(NOTHING_WAS_PENDING.format(place), file=sys.stderr)


def _print_sql(args: argparse.Namespace) -> int:
    start, colon, target = args.revision.rpartition(":")
    dialect = _dialect() if colon else None
    words = {"format": "sql", "start": start or ("base" if colon else ""), "target": target, "dialect": dialect}
    return plan.run(argparse.Namespace(**{**vars(args), **words}))


def _dialect() -> str | None:
    """Return the dialect of the URL, where there is one: no database is asked."""
    from revgate.migration.errors import InvalidDatabaseUrl  # noqa: PLC0415  the same
    from revgate.migration.settings.database_url import find_database_url  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.settings.dotenv import read_dotenv  # noqa: PLC0415  the same

    try:
        return find_database_url(os.environ, read_dotenv()).url.get_backend_name()
    except InvalidDatabaseUrl:
        return None
