"""What a Job is for."""

from enum import StrEnum


class Kind(StrEnum):
    """The kind of a run, as its Job's label has it."""

    APPLY = "Apply"
    PLAN = "Plan"
    DOWNGRADE = "Downgrade"
    INSPECT = "Inspect"
