"""Whether the version table, the ledger and the schema say the same: looked at in one snapshot."""

from contextlib import closing
from dataclasses import dataclass

import psycopg

from faults.history import ACCOUNTS, HISTORY, IDS, Revision
from support.servers import Database

_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace IN "
    "(SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'revgate'))"
)
_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attname LIKE 'c\\_%'"
_INDEXES = (
    "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid "
    "WHERE indrelid = 'accounts'::regclass AND relname LIKE 'ix%'"
)


@dataclass(frozen=True)
class World:
    """What is there."""

    heads: list[str]
    ledger: dict[str, str]
    tables: set[str]
    trace: list[str]
    paid: int  # how often every account was
    columns: set[str]
    indexes: dict[str, bool]  # whether each is valid

    @property
    def position(self) -> int:
        """Return how many revisions the version table says are applied."""
        return IDS.index(self.heads[0]) + 1 if self.heads else 0

    @property
    def is_complete(self) -> bool:
        return self.heads == [IDS[-1]]

    def faults(self) -> list[str]:
        """Say in what the parts of it disagree; nothing when all is well."""
        if len(self.heads) > 1:
            return [f"several heads: {self.heads}"]
        done, ahead = HISTORY[: self.position], HISTORY[self.position : self.position + 1]
        expected: dict[str, object] = {
            "ledger": {one.id: "applied" for one in done},
            "trace": [one.id for one in done if one.traces],
            "tables": {one.table for one in done} - {""},
            "paid": sum(one.pays for one in done),
            "columns": {one.column for one in done} - {""},
        }
        seen = {name: getattr(self, name) for name in expected}
        told = [f"{name}: {seen[name]} and not {value}" for name, value in expected.items() if seen[name] != value]
        return told + self._wrong_indexes(done, ahead)

    def _wrong_indexes(self, done: tuple[Revision, ...], ahead: tuple[Revision, ...]) -> list[str]:
        """Of the revision that was under way, indexes may be there or not, valid or not."""
        dropped = {name for one in done for name in one.drops}
        wanted = {name for one in done for name in one.indexes} - dropped
        unsettled = {name for one in ahead for name in (*one.indexes, *one.drops)}
        valid = {name for name, is_valid in self.indexes.items() if is_valid}
        missing, too_many = wanted - unsettled - valid, self.indexes.keys() - unsettled - wanted
        return [f"indexes: {sorted(missing)} missing, {sorted(too_many)} too many"] if missing or too_many else []


def look(database: Database) -> World:
    """Look at all of it as it was at one moment."""
    with closing(database.connect(autocommit=False)) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

        def rows(statement: str, *, of: str) -> list[tuple]:
            return connection.execute(statement).fetchall() if of in tables else []

        tables = {row[0] for row in connection.execute(_TABLES)}
        balances = rows("SELECT balance, count(*) FROM accounts GROUP BY balance", of="accounts")
        assert not balances or [count for _, count in balances] == [ACCOUNTS], balances
        return World(
            heads=[row[0] for row in rows("SELECT version_num FROM alembic_version", of="alembic_version")],
            ledger=dict(rows("SELECT revision, state FROM revgate.revision_log", of="revision_log")),
            tables=tables - {"alembic_version", "revision_log", "trace"},
            trace=[row[0] for row in rows("SELECT revision FROM trace ORDER BY revision", of="trace")],
            paid=balances[0][0] if balances else 0,
            columns={row[0] for row in rows(_COLUMNS, of="accounts")},
            indexes=dict(rows(_INDEXES, of="accounts")),
        )
