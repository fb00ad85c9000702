"""No revision on a database that has them all: what every restart of a pod pays."""

import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contenders import ALEMBIC, JOB, PSQL, UPGRADE, Contender
from peers import CACHE
from processes import (
    DEBIAN_BINARIES,
    Database,
    Figures,
    files_below,
    forget,
    own,
    psql,
    timed,
    timed_with_memory,
    words_for,
)
from projects import Project, name_of
from sizes import LONG, SHORT
from tables import Floor, Table

CURRENT = "alembic current"
WAIT = "revgate wait"
ASKING = ("revgate current", "revgate pending", "revgate history")
MOST_OF_CURRENT, MOST_OF_PSQL, MOST_MEGABYTES, MOST_GROWTH = 0.12, 2.5, 25, 1.1  # of a gate
MOST_OF_UPGRADE = {SHORT: 0.2, LONG: 0.08}  # for nothing to do
MOST_OF_ASKING = 0.1
COLD, BARE = "cold", "no bytecode"


@dataclass(frozen=True)
class Question:
    """A command that finds nothing to do."""

    name: str
    command: list[str]
    database: Database
    folder: Path

    def run(self, **given: str) -> tuple[float, float]:
        """Return milliseconds: wall clock, processor."""
        return timed(self.command, words_for(self.database, **given), self.folder)


def questions_of(project: Project, contenders: Sequence[Contender], left: Mapping[str, Database]) -> list[Question]:
    """Return what is asked: of the database that `revgate upgrade` has filled, and each peer of its own."""
    ours = {
        PSQL: psql("-c", "SELECT version_num FROM alembic_version"),
        CURRENT: own("alembic", "current"),
        ALEMBIC: own("alembic", "upgrade", "head"),
        WAIT: own("revgate", "wait", "--requires", project.head),
        f"{WAIT}, an older release": own("revgate", "wait", "--requires", name_of(1)),
        UPGRADE: own("revgate", "upgrade"),
        JOB: own("revgate", "job"),
        **{name: own(*name.split()) for name in ASKING},
    }
    plain = [Question(name, command, left[UPGRADE], project.folder) for name, command in ours.items()]
    peers = [one for one in contenders if one.is_peer]
    return [*plain, *(Question(one.name, one.command(left[one.name]), left[one.name], one.folder) for one in peers)]


def ask(asked: Mapping[int, Sequence[Question]], rounds: Mapping[int, int]) -> dict[int, dict[str, Figures]]:
    """Run each in turns, of each number of revisions, for those are compared, too.

    The first round is not counted, but for its memory: it compiles and fills the caches.
    """
    figures = {count: {one.name: Figures() for one in questions} for count, questions in asked.items()}
    for number in range(max(rounds.values()) + 1):
        for count, questions in asked.items():
            for one in questions if number <= rounds[count] else ():
                if number:
                    figures[count][one.name].note(one.run())
                else:
                    first = Figures(memory=figures[count][one.name].memory)
                    timed_with_memory(first, one.command, words_for(one.database), one.folder)
    return figures


def ask_cold(questions: Sequence[Question], rounds: int) -> dict[str, dict[str, Figures]]:
    """Run each with its files out of the cache of pages, and without any bytecode."""
    found = {kind: {one.name: Figures() for one in questions} for kind in (COLD, BARE)}
    library = Path(sysconfig.get_path("stdlib"))
    folders = {one.folder for one in questions}
    places = [library, Path(sys.prefix) / "lib", *folders, DEBIAN_BINARIES, CACHE / "bin", CACHE / "venv"]
    files = [*files_below(places), *(one.command[0] for one in questions)]
    os.sync()  # what is not written yet cannot be forgotten
    with tempfile.TemporaryDirectory() as nowhere:
        for _ in range(rounds):
            for one in questions:
                forget(files)
                found[COLD][one.name].note(one.run())
                bare = one.run(PYTHONPYCACHEPREFIX=nowhere, PYTHONDONTWRITEBYTECODE="1")
                found[BARE][one.name].note(bare)
    return found


