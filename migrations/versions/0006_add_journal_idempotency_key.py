"""Add journal idempotency key

The index is built without blocking writers, which commits the column first: hence IF NOT EXISTS for a second try.

Revision ID: 0006
Revises: 0005
Create Date: 2025-11-08
"""

import sqlalchemy as sa
from alembic import op
from revgate.migrations import indexes, naming

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
repeatable = True


def upgrade() -> None:
    postgresql = op.get_context().dialect.name == "postgresql"
    op.add_column(
        naming.name("journals"),
        sa.Column("idempotency_key", sa.String(255)),
        schema=naming.schema(),
        if_not_exists=postgresql,
    )
    indexes.create_index("idx_journals_idempotency_key", "journals", ["idempotency_key"], unique=True)


def downgrade() -> None:
    op.drop_index(naming.name("idx_journals_idempotency_key"), naming.name("journals"), schema=naming.schema())
    op.drop_column(naming.name("journals"), "idempotency_key", schema=naming.schema())
