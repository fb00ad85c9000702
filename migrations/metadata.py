"""The ledger's tables as they are after the last revision: what `alembic check` compares a database with.

Revisions never import this: they say what was true when they were written.
"""

from typing import Any, Final

import sqlalchemy as sa

metadata: Final = sa.MetaData()

DROPPED: Final = {"balances": "0007"}
"""Tables that were there once, each with the revision that dropped it."""

_MONEY: Final = sa.Numeric(28, 8)


def _key() -> sa.Column[Any]:
    """A serial and no identity: older Alembics want to give SQLite the identities that it cannot have."""
    # SQLite numbers rows by itself only when the key is declared INTEGER.
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


def _reference(name: str, target: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey(target), nullable=nullable)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _rates(table: str, key: sa.Column[Any]) -> sa.Table:
    """Currencies of a rate need not be the ledger's: a feed reports more than we hold."""
    return sa.Table(
        table,
        metadata,
        key,
        sa.Column("from_currency", sa.String(10), nullable=False),
        sa.Column("to_currency", sa.String(10), nullable=False),
        sa.Column("rate", sa.Numeric(28, 12), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(100)),
        _moment("created_at"),
        sa.Index(f"idx_{table}_timestamp", "timestamp"),
        sa.Index(f"idx_{table}_from_currency", "from_currency"),
        sa.Index(f"idx_{table}_to_currency", "to_currency"),
    )


currencies: Final = sa.Table(
    "currencies",
    metadata,
    sa.Column("code", sa.String(10), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("symbol", sa.String(10)),
    sa.Column("decimal_places", sa.SmallInteger(), server_default=sa.text("2"), nullable=False),
    _moment("created_at"),
    sa.Column("is_base_currency", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Index(
        "idx_currencies_base",
        "is_base_currency",
        unique=True,
        postgresql_where=sa.text("is_base_currency"),
        sqlite_where=sa.text("is_base_currency"),
    ),
)

accounts: Final = sa.Table(
    "accounts",
    metadata,
    _key(),
    sa.Column("code", sa.String(50), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("currency_code", sa.String(10), sa.ForeignKey("currencies.code"), nullable=False),
    _reference("parent_id", "accounts.id", nullable=True),
    sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    sa.Index("idx_accounts_code", "code", unique=True),
    sa.Index("idx_accounts_type", "type"),
    sa.Index("idx_accounts_currency", "currency_code"),
    sa.Index("idx_accounts_parent", "parent_id"),
)

journals: Final = sa.Table(
    "journals",
    metadata,
    _key(),
    sa.Column("description", sa.Text()),
    sa.Column("entry_date", sa.Date(), nullable=False),
    _moment("created_at"),
    sa.Column("idempotency_key", sa.String(255)),
    sa.Index("idx_journals_entry_date", "entry_date"),
    sa.Index("idx_journals_created_at", "created_at"),
    sa.Index("idx_journals_idempotency_key", "idempotency_key", unique=True),
)

journal_entries: Final = sa.Table(
    "journal_entries",
    metadata,
    _key(),
    sa.Column("description", sa.Text()),
    sa.Column("entry_date", sa.Date(), nullable=False),
    _moment("created_at"),
)

transaction_lines: Final = sa.Table(
    "transaction_lines",
    metadata,
    _key(),
    _reference("journal_id", "journals.id"),
    _reference("account_id", "accounts.id"),
    sa.Column("amount", _MONEY, nullable=False),
    sa.Column("currency_code", sa.String(10), nullable=False),
    sa.Column("description", sa.Text()),
    _moment("created_at"),
    sa.Index("idx_transaction_lines_journal", "journal_id"),
    sa.Index("idx_transaction_lines_account", "account_id"),
    sa.Index("idx_transaction_lines_created_at", "created_at"),
)

account_aggregates: Final = sa.Table(
    "account_aggregates",
    metadata,
    _key(),
    _reference("account_id", "accounts.id"),
    sa.Column("balance", _MONEY, server_default=sa.text("0"), nullable=False),
    sa.Column("currency_code", sa.String(10), nullable=False),
    sa.Column("as_of_date", sa.Date(), nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    sa.Index("idx_account_aggregates_account", "account_id"),
    sa.Index("idx_account_aggregates_as_of_date", "as_of_date"),
)

exchange_rate_events: Final = _rates("exchange_rate_events", _key())

exchange_rate_events_archive: Final = _rates(
    "exchange_rate_events_archive",
    # A rate keeps the number that it had in the hot table.
    sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
)
