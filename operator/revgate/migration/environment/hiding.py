"""Keeping our ledger from revisions that go through all tables of a database: they would copy it, or drop it."""

from typing import Any

import sqlalchemy as sa

from revgate.contract import names


def hide_ledger(dialect: sa.Dialect) -> None:
    """Leave the ledger beside the version table out of what SQLAlchemy finds; each run has a dialect of its own."""
    found: Any = dialect.get_table_names

    def get_table_names(*given: Any, **options: Any) -> list[str]:
        return [name for name in found(*given, **options) if name != names.LEDGER_TABLE_BESIDE]

    dialect.get_table_names = get_table_names  # type: ignore[method-assign]  # on the instance only
