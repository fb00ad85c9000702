"""Who else is in the database: a session that we wait for, as a person would look for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """A session of somebody else."""

    pid: int
    application: str
    state: str
    age: float | None  # seconds since its transaction began, or else the session; None when we may not know

    def __str__(self) -> str:
        """Return ``pid 812 (report_worker, idle in transaction, 41 s)``."""
        age = "" if self.age is None else f"{self.age:.0f} s"
        known = ", ".join(word for word in (self.application, self.state, age) if word)
        return f"pid {self.pid} ({known})" if known else f"pid {self.pid}"
