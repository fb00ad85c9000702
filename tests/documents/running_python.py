"""Running a block of Python as a reader would: pasted below the blocks that the document shows before it."""

import ast
import asyncio
import importlib
import inspect
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from documents.places import ASYNC, Way

Names = dict[str, Any]

LOGGER: Final = "documents"
_AWAITED: Final = re.compile(r"\bawait (\w+)")
_HALVES: Final = re.compile(r"# Async\n(?P<asynchronous>.+)\n# Sync\n(?P<synchronous>.+)", re.DOTALL)
_OF_THE_APPLICATION: Final = (
    "backup_database",
    "create_backup",
    "notify_users",
    "send_alert",
    "send_metric",
    "validate_data_integrity",
    "verify_data",
)
_ASYNC_ONLY: Final = ("create_async_engine", "async with", "async_sessionmaker")


def fits(driver: str, text: str) -> bool:
    """Whether a block is for this driver.

    Where nothing but the runner is awaited, the document says to leave the `await` out for a sync engine.
    """
    if driver in ASYNC:
        return "import create_engine" not in text
    return set(_AWAITED.findall(text)) <= {"runner"} and not any(word in text for word in _ASYNC_ONLY)


def in_the_form_of(way: Way, text: str) -> str:
    """Return the half that is for this kind of engine; without `async` and `await` when it is a sync one."""
    if both := _HALVES.match(text):
        return both["asynchronous" if way.is_async else "synchronous"]
    return text if way.is_async else re.sub(r"\bawait |\basync (?=def )", "", text)


def _given(way: Way) -> Names:
    """Return what the document has made before: imports, an engine, a runner and a logger."""
    migrations = importlib.import_module("py_accountant.infrastructure.migrations")  # installed by a fixture
    engine = way.new_engine()
    return {
        "__name__": "document",
        "__version_schema__": importlib.import_module("py_accountant").__version_schema__,
        **{name: getattr(migrations, name) for name in migrations.__all__},
        "asyncio": asyncio,
        "create_async_engine": create_async_engine,
        "engine": engine,
        "environment": "tests",
        "logger": logging.getLogger(LOGGER),
        "runner": migrations.MigrationRunner(engine),
    }


def run_python(way: Way, text: str, more: Names | None = None, then: str = "") -> Names:
    """Run a block, and `then` a call of what it defined; return its names.

    Its engines are disposed of afterwards, as an application does when it ends.
    """
    texts = [in_the_form_of(way, one) for one in (text, then)]
    if way.is_async:
        return asyncio.run(_run_async(way, texts, more or {}))
    return _run(way, texts, more or {})


def _run(way: Way, texts: list[str], more: Names) -> Names:
    names = _given(way) | more
    first = names["engine"]
    try:
        for text in texts:
            eval(compiled(text), names)  # noqa: S307  the document's own code
        return names
    finally:
        for engine in {first, *_engines(names, sa.Engine)}:
            engine.dispose()


async def _run_async(way: Way, texts: list[str], more: Names) -> Names:
    names = _given(way) | more
    first = names["engine"]
    try:
        for text in texts:
            value = eval(compiled(text), names)  # noqa: S307  the document's own code
            if inspect.isawaitable(value):
                await value
        return names
    finally:
        for engine in {first, *_engines(names, AsyncEngine)}:
            await engine.dispose()
        for engine in _engines(names, sa.Engine):
            engine.dispose()


def _engines(names: Names, kind: type) -> list[Any]:
    return [value for value in names.values() if isinstance(value, kind)]


def compiled(text: str) -> CodeType:
    """Compile a block, in which `await` may stand outside of a function."""
    return compile(text, "migration-api.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@dataclass(frozen=True)
class Application:
    """The functions of an application that blocks call, such as send_alert: each notes that it was called."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def names(self) -> Names:
        return {name: self._noting(name) for name in _OF_THE_APPLICATION}

    def _noting(self, name: str) -> Callable[..., Any]:
        async def note(*arguments: Any) -> None:
            self.calls.append((name, *arguments))

        return note
