"""What revgate costs: every benchmark, one summary of what is to be reached, and all figures as JSON.

    python bench/all.py [--quick] [--json build/bench.json] [--markdown docs/performance.md]

Whole processes, in turns in every round, so that a busy machine is busy for all of them: compare ratios, not seconds.
The exit code says nothing about the figures.
"""

import argparse
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import node
import revisions
import rows
import scale
import stall
from processes import ROOT
from sizes import FULL, QUICK
from tables import Floor, Table, as_markdown, as_text, floors_table

BEGIN, END = "<!-- figures of bench/all.py --markdown -->", "<!-- end of the figures -->"
SECTIONS = {
    "revisions": revisions.measure,
    "rows": rows.measure,
    "stall": stall.measure,
    "scale": scale.measure,
    "node": node.measure,
}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything, in two minutes")
    parser.add_argument("--json", type=Path, default=ROOT / "build/bench.json", help="where the figures go")
    parser.add_argument("--markdown", type=Path, help="a page between whose marks the tables go")
    options = parser.parse_args()
    if options.markdown:
        between_marks(options.markdown.read_text(encoding="utf-8"), "")  # before 20 minutes of work
    began = time.monotonic()
    tables: list[Table] = []
    floors: list[Floor] = []
    kept: dict[str, object] = {"measured on": measured_on()}
    for name, measure in SECTIONS.items():
        found = measure(QUICK if options.quick else FULL)
        print(*map(as_text, found.tables), sep="\n", flush=True)
        tables += found.tables
        floors += found.floors
        kept[name] = found.kept
    summary = floors_table(floors)
    print(as_text(summary))
    print(f"{time.monotonic() - began:.0f} s on {measured_on()}")
    kept["floors"] = [summary.columns, *summary.rows]
    write(options.json, json.dumps(kept, indent=1))
    if options.markdown:
        page = options.markdown.read_text(encoding="utf-8")
        sections = "\n".join([f"Measured on {measured_on()}.", "", *map(as_markdown, (summary, *tables))])
        write(options.markdown, between_marks(page, sections))


def between_marks(page: str, sections: str) -> str:
    """Return a page with other figures."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"The page has no {BEGIN} and {END}: the tables have no place in it")
    return f"{before}{BEGIN}\n\n{sections}\n{END}{after}"


def measured_on() -> str:
    """Return what the figures depend on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("alembic", "sqlalchemy", "psycopg", "revgate"))
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores (load {load:.1f} at the end), PostgreSQL 15 on loopback with fsync, "
        f"{platform.system()}, Python {platform.python_version()}, {packages}"
    )


def write(path: Path, text: str) -> None:
    """Write a file and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"Written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
