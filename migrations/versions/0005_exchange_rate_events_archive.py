"""Archive exchange rate events

A rate keeps the number that it had in the hot table, so the archive gives out none.

Revision ID: 0005
Revises: 0004
Create Date: 2025-11-07
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_rate_events_archive",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("from_currency", sa.String(10), nullable=False),
        sa.Column("to_currency", sa.String(10), nullable=False),
        sa.Column("rate", sa.Numeric(28, 12), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(100)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    for column in ("timestamp", "from_currency", "to_currency"):
        op.create_index(f"idx_exchange_rate_events_archive_{column}", "exchange_rate_events_archive", [column])


def downgrade() -> None:
    op.drop_table("exchange_rate_events_archive")
