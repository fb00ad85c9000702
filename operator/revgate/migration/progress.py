"""What the server says of the work at hand, where it says anything."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def watching_work(engine: sa.Engine) -> Iterator[Callable[[], str]]:
    """Yield a function that says how far the work of our sessions is: "" when there is nothing to say."""
    if engine.dialect.name != "postgresql":
        yield lambda: ""
        return
    from revgate.migration.postgresql.progress import WorkWatch  # noqa: PLC0415  SQLite needs no psycopg

    watch = WorkWatch(engine)
    try:
        yield lambda: str(watch.look() or "")
    finally:
        watch.close()
