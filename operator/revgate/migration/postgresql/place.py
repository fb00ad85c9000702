"""Where the ledger of one history is in PostgreSQL."""

from dataclasses import dataclass

from psycopg import sql

from revgate.migration.history import History


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """A table by its schema and name, and the history whose rows are meant."""

    schema: str
    table: str
    history: History

    @property
    def identifier(self) -> sql.Identifier:
        """Return the table's qualified name."""
        return sql.Identifier(self.schema, self.table)
