"""Create orders

Revision ID: 3f1c9a7d20b4
Revises:
Create Date: 2025-11-10 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "3f1c9a7d20b4"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("customer", sa.String(100), nullable=False),
        sa.Column("total", sa.Numeric(12, 2), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("orders")
