"""What many revisions cost: all of them on an empty database, and none of them on one that has them.

Each revision makes one small table. psql runs the same statements and the same row of the version table, one
transaction each, with fsync on: nothing can be faster than it but who waits for the disk less often. Alembic runs with
transaction_per_migration, for its default cannot apply 5,000 at once (max_locks_per_transaction). Contenders take turns
in every round, so that a busy machine is busy for all of them.

    python bench/revisions.py [--quick]
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import empty
import nothing
from alone import run_alone
from contenders import contenders_of
from peers import installed
from processes import Figures
from projects import prepare
from sizes import Size
from tables import Results

from support.servers import running_server


def measure(size: Size) -> Results:
    """Measure every number of revisions."""
    from_empty: dict[int, Mapping[str, Figures]] = {}
    questions: dict[int, Sequence[nothing.Question]] = {}
    cold: dict[int, Mapping[str, Mapping[str, Figures]]] = {}
    peers = installed()
    with running_server(15) as server, tempfile.TemporaryDirectory() as folder:
        server.query("ALTER SYSTEM SET fsync = on")
        server.query("SELECT pg_reload_conf()")
        for count, rounds in size.revisions.items():
            project = prepare(Path(folder) / str(count), count)
            contenders = contenders_of(project, peers)
            from_empty[count], left = empty.apply_all(server, contenders, count, rounds.from_empty)
            questions[count] = nothing.questions_of(project, contenders, left)
        asked = nothing.ask(questions, {count: rounds.nothing for count, rounds in size.revisions.items()})
        for count, rounds in size.revisions.items():
            if rounds.cold:
                cold[count] = nothing.ask_cold(questions[count], rounds.cold)
    return Results(
        [empty.table(from_empty), nothing.table(asked), *([nothing.cold_table(asked, cold)] if cold else [])],
        [*nothing.floors(asked), *empty.floors(from_empty)],
        {
            "from empty": {str(count): _kept(one) for count, one in from_empty.items()},
            "nothing to do": {str(count): _kept(one) for count, one in asked.items()},
            "cold": {f"{count} {kind}": _kept(one) for count, kinds in cold.items() for kind, one in kinds.items()},
        },
    )


def _kept(figures: Mapping[str, Figures]) -> dict[str, object]:
    return {name: asdict(one) for name, one in figures.items()}


if __name__ == "__main__":
    run_alone(measure, __doc__)
