"""Add exchange rate events

Revision ID: 0004
Revises: 0003
Create Date: 2025-11-06
"""

import sqlalchemy as sa
from alembic import op
from revgate.migrations import naming

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = naming.name("exchange_rate_events")
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("from_currency", sa.String(10), nullable=False),
        sa.Column("to_currency", sa.String(10), nullable=False),
        sa.Column("rate", sa.Numeric(28, 12), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(100)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        schema=naming.schema(),
    )
    for column in ("timestamp", "from_currency", "to_currency"):
        index = naming.name(f"idx_exchange_rate_events_{column}")
        op.create_index(index, table, [column], schema=naming.schema())


def downgrade() -> None:
    op.drop_table(naming.name("exchange_rate_events"), schema=naming.schema())
