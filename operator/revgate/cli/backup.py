"""The verb `backup`: a verified copy of the database, and how to bring it back."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING, Final

from revgate.cli.database_options import add_database_options, config_of, open_engine
from revgate.cli.printing import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.migration.backups.backup import BackupFile
    from revgate.migration.library.inspection import Inspection

EPILOG: Final = """\
Examples:
  %(prog)s                                into this folder, the newest 3 are kept
  %(prog)s --folder /backups --keep 10    into another
  %(prog)s --json | jq -r .path

PostgreSQL is dumped by pg_dump, which must not be older than the server: the one that PG_DUMP
names, or the first on PATH. SQLite is copied while others use it. What is printed is verified;
when anything fails, nothing is left and older backups stay."""

_KEEP: Final = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `backup`."""
    add = parser.add_argument
    add("--folder", default=".", metavar="DIR", help="where the backup goes; it must exist (default: this folder)")
    add("--keep", type=_count, default=_KEEP, metavar="N", help="how many of this database stay (default: 3)")
    add("--json", action="store_true", help="print an object")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Take a backup and print what it is."""
    from revgate.migration.backups.backup import Backup  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.library.runner import MigrationRunner  # noqa: PLC0415  the same

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # half a backup is removed, too, when a pod is stopped
    engine, backup = open_engine(), Backup(args.folder, args.keep)
    backup.check(engine.url)  # before anybody connects, which would make the file of SQLite
    taken = backup.take(engine.url, _revision(lambda: MigrationRunner(engine, config_of(args), args.echo).inspect()))
    if args.json:
        print_json(taken.as_json())
    else:
        print(*text_lines(taken), sep="\n")
    return 0


def text_lines(backup: BackupFile) -> list[str]:
    """Return what a person needs to know, and the commands that bring the backup back."""
    at = "an unknown revision" if backup.revision is None else ", ".join(backup.revision) or "no revision"
    return [
        f"Backup of {backup.database} at {at}: {backup.path}",
        f"{_size(backup.size)} in {backup.seconds:.1f} s, verified, sha256 {backup.sha256}",
        "",
        "To restore it:",
        *(f"  {command}" for command in backup.restore),
    ]


def _revision(inspect: Callable[[], Inspection]) -> tuple[str, ...] | None:
    """Return the heads of the database; a backup is most wanted when something is wrong with the scripts."""
    from revgate.migration.errors import HumanMustAct  # noqa: PLC0415  see run

    try:
        return inspect().heads
    except HumanMustAct as error:
        print(f"Revision of the database is not known, and the backup goes on: {error}", file=sys.stderr)
        return None


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004  of one unit in the next
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1")
    return int(text)
