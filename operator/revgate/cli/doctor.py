"""The verb `doctor`: what would trouble a migration of this database."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final

from revgate.cli.database_options import add_database_options, scripts_of
from revgate.cli.printing import print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from revgate.migration.doctor import Check
    from revgate.migration.settings.database_url import DatabaseUrl

EPILOG: Final = """\
Examples:
  %(prog)s                     look at the database, the scripts, and what they say of each other
  %(prog)s --json | jq -r '.checks[] | select(.state != "ok").sentence'

Nothing is changed. The project's env.py runs, as for an upgrade. The exit code is 0 when
nothing is a problem, and 1 otherwise."""

_MARKS: Final = {"ok": "✓", "warning": "!", "problem": "✗"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `doctor`."""
    parser.add_argument("--json", action="store_true", help="print an object with a list of checks")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Look, and print what was found."""
    from revgate.migration.doctor import Check, State, diagnose  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.output.redaction import Redactor, secrets_of  # noqa: PLC0415  the same

    found = diagnose(_find_url, lambda: scripts_of(args))
    redact = Redactor.of(secrets_of(os.environ)).redact
    checks = [Check(check.name, check.state, redact(check.sentence)) for check in found]
    if args.json:
        print_json({"checks": [check.as_json() for check in checks], **_counts(checks)})
    else:
        print(*text_lines(checks), sep="\n")
    return 1 if any(check.state is State.PROBLEM for check in checks) else 0


def text_lines(checks: Sequence[Check]) -> list[str]:
    """Return a line for each check, aligned, and one that counts them."""
    width = max(len(check.name) for check in checks)
    lines = [f"{_MARKS[check.state]} {check.name:{width}}  {check.sentence}" for check in checks]
    counts = [f"{count} {what[:-1] if count == 1 else what}" for what, count in _counts(checks).items() if count]
    return [*lines, "", ", ".join(counts) or "No problem was found"]


def _counts(checks: Sequence[Check]) -> dict[str, int]:
    states = Counter(str(check.state) for check in checks)
    return {"problems": states["problem"], "warnings": states["warning"]}


def _find_url() -> DatabaseUrl:
    from revgate.migration.settings.database_url import find_database_url  # noqa: PLC0415  see run
    from revgate.migration.settings.dotenv import read_dotenv  # noqa: PLC0415  see run

    found = find_database_url(os.environ, read_dotenv())
    os.environ.setdefault("DATABASE_URL", found.given)  # for an env.py that reads it, and for what may not be shown
    return found
