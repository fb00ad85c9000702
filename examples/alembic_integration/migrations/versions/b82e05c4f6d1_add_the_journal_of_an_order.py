"""Add the journal of an order

Revision ID: b82e05c4f6d1
Revises: 3f1c9a7d20b4
Create Date: 2025-11-17 16:40:03
"""

import sqlalchemy as sa
from alembic import op

revision = "b82e05c4f6d1"
down_revision = "3f1c9a7d20b4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("journal_id", sa.Integer()))


def downgrade() -> None:
    op.drop_column("orders", "journal_id")
