"""What the linter tells: one finding, and how much it counts."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding counts."""

    ERROR = "error"  # it stops the app, loses data or cannot run
    WARNING = "warning"  # somebody should look at it
    INFO = "info"  # good to know: on these tables it takes no time


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one revision. Texts are for people, and hold no secret once a plan went through without_secrets."""

    rule: str  # "index-blocks-writes"; what squawk found begins with "squawk:"
    level: Level
    message: str  # what happens, with the lock that it takes
    advice: str  # what to write instead
    revision: str
    file: str  # its path, relative to the working directory where it is below
    line: int | None  # of the call in the file, or of upgrade(); None where the source is not there
    statement: str  # "" where it is about no single one
    tables: tuple[str, ...]
    destructive: bool  # data goes, or nobody can say
