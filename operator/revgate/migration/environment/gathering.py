"""Holding the statements of a simple revision back until it has told all of them, so that they can be sent together.

Whatever else wants to go to the database lets them go before it: Alembic's own statements, and those of SQLAlchemy's
events, such as the CREATE TYPE before a table.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from alembic.ddl.impl import DefaultImpl
from alembic.runtime.migration import MigrationContext
from sqlalchemy.sql.ddl import ExecutableDDLElement

from revgate.migration.environment.heads import is_plain
from revgate.migration.environment.untouched import is_untouched

_EVENTS: Final = ("do_execute", "do_executemany", "do_execute_no_params")  # of the dialect
_OPENS: Final = frozenset("\0\\$")
_OURS: Final = len(_EVENTS) + 1  # with that of `postgresql.binding`


class Gathering:
    """The statements of one context that were not executed yet."""

    def __init__(self, context: MigrationContext, takes_statements: Callable[[], bool]) -> None:
        self._ask = takes_statements
        self._is_taken: bool | None = None
        assert context.connection is not None
        self._context = context
        self._impl = context.impl
        self._connection = context.connection
        self._statements: list[str] = []
        self._known_options = self._options

    def begin(self) -> None:
        """Hold back, from now on, what the revision wants to have executed."""
        self._known_options = self._options
        self._impl._exec = self._keep  # type: ignore[method-assign]  # noqa: SLF001  on the instance

    @property
    def is_fit(self) -> bool:
        """Whether nobody has a say in what the driver is given, or listens to it: they could not tell whose it is."""
        dispatch = self._connection.dialect.dispatch
        listeners = sum(len(list(getattr(dispatch, event))) for event in _EVENTS)
        is_heard = listeners > _OURS or bool(list(dispatch.handle_error))
        is_usual = is_plain(self._context) and is_untouched(self._context)
        return is_usual and not (is_heard or self._options.get("no_parameters"))

    @property
    def _takes_statements(self) -> bool:
        """What the database says to it; what was executed since it was asked may have changed that."""
        if self._is_taken is None:
            self._is_taken = self._ask()
        return self._is_taken

    @property
    def _options(self) -> Mapping[str, Any]:
        return self._connection.get_execution_options()

    @property
    def _is_as_it_was(self) -> bool:
        """Whether the revision, or a listener to its tables, did not make something else of the connection."""
        one = self._connection
        return self._options is self._known_options and not (one._has_events or one.engine._has_events)  # noqa: SLF001  no public name

    def end(self) -> Sequence[str]:
        """Hold back nothing more, and return what still is, for who sends it with statements of their own."""
        if vars(self._impl).get("_exec") == self._keep:
            del self._impl._exec  # noqa: SLF001  ours, on the instance
        return self._taken()

    def execute(self, statements: Iterable[str]) -> None:
        """Execute what was held back as Alembic would have: one by one, in the transaction that is open."""
        for statement in statements:
            self._connection.exec_driver_sql(statement)

    def _taken(self) -> Sequence[str]:
        """Return what is held back, and hold it back no longer."""
        statements, self._statements = self._statements, []
        return statements

    def _keep(
        self,
        construct: sa.Executable | str,
        execution_options: Mapping[str, Any] | None = None,
        multiparams: Sequence[Mapping[str, Any]] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> sa.CursorResult[Any] | None:
        """Take the place of Alembic's DefaultImpl._exec."""
        if isinstance(construct, ExecutableDDLElement) and not (execution_options or multiparams or params):
            text = str(construct.compile(dialect=self._impl.dialect)).strip()
            if self._is_as_it_was and _is_closed(text) and self._takes_statements:
                self._statements.append(text)
                return None
        self._let_go()
        return DefaultImpl._exec(self._impl, construct, execution_options, multiparams, params or {})  # noqa: SLF001  as above

    def _let_go(self, *_: object) -> None:
        if self._is_taken:  # a no is one for good: it would be asked for with every statement
            self._is_taken = None
        self.execute(self._taken())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let go, in the block, what was held back before anything else is executed on this engine.

        What still is when a revision fails is forgotten: env.py may go on, and its transaction is another one.
        """
        engine = self._connection.engine
        for event in _EVENTS:  # not of the engine: with events it takes longer for everything
            sa.event.listen(engine, event, self._let_go, insert=True)
        try:
            yield
        finally:
            self.end()
            for event in _EVENTS:
                sa.event.remove(engine, event, self._let_go)


def _is_closed(text: str) -> bool:
    """Whether a statement ends where its text does, however the server reads strings; no when in doubt.

    The driver cuts a message off at a NUL.
    """
    return _OPENS.isdisjoint(text) and "/*" not in text and not (text.count("'") % 2 or text.count('"') % 2)
