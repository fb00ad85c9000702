"""Initial schema

Revision ID: 0001
Revises:
Create Date: 2025-11-03
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from revgate.migrations import naming

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_currencies()
    _create_accounts()
    _create_journals()
    _create_transaction_lines()
    _create_balances()


def downgrade() -> None:
    for table in ("balances", "transaction_lines", "journal_entries", "journals", "accounts", "currencies"):
        op.drop_table(naming.name(table), schema=naming.schema())


def _create_currencies() -> None:
    op.create_table(
        naming.name("currencies"),
        sa.Column("code", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("symbol", sa.String(10)),
        sa.Column("decimal_places", sa.SmallInteger(), server_default=sa.text("2"), nullable=False),
        _moment("created_at"),
        schema=naming.schema(),
    )


def _create_accounts() -> None:
    op.create_table(
        naming.name("accounts"),
        _key(),
        sa.Column("code", sa.String(50), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("currency_code", sa.String(10), naming.reference("currencies.code"), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), naming.reference("accounts.id")),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        schema=naming.schema(),
    )
    _create_index("idx_accounts_code", "accounts", "code", unique=True)
    _create_index("idx_accounts_type", "accounts", "type")
    _create_index("idx_accounts_currency", "accounts", "currency_code")
    _create_index("idx_accounts_parent", "accounts", "parent_id")


def _create_journals() -> None:
    for table in ("journals", "journal_entries"):
        op.create_table(
            naming.name(table),
            _key(),
            sa.Column("description", sa.Text()),
            sa.Column("entry_date", sa.Date(), nullable=False),
            _moment("created_at"),
            schema=naming.schema(),
        )
    _create_index("idx_journals_entry_date", "journals", "entry_date")


def _create_transaction_lines() -> None:
    op.create_table(
        naming.name("transaction_lines"),
        _key(),
        sa.Column("journal_id", sa.BigInteger(), naming.reference("journals.id"), nullable=False),
        sa.Column("account_id", sa.BigInteger(), naming.reference("accounts.id"), nullable=False),
        sa.Column("amount", sa.Numeric(28, 8), nullable=False),
        sa.Column("currency_code", sa.String(10), nullable=False),
        sa.Column("description", sa.Text()),
        _moment("created_at"),
        schema=naming.schema(),
    )


def _create_balances() -> None:
    op.create_table(
        naming.name("balances"),
        sa.Column(
            "account_id", sa.BigInteger(), naming.reference("accounts.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("currency_code", sa.String(10), primary_key=True),
        sa.Column("balance", sa.Numeric(28, 8), server_default=sa.text("0"), nullable=False),
        _moment("updated_at"),
        schema=naming.schema(),
    )


def _create_index(index: str, table: str, column: str, *, unique: bool = False) -> None:
    op.create_index(naming.name(index), naming.name(table), [column], unique=unique, schema=naming.schema())


def _key() -> sa.Column[Any]:
    """SQLite numbers rows by itself only when the key is declared INTEGER."""
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
