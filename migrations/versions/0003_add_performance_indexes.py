"""Add performance indexes

Each is committed by itself, and built again when an earlier try was cut off.

Revision ID: 0003
Revises: 0002
Create Date: 2025-11-05
"""

from revgate.migrations import indexes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES = (
    ("idx_transaction_lines_account", "transaction_lines", "account_id"),
    ("idx_transaction_lines_created_at", "transaction_lines", "created_at"),
    ("idx_transaction_lines_journal", "transaction_lines", "journal_id"),
    ("idx_journals_created_at", "journals", "created_at"),
)


def upgrade() -> None:
    for name, table, column in INDEXES:
        indexes.create_index(name, table, [column])


def downgrade() -> None:
    for name, table, _column in reversed(INDEXES):
        indexes.drop_index(name, table)
