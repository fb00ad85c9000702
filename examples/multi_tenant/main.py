"""Bring the schemas of many tenants up to date: a schema each on PostgreSQL, a file each on SQLite."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from revgate import MigrationError, MigrationRunner


def main(tenants: list[str]) -> int:
    """Migrate one tenant after the other, for CREATE INDEX CONCURRENTLY waits for the transactions of them all.

    A tenant that fails does not keep the next ones from their schema.
    """
    if not tenants or not all(re.fullmatch(r"[a-z][a-z0-9_]{0,47}", tenant) for tenant in tenants):
        sys.exit("Name the tenants: small letters, digits and _, at most 48, for example acme globex")
    failures = [tenant for tenant in tenants if not migrate(tenant)]
    if failures:
        print(f"Not migrated: {', '.join(failures)}", file=sys.stderr)
    return 1 if failures else 0


def migrate(tenant: str) -> bool:
    """Migrate one tenant, and say what was done."""
    try:
        with closing_engine(tenant) as engine:
            runner = MigrationRunner(engine)
            runner.upgrade_to_head()
            applied = runner.last_result.revisions if runner.last_result else ()
            print(f"{tenant}: {len(applied)} revisions applied, now at {runner.get_current_version()}", flush=True)
    except (MigrationError, sa.exc.DBAPIError) as error:
        print(f"{tenant}: {getattr(error, 'orig', error)}", file=sys.stderr)
        return False
    return True


@contextmanager
def closing_engine(tenant: str) -> Iterator[sa.Engine]:
    """Give an engine that sees the tenant's tables and no others."""
    url = sa.make_url(os.environ["DATABASE_URL"])
    engine = _in_file(url, tenant) if url.get_backend_name() == "sqlite" else _in_schema(url, f"tenant_{tenant}")
    try:
        yield engine
    finally:
        engine.dispose()


def _in_file(url: sa.URL, tenant: str) -> sa.Engine:
    folder = Path(url.database or ".")
    folder.mkdir(parents=True, exist_ok=True)
    return sa.create_engine(url.set(database=str(folder / f"{tenant}.db")))


def _in_schema(url: sa.URL, schema: str) -> sa.Engine:
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    return sa.create_engine(url, connect_args={"options": f"-c search_path={schema}"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
