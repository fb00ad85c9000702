"""What mypy --strict must refuse: every line that ends with "# error" holds one mistake."""

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from revgate import MigrationRunner

sync = MigrationRunner(create_engine("sqlite:///ledger.db"))
later = MigrationRunner(create_async_engine("sqlite+aiosqlite:///ledger.db"))

MigrationRunner("sqlite:///ledger.db")  # error
MigrationRunner(create_engine("sqlite:///ledger.db"), echo="False")  # error
MigrationRunner(create_engine("sqlite:///ledger.db"), lock_wait="10m")  # error
MigrationRunner(create_engine("sqlite:///ledger.db"), patience=1)  # error
sync.upgrade_to_version(5)  # error
sync.downgrade("base")  # error
sync.upgrade("head")  # error


async def awaiting() -> None:
    await sync.upgrade_to_head()  # error
    pending: list[str] = later.get_pending_migrations()  # error
    print(pending, len(await later.get_current_version()))  # error
