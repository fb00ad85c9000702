"""How long a run waits for what: a server that comes up, another runner, a lock, a statement."""

from dataclasses import dataclass
from typing import Final

CONNECT_PATIENCE: Final = 20.0
CONNECT_PATIENCE_VARIABLE: Final = "REVGATE_CONNECT_PATIENCE"
"""Environment of a runner: a duration, how long it waits for a server that is not there (20s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Times in seconds, 0 for ever unless said otherwise."""

    lock: float = 0.5  # how long a statement of a revision waits for a lock
    statement: float = 0.0  # how long it may run
    idle_blockers: float = 0.0  # how long sessions that are idle in a transaction may hold up what has no lock timeout
    connect: float = CONNECT_PATIENCE  # how long the server may take to answer; 0: one try
    runner: float = 600.0  # how long another runner of this history is waited for; 0: not at all
