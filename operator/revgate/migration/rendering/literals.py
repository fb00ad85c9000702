"""Values as SQL text where SQLAlchemy is too kind: it writes bytes down as text, a missing value as NULL, and JSON not
at all.
"""

import json
from typing import Any

import sqlalchemy as sa


def write_all_literals(dialect: sa.Dialect) -> None:
    """Make a dialect, which is nobody else's, write every value down as a driver would send it."""
    theirs: type[Any] = dialect.statement_compiler

    class Compiler(theirs):  # type: ignore[misc]  # its class is the dialect's
        def render_literal_bindparam(self, bindparam: Any, *rest: Any, **given: Any) -> str:
            if bindparam.required and not _has_value(self, bindparam):
                raise sa.exc.CompileError(f"A value is required for bind parameter {bindparam.key!r}")
            if bindparam.value is None and not bindparam.required and isinstance(bindparam.type, sa.JSON):
                return self.render_literal_value(None, bindparam.type)
            text: str = super().render_literal_bindparam(bindparam, *rest, **given)
            return text

        def render_literal_value(self, value: Any, type_: Any) -> str:
            value, type_ = _undecorated(value, type_, dialect)
            if isinstance(type_, sa.JSON):
                return _json(value, type_)
            if isinstance(value, (bytes, bytearray, memoryview)):
                return _binary(bytes(value), dialect)
            text: str = super().render_literal_value(value, type_)
            return text

    dialect.statement_compiler = Compiler


def _has_value(compiler: Any, bindparam: Any) -> bool:
    """Whether a bind parameter was given one: SQLAlchemy would write NULL."""
    collected = getattr(compiler, "_collected_params", ())  # of .params(), since SQLAlchemy 2.1
    return bindparam.value is not None or bindparam.callable is not None or bindparam.key in collected


def _undecorated(value: Any, type_: Any, dialect: sa.Dialect) -> tuple[Any, Any]:
    """Return what a user's own type makes of a value, where we write it and not SQLAlchemy."""
    if not isinstance(type_, sa.types.TypeDecorator):
        return value, type_
    inner = type_.load_dialect_impl(dialect)
    if not isinstance(inner, (sa.JSON, sa.LargeBinary)):
        return value, type_
    return type_.process_bind_param(value, dialect), inner


def _json(value: Any, type_: Any) -> str:
    """Return what a driver would send: None is JSON's null unless the type says otherwise."""
    if value is None and type_.none_as_null:
        return "NULL"
    return _quoted(json.dumps(None if value is sa.JSON.NULL else value))


def _binary(value: bytes, dialect: sa.Dialect) -> str:
    return f"X'{value.hex()}'" if dialect.name == "sqlite" else f"'\\x{value.hex()}'::bytea"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
