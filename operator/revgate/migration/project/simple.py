"""Which revisions do nothing but tell Alembic's `op` what to create, alter and drop, as autogenerate writes them.

Such a one asks the database nothing, calls nobody and waits for nothing: it cannot tell when its statements are
executed, as long as it is in their order.
"""

import inspect
import opcode
from functools import cache
from types import CodeType, FunctionType, ModuleType, NoneType
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.type_api import TypeEngine

DIRECTIVES: Final = frozenset(
    {
        *("create_table", "drop_table", "rename_table", "create_table_comment", "drop_table_comment"),
        *("add_column", "alter_column", "drop_column", "create_index", "drop_index", "drop_constraint"),
        *("create_primary_key", "create_foreign_key", "create_unique_constraint", "create_check_constraint"),
        *("create_exclude_constraint", "execute", "f"),
    }
)
"""Attributes of `op` that do no more than to execute statements."""

_WORDS: Final = frozenset({"text", "func", "now", "true", "false", "null", "literal_column"})  # of SQLAlchemy's
_MODULES: Final = (op, sa, postgresql)
_TAKES: Final = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_LATER: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_SETS: Final = frozenset(
    opcode.opmap[name]
    for name in ("IMPORT_NAME", "STORE_ATTR", "STORE_GLOBAL", "STORE_SUBSCR", "DELETE_ATTR", "DELETE_GLOBAL")
)


def is_simple(upgrade: object) -> bool:
    """Return whether a revision's function is of that kind; False when in doubt."""
    if not isinstance(upgrade, FunctionType):
        return False
    code, names = upgrade.__code__, upgrade.__globals__
    return (
        not (code.co_argcount or code.co_kwonlyargcount or code.co_freevars or code.co_flags & (_TAKES | _LATER))
        and not code.co_exceptiontable  # of `try` and `with`
        and not any(isinstance(each, CodeType) for each in code.co_consts)
        and _SETS.isdisjoint(code.co_code[::2])
        and all(_is_known(name, names[name]) if name in names else _is_harmless(name) for name in code.co_names)
    )


def _is_known(name: str, value: object) -> bool:
    """Whether a module's global is one of the modules in question, something harmless of theirs, or a plain value.

    A plain value whose name is also that of an attribute would hide what is done with that.
    """
    if isinstance(value, ModuleType):
        return any(value is module for module in _MODULES)
    if any(hasattr(module, name) for module in _MODULES):
        return _is_harmless(name) and any(getattr(module, name, None) is value for module in (sa, postgresql))
    return type(value) in {str, int, bool, NoneType}  # and none that derives from them, with methods of its own


@cache
def _is_harmless(name: str) -> bool:
    """Whether an attribute of that name, of one of these modules or of what they return, runs nothing."""
    found = (getattr(module, name, None) for module in (sa, postgresql))
    return name in DIRECTIVES or name in _WORDS or any(map(_is_description, found))


def _is_description(value: object) -> bool:
    is_one = isinstance(value, type) and issubclass(value, (TypeEngine, sa.schema.SchemaItem))
    return is_one and value.__module__.startswith("sqlalchemy.")
