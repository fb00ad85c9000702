"""All revisions on an empty database."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from contenders import ALEMBIC, JOB, UPGRADE, Contender
from processes import Database, Figures, timed_with_memory, words_for
from sizes import EMPTY_FLOOR_FROM, FEW_FROM
from tables import Floor, Table

from support.servers import Server

MOST = 0.8  # of Alembic's time


def apply_all(
    server: Server, contenders: Sequence[Contender], count: int, rounds: int
) -> tuple[dict[str, Figures], dict[str, Database]]:
    """Run each contender on an empty database, in turns; return the database that each has filled last, too."""
    figures = {one.name: Figures() for one in contenders}
    left: dict[str, Database] = {}
    for number in range(rounds):
        for one in contenders:
            if number and one.is_peer and count >= FEW_FROM:
                continue
            # None is dropped: ext4 passes each inode by that was freed minutes ago, and who came last would wait for it
            left[one.name] = database = server.new_database()
            timed_with_memory(figures[one.name], one.command(database), words_for(database), one.folder)
    return figures, left


def table(found: Mapping[int, Mapping[str, Figures]]) -> Table:
    """Return seconds, and what they are of Alembic's."""
    counts = list(found)
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    rows = []
    for name in names:
        last = next(figures[name] for figures in reversed(found.values()) if name in figures)
        memory = f"{max(last.memory):.0f}" if last.memory else "-"
        rows.append([name, *(_cell(found[count], name) for count in counts), f"{median(last.cpu) / 1000:.2f}", memory])
    return Table(
        "From empty",
        "Seconds for so many small tables, one transaction each, fsync on; in brackets the ratio to `alembic upgrade "
        "head` with a transaction for each revision. The two last columns are of the most revisions of that row.",
        [*(f"{count:,}" for count in counts), "CPU, s", "peak MB"],
        rows,
    )


def floors(found: Mapping[int, Mapping[str, Figures]]) -> Iterator[Floor]:
    """Yield what is to be reached."""
    for count, figures in found.items():
        for name in (UPGRADE, JOB) if count >= EMPTY_FLOOR_FROM else ():
            wall, cpu = figures[name].to(figures[ALEMBIC])
            yield Floor(f"{count:,} revisions from empty, {name}, to alembic", MOST, wall, cpu)


def _cell(figures: Mapping[str, Figures], name: str) -> str:
    if name not in figures:
        return "-"
    return f"{median(figures[name].wall) / 1000:.2f} ({figures[name].to(figures[ALEMBIC])[0]:.2f}x)"
