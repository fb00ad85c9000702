"""An API that brings its schema up to date before the first request, and says in /health where the schema is."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from fastapi import FastAPI, Response, status
from sqlalchemy.ext.asyncio import create_async_engine

from revgate import MigrationError, MigrationRunner, __version_schema__

logger = logging.getLogger("uvicorn.error")
engine = create_async_engine(os.environ["DATABASE_URL"], pool_pre_ping=True)
probe = MigrationRunner(engine, connect_wait=0)  # seconds: a probe must not wait for a server that is away


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Migrate, or do not start; of replicas that start at once, one migrates and the others wait for it."""
    runner = MigrationRunner(engine)
    try:
        await runner.upgrade_to_head()  # a schema that is ahead stays: a release that was rolled back must start
        logger.info("Schema is at %s", await runner.get_current_version())
        yield
    finally:
        await engine.dispose()


app = FastAPI(title="Ledger", lifespan=lifespan)


@app.get("/health")
async def health(response: Response) -> dict[str, object]:
    """Answer a readiness probe: 503 when revisions are pending, or when the database could not be asked."""
    try:
        seen = await probe.inspect()
    except MigrationError as error:
        logger.warning("Health is unknown: %s", error)
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return {"status": "unavailable"}
    if seen.pending:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return {
        "status": "degraded" if seen.pending else "healthy",
        "schema_version": ", ".join(seen.heads) or None,
        "expected_version": __version_schema__,
        "pending_migrations": seen.pending,
    }


@app.get("/accounts")
async def accounts() -> list[str]:
    """List the codes of all accounts."""
    async with engine.connect() as connection:
        return list(await connection.scalars(sa.text("SELECT code FROM accounts ORDER BY code")))