def table(found: Mapping[int, Mapping[str, Figures]]) -> Table:
    """Return milliseconds, and what they are of Alembic's."""
    longest = list(found)[-1]
    rows = []
    for name in found[next(iter(found))]:
        last = next(figures[name] for figures in reversed(found.values()) if name in figures)
        memory = f"{last.memory[0]:.0f}" if last.memory else "-"
        rows.append([name, *(_cell(figures, name) for figures in found.values()), _to_psql(found, name), memory])
    return Table(
        "Nothing to do",
        "A database that has every revision; milliseconds, wall / CPU. In brackets the ratio to `alembic current`, of "
        "what upgrades to `alembic upgrade head`. With an index of the revisions.",
        [*(f"{count:,} revisions" for count in found), "to psql", f"MB at {longest:,}"],
        rows,
    )


def cold_table(
    warm: Mapping[int, Mapping[str, Figures]], cold: Mapping[int, Mapping[str, Mapping[str, Figures]]]
) -> Table:
    """Return milliseconds of the wall clock in three states of the machine."""
    rows = [
        [
            name,
            *(
                f"{median(one[name].wall):.0f}" if name in one else "-"
                for count in cold
                for one in (warm[count], cold[count][COLD], cold[count][BARE])
            ),
        ]
        for name in warm[next(iter(cold))]
    ]
    return Table(
        "Nothing to do, cold",
        "Milliseconds of the wall clock. Cold: the files of Python, of its packages, of the project and of the tools "
        "were taken out of the kernel's cache of pages (posix_fadvise) before each run; what a running process has "
        "mapped stays. No bytecode: everything is compiled at the start, as in an image that was built without it.",
        [f"{count:,}, {kind}" for count in cold for kind in ("warm", COLD, BARE)],
        rows,
    )


def floors(found: Mapping[int, Mapping[str, Figures]]) -> Iterator[Floor]:
    """Yield what is to be reached."""
    if SHORT in found:
        gate = found[SHORT][WAIT]
        yield Floor("wait, satisfied, to alembic current", MOST_OF_CURRENT, *gate.to(found[SHORT][CURRENT]))
        yield Floor("wait, satisfied, to psql", MOST_OF_PSQL, *gate.to(found[SHORT][PSQL]))
        yield from (Floor("wait, memory", MOST_MEGABYTES, memory, unit=" MB") for memory in gate.memory)
    if {SHORT, LONG} <= found.keys():
        yield Floor("wait at 5,000 revisions, to 10", MOST_GROWTH, *found[LONG][WAIT].to(found[SHORT][WAIT]))
    for count, most in MOST_OF_UPGRADE.items():
        for name in (UPGRADE, JOB) if count in found else ():
            ratios = found[count][name].to(found[count][ALEMBIC])
            yield Floor(f"nothing to do, {name}, {count:,} revisions, to alembic upgrade", most, *ratios)
    for name in ASKING if LONG in found else ():
        ratios = found[LONG][name].to(found[LONG][CURRENT])
        yield Floor(f"{name}, {LONG:,} revisions, to alembic current", MOST_OF_ASKING, *ratios)


def _cell(figures: Mapping[str, Figures], name: str) -> str:
    if name not in figures:
        return "-"
    one = figures[name]
    beside = CURRENT if name in {PSQL, CURRENT, *ASKING} or name.startswith(WAIT) else ALEMBIC
    return f"{median(one.wall):.0f} / {median(one.cpu):.0f} ({one.to(figures[beside])[0]:.3f}x)"


def _to_psql(found: Mapping[int, Mapping[str, Figures]], name: str) -> str:
    first = found[next(iter(found))]
    return f"{first[name].to(first[PSQL])[0]:.1f}x" if name in first else "-"
