"""Drop balances table

Balances are summed from the lines since 0006; downgrading sums them once more for the apps that read the table.

Revision ID: 0007
Revises: 0006
Create Date: 2025-11-09
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Releases that require something older than 0006 read balances: from here on they do not work.
serves_from = "0006"


def upgrade() -> None:
    op.drop_table("balances")


def downgrade() -> None:
    op.create_table(
        "balances",
        sa.Column("account_id", sa.BigInteger(), sa.ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
        sa.Column("currency_code", sa.String(10), primary_key=True),
        sa.Column("balance", sa.Numeric(28, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.execute(
        "INSERT INTO balances (account_id, currency_code, balance) "
        "SELECT account_id, currency_code, sum(amount) FROM transaction_lines GROUP BY account_id, currency_code"
    )
