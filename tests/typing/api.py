"""The public API as a user types it: mypy --strict must take all of this (tests/unit/test_public_types.py)."""

from typing import assert_type

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from revgate import MigrationError, MigrationRunner, VersionMismatchError, __version_schema__

sync = MigrationRunner(create_engine("sqlite:///ledger.db"))
dry = MigrationRunner(create_engine("sqlite:///ledger.db"), dry_run=True)
configured = MigrationRunner(
    create_engine("sqlite:///ledger.db"), "alembic.ini", echo=True, lock_wait=60.0, lock_retries=3, on_result=print
)


def blocking() -> None:
    assert_type(sync.upgrade_to_head(), None)
    assert_type(sync.upgrade_to_version("0005"), None)
    assert_type(sync.downgrade(), None)
    assert_type(sync.downgrade(steps=2), None)
    assert_type(sync.downgrade(target="base"), None)
    assert_type(sync.get_current_version(), str | None)
    assert_type(sync.get_pending_migrations(), list[str])
    assert_type(sync.validate_schema_version(__version_schema__), None)
    assert_type(sync.inspect().pending, tuple[str, ...])
    assert_type(sync.stamp("head"), None)
    assert_type(dry.upgrade_to_head(), list[str])
    assert_type(dry.downgrade(steps=1), list[str])
    configured.upgrade_to_head()
    if sync.last_result is not None:
        assert_type(sync.last_result.seconds, float)
        assert_type([(run.revision, run.seconds) for run in sync.last_result.revisions], list[tuple[str, float]])


async def awaiting() -> None:
    engine = create_async_engine("sqlite+aiosqlite:///ledger.db")
    runner = MigrationRunner(engine, echo=False)
    assert_type(await runner.upgrade_to_head(), None)
    assert_type(await runner.upgrade_to_version("0005"), None)
    assert_type(await runner.downgrade(steps=2), None)
    assert_type(await runner.get_current_version(), str | None)
    assert_type(await runner.get_pending_migrations(), list[str])
    assert_type(await runner.validate_schema_version("0008"), None)
    assert_type((await runner.inspect()).heads, tuple[str, ...])
    assert_type(await MigrationRunner(engine, dry_run=True).upgrade_to_head(), list[str])


@sync.before_upgrade
def before(pending: tuple[str, ...]) -> None:
    print(pending)


@sync.after_revision
async def after(revision: str) -> None:
    print(revision)


def failing() -> None:
    try:
        sync.validate_schema_version("0008")
    except VersionMismatchError as error:
        assert_type(error.current, str | None)
        assert_type(error.expected, str)
        assert_type(error.kind, str)
    except MigrationError as error:
        print(error)
