"""One benchmark by itself."""

import argparse
from collections.abc import Callable

from sizes import FULL, QUICK, Size
from tables import Results, as_text, floors_table


def run_alone(measure: Callable[[Size], Results], about: str | None) -> None:
    """Measure and print; nothing is kept."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything, to see that it works")
    found = measure(QUICK if parser.parse_args().quick else FULL)
    for table in (*found.tables, floors_table(found.floors)):
        print(as_text(table))
