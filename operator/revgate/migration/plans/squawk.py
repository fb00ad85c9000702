"""What squawk finds, where it is installed: a linter of PostgreSQL's SQL, with more rules than ours.

Left out are the rules that we have ourselves, those for which revgate itself sees to (timeouts, a transaction for each
revision), those of taste, and whatever is about a table that the same run made.
"""

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from revgate.migration.lint.finding import Finding, Level
from revgate.migration.lint.ignoring import FOREIGN
from revgate.migration.lint.scene import Placed, Revision, Run
from revgate.migration.lint.tables import tables_of
from revgate.migration.output.wording import first_line

_SECONDS: Final = 60.0
_INSTALL: Final = "pip install 'revgate[lint]'"
_OURS: Final = frozenset(
    """
    adding-field-with-default adding-foreign-key-constraint adding-not-nullable-field adding-required-field adding-
    serial-primary-key-field ban-concurrent-index-creation-in-transaction ban-drop-column ban-drop-constraint ban-
    drop-database ban-drop-index ban-drop-schema ban-drop-table ban-drop-view ban-truncate-cascade ban-uncommitted-
    transaction changing-column-type constraint-missing-not-valid disallowed-unique-constraint prefer-robust-stmts
    renaming-column renaming-table require-concurrent-index-creation require-concurrent-index-deletion require-
    concurrent-reindex require-lock-timeout require-statement-timeout require-timeout-settings transaction-nesting
    unused-ignore prefer-bigint-over-int prefer-bigint-over-smallint prefer-identity prefer-text-field prefer-
    timestamp-tz
    """.split()  # noqa: SIM905  one a line is a page
)


@dataclass(frozen=True, slots=True)
class Squawked:
    """Findings by revision, None when there is no squawk, and a sentence when it did not look."""

    findings: Mapping[str, Sequence[Finding]] | None = None
    note: str = ""


def ask_squawk(run: Run) -> Squawked:
    """Let squawk look at a run; that it is missing or broken is no error."""
    if run.dialect != "postgresql":
        return Squawked()
    program = _program()
    if program is None:
        return Squawked(note=f"squawk is not installed, so its rules were left out: {_INSTALL}")
    try:
        return Squawked(_found(run, _complaints(program, run)))
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError) as error:
        return Squawked(note=f"squawk could not be used, so its rules were left out: {_trouble(error)}")


def _program() -> str | None:
    """Return squawk as it was installed with us, or else the one of the PATH."""
    return shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")


def _trouble(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        words = first_line(RuntimeError(error.stderr.strip() or "it said nothing")).removeprefix("RuntimeError: ")
        return f"it ended with {error.returncode}, {words}"
    return first_line(error)


def _complaints(program: str, run: Run) -> Sequence[Mapping[str, Any]]:
    """Give it a file for each revision, and return what it says about their lines."""
    with TemporaryDirectory(prefix="revgate-lint-") as folder:
        for number, revision in enumerate(run.revisions):
            Path(folder, f"{number}.sql").write_text(
                "\n".join(placed.sql for placed in revision.placed), encoding="utf-8"
            )
        done = subprocess.run(
            [program, "--reporter", "json", f"{folder}/*.sql"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_SECONDS,
            check=False,
        )
    if done.returncode not in {0, 1} or not done.stdout.strip():
        raise subprocess.CalledProcessError(done.returncode, "squawk", done.stdout, done.stderr)
    complaints: Sequence[Mapping[str, Any]] = json.loads(done.stdout)
    return complaints


def _found(run: Run, complaints: Sequence[Mapping[str, Any]]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for one in complaints:
        revision = run.revisions[int(Path(one["file"]).stem)]
        placed = _placed_at(int(one["line"]), revision)
        if one["rule_name"] not in _OURS and not (placed and _is_new(placed, run)):
            found[revision.source.revision].append(_finding(one, revision, placed))
    return found


def _placed_at(line: int, revision: Revision) -> Placed | None:
    """Return the statement that stands at a line of the file, counted from 0."""
    for placed in revision.placed:
        line -= placed.sql.count("\n") + 1
        if line < 0:
            return placed
    return None


def _is_new(placed: Placed, run: Run) -> bool:
    """Whether it is only about tables that the run makes, here or before."""
    tables = [table for one in placed.kinds for table in tables_of(one)]
    return bool(tables) and all(run.is_new(table, placed.at + 1) for table in tables)


def _finding(one: Mapping[str, Any], revision: Revision, placed: Placed | None) -> Finding:
    tables = [table for kind in (placed.kinds if placed else ()) for table in tables_of(kind)]
    return Finding(
        rule=f"{FOREIGN}{one['rule_name']}",
        level=Level.ERROR if one["level"] == "Error" else Level.WARNING,
        message=str(one["message"]).strip().rstrip("."),
        advice=str(one.get("help") or "").strip().rstrip("."),
        revision=revision.source.revision,
        file=revision.source.file,
        line=(placed.line if placed else 0) or revision.source.line,
        statement=placed.sql if placed else "",
        tables=tuple(map(str, tables)),
        destructive=False,
    )
