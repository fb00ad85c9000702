"""The verb `job`: its options, and what they mean to a run."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from revgate.cli import settled
from revgate.cli.job_options import (
    add_database_arguments,
    add_project_arguments,
    asks_for_more,
    identity_of,
    scripts_of,
)
from revgate.cli.ledger_options import EDITED, EDITED_HELP
from revgate.contract.durations import parse_duration
from revgate.migration.signals import hold_signals

if TYPE_CHECKING:
    from revgate.migration.backups.backup import Backup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `revgate job`; a command line that is wrong ends with exit code 37 and a report."""
    parser.error = _refuse  # type: ignore[method-assign]  # argparse would exit with 2, which the operator cannot read
    add = parser.add_argument
    add("--target", default="head", metavar="REVISION", help="head, heads, a revision or BRANCH@head (default: head)")
    add("--bundled", action="store_true", help="use the bundled scripts instead of the image's own")
    add("--runner-timeout", type=_duration, default="10m", help="how long to wait for another runner (default: 10m)")
    add(
        "--lock-timeout", type=_duration, default="500ms", help="how long a statement waits for a lock (default: 500ms)"
    )
    add(
        "--lock-retries",
        type=_count,
        default=5,
        metavar="N",
        help="how often a revision that met the lock timeout or a deadlock is tried again, later each time (default: "
        "5, which takes 20 s)",
    )
    add(
        "--statement-timeout", type=_duration, default="0s", help="how long a statement may run (default: 0s, no limit)"
    )
    add("--total-timeout", type=_duration, default="0s", help="how long the run may take (default: 0s, no limit)")
    add("--no-ledger", action="store_true", help="keep no ledger: gates and rolled back images then cannot tell")
    add("--baseline", default="", metavar="ID", help="where a database is that has tables and no revision")
    add("--edited", choices=EDITED, default=EDITED[0], help=EDITED_HELP)
    add(
        "--backup", default="", metavar="FOLDER", help="back up into it before the first statement (default: no backup)"
    )
    add("--backup-keep", type=_number, default=3, metavar="N", help="how many backups stay there (default: 3)")
    add("--plan", action="store_true", help="tell what would be done, for approval, and do nothing")
    add("--inspect", action="store_true", help="say whether something is pending or edited, and do nothing")
    add(
        "--approved", default="", metavar="HASH", help="carry out this plan and no other (default: whatever is pending)"
    )
    add("--before-floors", action="store_true", help="stop before a revision that ends apps which are served so far")
    add("--past", default="", metavar="ID", help="the one such revision that may be applied (default: none)")
    add("--downgrade", default="", metavar="REVISION", help="undo down to this revision, or base; nothing is upgraded")
    add("--reader", action="append", metavar="ROLE", help="who may read the ledger, repeatable (default: PUBLIC)")
    add_project_arguments(parser)
    add_database_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the job and return its exit code."""
    hold_signals()
    if args.past and not args.before_floors:
        _refuse("--past goes with --before-floors")
    if _is_settled(args):
        return 0
    from revgate.migration.floors import Floors  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.job import JobOptions, run_job  # noqa: PLC0415  the same
    from revgate.migration.ledger import Edited, LedgerWish  # noqa: PLC0415  the same

    options = JobOptions(
        target=args.target,
        bundled=args.bundled,
        runner_timeout=args.runner_timeout,
        lock_timeout=args.lock_timeout,
        lock_retries=args.lock_retries,
        baseline=args.baseline,
        backup=_backup(args),
        statement_timeout=args.statement_timeout,
        total_timeout=args.total_timeout,
        ledger=LedgerWish(not args.no_ledger, tuple(args.reader or ["PUBLIC"]), Edited(args.edited)),
        plan=args.plan,
        inspect=args.inspect,
        approved=args.approved,
        floors=Floors(args.past) if args.before_floors else None,
        downgrade=args.downgrade,
        scripts=scripts_of(args),
        identity=identity_of(args),
        lint=args.lint,
    )
    return _leave(run_job(options, os.environ))


def _backup(args: argparse.Namespace) -> Backup | None:
    if not args.backup:
        return None
    from revgate.migration.backups.backup import Backup  # noqa: PLC0415  for whoever asked for one

    return Backup(args.backup, args.backup_keep)


def _is_settled(args: argparse.Namespace) -> bool:
    """Whether there was nothing to do, which is then reported, and Alembic was not needed to see it."""
    plain = (
        args.target in {"head", "heads"}
        and not (args.downgrade or args.baseline)
        and args.edited == EDITED[0]
        and not args.no_ledger
    )
    if not plain or asks_for_more(args) or (args.reader or ["PUBLIC"]) != ["PUBLIC"]:
        return False
    if settled.was_in_vain(args.bundled):
        return False
    return settled.settle_job(bundled=args.bundled)


def _leave(code: int) -> int:
    """Return the code, or end at once: a thread that env.py left behind must not keep the pod running."""
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return int(text)


def _number(text: str) -> int:
    if _count(text) == 0:
        raise argparse.ArgumentTypeError("0 is no number from 1")
    return int(text)


def _refuse(message: str) -> NoReturn:
    from revgate.migration.job import refuse_arguments  # noqa: PLC0415  a report is written by the runner's room

    sys.exit(refuse_arguments(message, os.environ))
