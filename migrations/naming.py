"""What the bundled tables and indexes are called and where they are: include_in_alembic may ask for other names.

What it asks for is in the options of Alembic's context. Without it there are none, and every name is as written.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

TABLE_PREFIX: Final = "revgate_table_prefix"
SCHEMA: Final = "revgate_schema"


def name(plain: str) -> str:
    """Return what the table or the index is called here."""
    return f"{op.get_context().opts.get(TABLE_PREFIX, '')}{plain}"


def schema() -> str | None:
    """Return the schema that the tables are in, None when it is the database's default."""
    found: str | None = op.get_context().opts.get(SCHEMA)
    return found


def reference(plain: str) -> sa.ForeignKey:
    """Return a foreign key to TABLE.COLUMN."""
    return sa.ForeignKey(".".join(part for part in (schema(), name(plain)) if part))
