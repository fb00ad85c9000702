"""How much is measured: all of it in 20 minutes, or enough in two to see that the benchmarks work."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rounds:
    """How often each contender runs, in turns."""

    from_empty: int
    nothing: int
    cold: int = 0


@dataclass(frozen=True)
class Load:
    """What the operator is given to do."""

    migrations: int
    latency: int  # migrations one by one
    burst: int  # migrations whose runs end at once
    idle: float  # seconds


@dataclass(frozen=True)
class Size:
    """What a run of the benchmarks takes on."""

    revisions: Mapping[int, Rounds]
    lines: int  # of the ledger in `rows`
    lines_rounds: int
    report: float  # seconds that the reader of `stall` goes on
    stall_rounds: int
    load: Load
    node_rounds: int


FULL = Size(
    revisions={10: Rounds(5, 15, 3), 100: Rounds(3, 5), 1000: Rounds(5, 5), 5000: Rounds(3, 15, 3)},
    lines=1_000_000,
    lines_rounds=9,
    report=4.0,
    stall_rounds=3,
    load=Load(migrations=5000, latency=100, burst=1000, idle=60),
    node_rounds=7,
)
QUICK = Size(
    revisions={10: Rounds(1, 3, 1), 100: Rounds(1, 1)},
    lines=10_000,
    lines_rounds=1,
    report=1.0,
    stall_rounds=1,
    load=Load(migrations=200, latency=5, burst=50, idle=5),
    node_rounds=1,
)
FEW_FROM = 1000  # revisions from which a peer is run once from empty: some take minutes
EMPTY_FLOOR_FROM = 1000
SHORT, LONG = 10, 5000  # the histories that the floors of a start compare
