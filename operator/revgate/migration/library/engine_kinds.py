"""Telling an AsyncEngine without importing what makes one: SQLAlchemy's asyncio loads its whole ORM."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeGuard

from sqlalchemy import Engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


def is_async_engine(engine: object) -> TypeGuard[AsyncEngine]:
    """Say whether this is an AsyncEngine; there is none as long as nobody has imported its module."""
    module = sys.modules.get("sqlalchemy.ext.asyncio")
    return module is not None and isinstance(engine, module.AsyncEngine)


def sync_engine_of(engine: Engine | AsyncEngine) -> Engine:
    """Return the blocking engine that an engine is, or has inside."""
    return engine if isinstance(engine, Engine) else engine.sync_engine
