"""Values in statements that the server takes none for: SET, CREATE ROLE ... PASSWORD, COMMENT ON, DO and their like.

psycopg2 writes values into the statement, psycopg sends them beside it, and a utility statement that has any then fails
("syntax error at or near $1"). Revisions that were written for psycopg2 are run as they are: for these statements, and
for no other, values are written into the statement here, too.
"""

import re
from functools import cache
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

_REMARKS: Final = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*"
_UTILITY: Final = re.compile(
    _REMARKS + r"(?:ALTER|COMMENT|COPY|CREATE|DO|DROP|GRANT|IMPORT|NOTIFY|REVOKE|SECURITY|SET)\b",
    re.IGNORECASE | re.DOTALL,
)
_DOLLARS: Final = re.compile(r"\$\w*\$")
_TABLE_AS: Final = re.compile(  # it takes values, like a query
    _REMARKS + r"CREATE\s+(?:\w+\s+){0,2}TABLE\b.*\bAS\b", re.IGNORECASE | re.DOTALL
)


def bind_in_utility_statements(engine: sa.Engine) -> None:
    """Write values into the utility statements of this engine's connections."""
    sa.event.listen(engine, "do_execute", _execute)  # of the dialect: an engine with events takes longer for everything


def _execute(cursor: psycopg.Cursor, statement: str, parameters: Any, context: Any) -> bool:
    """Execute the statement if it is one of these, and say whether it was."""
    is_one = isinstance(parameters, (dict, tuple)) and parameters
    if not is_one or not _UTILITY.match(statement) or _TABLE_AS.match(statement):
        return False
    if _ends_a_text(statement, parameters):
        return False  # the server then refuses the value, as it always did
    cursor.execute(psycopg.ClientCursor(cursor.connection).mogrify(_without_casts(statement, context), parameters))
    return True


def _ends_a_text(statement: str, parameters: Any) -> bool:
    """Whether a value holds a dollar quote of the statement: written into it, the rest would run as SQL."""
    values = parameters.values() if isinstance(parameters, dict) else parameters
    return any(mark in str(value) for mark in _DOLLARS.findall(statement) for value in values)


def _without_casts(statement: str, context: Any) -> str:
    """Return the statement without the types that SQLAlchemy tells psycopg, where the grammar has no place for them."""
    compiled = context.compiled
    if compiled is None or not isinstance(compiled.statement, sa.TextClause):
        return statement
    return str(compiled.statement.compile(dialect=_dialect()))


@cache
def _dialect() -> sa.Dialect:
    dialect: sa.Dialect = PGDialect_psycopg2()  # type: ignore[no-untyped-call]  # of SQLAlchemy
    return dialect
