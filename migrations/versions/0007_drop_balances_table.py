"""Drop balances table

Balances are summed from the lines since 0006; downgrading sums them once more for the apps that read the table.

Revision ID: 0007
Revises: 0006
Create Date: 2025-11-09
"""

import sqlalchemy as sa
from alembic import op
from revgate.migrations import naming

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Releases that require something older than 0006 read balances: from here on they do not work.
serves_from = "0006"


def upgrade() -> None:
    op.drop_table(naming.name("balances"), schema=naming.schema())


def downgrade() -> None:
    op.create_table(
        naming.name("balances"),
        sa.Column(
            "account_id", sa.BigInteger(), naming.reference("accounts.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("currency_code", sa.String(10), primary_key=True),
        sa.Column("balance", sa.Numeric(28, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        schema=naming.schema(),
    )
    _sum_the_lines()


def _sum_the_lines() -> None:
    lines = _table("transaction_lines", "account_id", "currency_code", "amount")
    balances = _table("balances", "account_id", "currency_code", "balance")
    account = (lines.c.account_id, lines.c.currency_code)
    sums = sa.select(*account, sa.func.sum(lines.c.amount)).group_by(*account)
    op.execute(balances.insert().from_select(["account_id", "currency_code", "balance"], sums))


def _table(plain: str, *columns: str) -> sa.TableClause:
    return sa.table(naming.name(plain), *map(sa.column, columns), schema=naming.schema())
