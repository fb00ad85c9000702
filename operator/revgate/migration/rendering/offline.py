"""What a revision meets when it is only written down: a context that keeps statements, and a connection to nothing.

Alembic has such a context (as_sql), but its connection drops the parameters of a statement and answers None, so that
a revision that reads data may be written down wrongly; ours keeps the parameters and notices who wants an answer.
"""

import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.schema import CreateTable, ExecutableDDLElement

from revgate.migration.rendering.split import split_statements

if TYPE_CHECKING:
    from types import FrameType

BEGIN: Final = "BEGIN;"
COMMIT: Final = "COMMIT;"
_SCHEMA: Final = """\
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = {literal}) THEN
        CREATE SCHEMA {name};
    END IF;
END $$"""


class NeedsDatabase(AttributeError):  # noqa: N818  Alembic probes a connection for what it has, and expects this error
    """A revision asked what only a database can answer; the text is what it does."""


class Pad:
    """Takes down the statements of one context, one revision after the other."""

    def __init__(self, context: MigrationContext, schemas: Mapping[str | None, str | None] | None = None) -> None:
        self.statements: list[str] = []
        self.lines: list[int] = []  # of the revision's file, one for each statement; 0 for Alembic's own
        self.wanted: NeedsDatabase | None = None  # the first, also when the revision caught it
        self.frames = traceback.StackSummary()  # where it was wanted
        self._file = ""
        self._context = context
        self._schemas = {"schema_translate_map": schemas, "render_schema_translate": True} if schemas else {}
        self._take_over()

    def begin(self, file: str) -> None:
        """Turn the page: another revision comes, from this file."""
        self.statements, self.lines, self.wanted, self.frames = [], [], None, traceback.StackSummary()
        self._file = file

    def write(self, statement: Any, parameters: Any = None) -> None:
        """Take down a statement of SQLAlchemy, once for each row of parameters."""
        if isinstance(statement, CreateTable) and statement.element is self._context._version:  # noqa: SLF001
            statement = self._version_table()
        for one in _filled(sa.text(statement) if isinstance(statement, str) else statement, parameters):
            self.write_text(self._compiled(one))

    def write_text(self, text: str) -> None:
        """Take down SQL as it is, in single statements; marks and other comments are none."""
        found = split_statements(text, self._context.dialect.name)
        self.statements += found
        self.lines += [self._line()] * len(found)

    def refuse(self, what: str) -> NoReturn:
        """Note that the revision needs a database, and tell it.

        Raises:
            NeedsDatabase: always.
        """
        error = NeedsDatabase(what)
        if self.wanted is None:
            self.wanted, self.frames = error, traceback.extract_stack()
        raise error

    def _line(self) -> int:
        """Return which line of the revision's file is at work."""
        frame: FrameType | None = sys._getframe()  # noqa: SLF001  a whole traceback for each statement takes too long
        while frame is not None and frame.f_code.co_filename != self._file:
            frame = frame.f_back
        return frame.f_lineno if frame else 0

    def _take_over(self) -> None:
        """Stand between Alembic's operations and its buffer, where each statement is still by itself."""
        impl = self._context.impl
        impl._exec = self._execute  # type: ignore[method-assign, assignment]  # noqa: SLF001  all operations end there
        impl.static_output = self.write_text  # type: ignore[method-assign]
        connection = cast("sa.Connection", _NoConnection(self._context.dialect, self))
        self._context.connection = impl.connection = connection

    def _execute(self, construct: Any, _options: Any = None, multiparams: Any = None, params: Any = None) -> None:
        self.write(construct, multiparams or params)

    def _version_table(self) -> CreateTable:
        """Return what makes the version table where there is none: one may be there and empty, after a downgrade."""
        table = self._context._version  # noqa: SLF001  as Alembic would create it
        if table.schema and self._context.dialect.name == "postgresql":
            name = self._context.dialect.identifier_preparer.quote(table.schema)
            literal = "'" + table.schema.replace("'", "''") + "'"
            self.write_text(_SCHEMA.format(name=name, literal=literal))
        return CreateTable(table, if_not_exists=True)

    def _compiled(self, statement: Any) -> str:
        if isinstance(statement, sa.Insert):
            statement = statement.inline()  # no RETURNING of a key that nobody asked for
        literal = {} if isinstance(statement, ExecutableDDLElement) else {"literal_binds": True}
        compiled = statement.compile(dialect=self._context.dialect, compile_kwargs=literal, **self._schemas)
        _refuse_missing_values(compiled)
        return str(compiled)


class _NoConnection(MockConnection):
    """What op.get_bind() gives to a revision."""

    def __init__(self, dialect: sa.Dialect, pad: Pad) -> None:
        super().__init__(dialect, pad.write)
        self._pad = pad

    def execute(self, obj: Any, parameters: Any = None, execution_options: Any = None) -> Any:  # noqa: ARG002
        self._pad.write(obj, parameters)
        return _NoResult(self._pad)

    def exec_driver_sql(self, statement: str, parameters: Any = None, execution_options: Any = None) -> Any:  # noqa: ARG002
        if parameters:
            self._pad.refuse("hands parameters to the driver")
        # psycopg takes %% for one percent sign, with or without parameters
        self._pad.write_text(statement.replace("%%", "%") if self.name == "postgresql" else statement)
        return _NoResult(self._pad)

    def scalar(self, *_: Any, **__: Any) -> NoReturn:
        self._pad.refuse("reads the database")

    scalars = scalar

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_") or name == "in_transaction":
            raise AttributeError(name)
        self._pad.refuse(f"uses {name} of the connection")


class _NoResult:
    """The answer of a database that was not asked: there is none."""

    def __init__(self, pad: Pad) -> None:
        self._pad = pad

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        self._pad.refuse("reads the database")

    def __iter__(self) -> NoReturn:
        self._pad.refuse("reads the database")


def _refuse_missing_values(compiled: Any) -> None:
    """Refuse a statement with values that only come up when it is sent; in its text they are missing, or NULL."""
    for name in getattr(compiled, "bind_names", {}).values():
        raise sa.exc.CompileError(f"A value is required for bind parameter {name!r}")
    for column in (*getattr(compiled, "insert_prefetch", ()), *getattr(compiled, "update_prefetch", ())):
        raise sa.exc.CompileError(f"Column {column} has a default in Python: give the value in the statement")


def _filled(statement: Any, parameters: Any) -> Sequence[Any]:
    """Return the statement with the values that it is executed with, once for each row of them."""
    if not parameters:
        return (statement,)
    rows: Sequence[Mapping[str, Any]] = [parameters] if isinstance(parameters, Mapping) else parameters
    return [_with_values(statement, row) for row in rows]


def _with_values(statement: Any, row: Mapping[str, Any]) -> Any:
    if isinstance(statement, sa.TextClause):
        return statement.bindparams(**row)
    if isinstance(statement, sa.Insert):
        return statement.values(**row)
    return statement.params(**row)
