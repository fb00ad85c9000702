"""One Alembic history in one database: which table holds its heads, and which key locks it."""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class History:
    """The version table, by the schema in which it lives (or will), as the database answered."""

    database: str
    schema: str  # "" where a database has none: SQLite
    table: str
    role: str = field(default="", compare=False)  # who env.py makes us, "" when it does not

    @property
    def key(self) -> int:
        """Return the key of the advisory lock: one a version table, so that histories don't wait for each other."""
        text = f"revgate:v1:{self.database}:{self.schema}:{self.table}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)

    @property
    def place(self) -> str:
        """Return SCHEMA.TABLE for a person."""
        return f"{self.schema}.{self.table}" if self.schema else self.table
