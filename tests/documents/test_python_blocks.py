"""Blocks of Python that run as they are printed: where the database was, what they say, where it is afterwards."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from documents.blocks import BLOCKS, text_of
from documents.places import WAYS, Place, Way
from documents.printed import shown
from documents.replaced import python_for
from documents.running_python import LOGGER, Application, fits, run_python

ALL = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
MISMATCH = "Schema version mismatch: current=0005, expected=0008…"
FAILURE = "Revision 0008 …"  # of a database that has a table of that name already
SPOIL = "CREATE TABLE account_aggregates (id integer)"


@dataclass(frozen=True)
class Run:
    """One block in one situation."""

    key: str
    situation: str
    at: str = ""
    after: str = "0008"
    spoiled: bool = False  # revision 0008 will fail
    call: str = ""  # of what the block defines
    prints: str = ""
    logs: tuple[str, ...] = ()
    raises: str = ""
    calls: tuple[tuple[str, ...], ...] = ()  # of the application's own functions


RUNS = (
    Run("Базовый пример", "an empty database", prints="Версия схемы БД: 0008\n"),
    Run("Пример с синхронным движком", "an empty database"),
    Run("upgrade_to_head() 2", "an empty database"),
    Run("upgrade_to_head() 2", "nothing to do", at="0008"),
    Run("upgrade_to_version() 2", "an empty database", after="0005"),
    Run("upgrade_to_version() 2", "a newer database, which stays", at="0008"),
    Run("downgrade() 2", "the head", at="0008", after=""),
    Run(
        "get_current_version() 2",
        "an empty database",
        after="",
        prints="Миграции не применялись\nНесоответствие версий: None != 0008\n",
    ),
    Run(
        "get_current_version() 2",
        "behind",
        at="0005",
        after="0005",
        prints="Текущая версия: 0005\nНесоответствие версий: 0005 != 0008\n",
    ),
    Run("get_current_version() 2", "the head", at="0008", prints="Текущая версия: 0008\n"),
    Run(
        "get_pending_migrations() 2",
        "an empty database",
        after="",
        prints=f"Ожидающие миграции: {', '.join(ALL)}\nНеобходимо применить 8 миграций\n",
    ),
    Run(
        "get_pending_migrations() 2",
        "the head",
        at="0008",
        prints="Все миграции применены\nНеобходимо применить 0 миграций\n",
    ),
    Run("validate_schema_version() 2", "behind", at="0005", prints=f"Несоответствие схемы: {MISMATCH}\n"),
    Run("validate_schema_version() 2", "the head", at="0008", prints="Версия схемы валидна\n"),
    Run("MigrationError 2", "an empty database"),
    Run(
        "MigrationError 2",
        "a revision that fails",
        spoiled=True,
        after="0007",
        logs=(f"Миграция не удалась: {FAILURE}",),
    ),
    Run("VersionMismatchError 2", "behind", at="0005", logs=(f"Несоответствие версий: {MISMATCH}",)),
    Run("VersionMismatchError 2", "the head", at="0008"),
    Run(
        "Always Validate Schema Version",
        "the head",
        at="0008",
        call="await validate_database()",
        logs=("✓ Schema version validated",),
    ),
    Run(
        "Always Validate Schema Version",
        "behind",
        at="0005",
        after="0005",
        call="await validate_database()",
        logs=(f"Schema version mismatch: {MISMATCH}",),
        raises="Database schema outdated. Run migrations first.",
    ),
    Run(
        "Check Pending Migrations",
        "behind",
        at="0006",
        after="0006",
        call="await check_migrations()",
        logs=("Pending migrations: 0007, 0008", "Database schema may be out of date"),
    ),
    Run(
        "Check Pending Migrations",
        "the head",
        at="0008",
        call="await check_migrations()",
        logs=("✓ All migrations applied",),
    ),
    Run("Graceful Degradation", "an empty database", call="await startup_with_fallback()"),
    Run(
        "Graceful Degradation",
        "a revision that fails",
        at="0005",
        spoiled=True,
        after="0007",
        call="await startup_with_fallback()",
        logs=(
            f"Migration failed: {FAILURE}",
            "Database accessible (version: 0007)",
            "Continuing with existing schema (degraded mode)",
        ),
    ),
    Run("Catch and Log Migration Errors", "an empty database"),
    Run(
        "Catch and Log Migration Errors",
        "a revision that fails",
        spoiled=True,
        after="0007",
        logs=(f"Migration failed: {FAILURE}",),
        raises=FAILURE,
        calls=(("send_alert", f"Migration failed in tests: {FAILURE}"),),
    ),
    Run(
        "Implement Retry Logic",
        "an empty database",
        call="await run_migrations_with_retry()",
        logs=("Migration attempt 1/3", "✓ Migrations completed"),
    ),
    Run(
        "Implement Retry Logic",
        "a revision that fails",
        spoiled=True,
        after="0007",
        call="await run_migrations_with_retry(max_attempts=2)",
        logs=(
            "Migration attempt 1/2",
            f"Migration attempt 1 failed: {FAILURE}",
            "Migration attempt 2/2",
            f"Migration attempt 2 failed: {FAILURE}",
            "All migration attempts failed",
        ),
        raises=FAILURE,
    ),
    Run(
        "Rollback Strategy",
        "behind",
        at="0005",
        call="await safe_upgrade_with_rollback()",
        logs=("Current version: 0005", "✓ Upgrade successful"),
    ),
    Run(
        "Rollback Strategy",
        "a revision that fails",
        at="0005",
        spoiled=True,
        after="0005",
        call="await safe_upgrade_with_rollback()",
        logs=(
            "Current version: 0005",
            f"Upgrade or startup failed: {FAILURE}",
            "Rolling back to version 0005",
            "✓ Rollback completed",
        ),
        raises=FAILURE,
    ),
    Run("Downtime Windows", "comments only", after=""),
    Run(
        "Downtime Windows 2",
        "an empty database",
        calls=(
            ("notify_users", "Scheduled maintenance in 10 minutes"),
            ("notify_users", "Maintenance complete. System is online."),
        ),
    ),
    Run(
        "Monitoring and Alerting",
        "an empty database",
        call="await run_migrations_with_monitoring()",
        logs=("Starting migrations...", "✓ Migrations completed in …s"),
        calls=(("send_metric", "migration.success", "1"), ("send_metric", "migration.duration", "…")),
    ),
    Run(
        "Monitoring and Alerting",
        "a revision that fails",
        spoiled=True,
        after="0007",
        call="await run_migrations_with_monitoring()",
        logs=("Starting migrations...", f"Migration failed after …s: {FAILURE}"),
        raises=FAILURE,
        calls=(("send_metric", "migration.failure", "1"), ("send_alert", f"Migration failed: {FAILURE}")),
    ),
    Run("Issue 1: KeyError: 'False' 3", "an empty database", after=""),
    Run('Issue 2: "Async driver not supported for Alembic" 3', "an empty database"),
    Run("Issue 4: VersionMismatchError 3", "behind", at="0005", logs=("Schema outdated, upgrading...",)),
    Run("Issue 4: VersionMismatchError 4", "the head", at="0008", call="await startup()"),
    Run(
        "Issue 4: VersionMismatchError 4",
        "behind",
        at="0005",
        after="0005",
        call="await startup()",
        raises="Schema version mismatch. Run: python -m py_accountant.infrastructure.migrations upgrade head",
    ),
    Run("Check Alembic Version Table 2", "the head", at="0008", prints="Current version: 0008\n"),
    Run(
        "Migration Hooks (Future Feature)",
        "an empty database",
        calls=(("create_backup",), ("validate_data_integrity",)),
    ),
    Run(
        "Migration Hooks (Future Feature) 2",
        "an empty database",
        call="await upgrade_with_hooks()",
        calls=(("backup_database",), ("verify_data",)),
    ),
    Run("C. Version History", "anything", after="", prints="0008\n"),
)


CASES = [
    pytest.param(run, way, id=f"line {BLOCKS[run.key].line}, {run.situation}, {way}")
    for run in RUNS
    for way in WAYS
    if fits(way.partition("-")[2], text_of(run.key))
]


@pytest.mark.parametrize(("run", "way"), CASES, indirect=["way"])
def test_a_block_of_python_does_what_the_document_says(run, way, capsys, caplog):
    prepare(way.place, run)
    caplog.set_level("INFO", logger=LOGGER)
    application = Application()
    text = python_for(way, run.key)
    capsys.readouterr()

    if run.raises:
        with pytest.raises(Exception, match=shown(run.raises)):
            run_python(way, text, application.names(), run.call)
    else:
        run_python(way, text, application.names(), run.call)

    assert shown(run.prints).fullmatch(capsys.readouterr().out)
    assert_all_shown(run.logs, [record.getMessage() for record in caplog.records if record.name == LOGGER])
    for expected, happened in zip(run.calls, application.calls, strict=True):
        assert_all_shown(expected, [str(argument) for argument in happened])
    assert way.place.version() == run.after


def prepare(place: Place, run: Run) -> None:
    place.bring_to(run.at)
    if run.spoiled:
        place.execute(SPOIL)


def assert_all_shown(expected: tuple[str, ...], happened: list[str]) -> None:
    assert len(expected) == len(happened), happened
    for one, other in zip(expected, happened, strict=True):
        assert shown(one).fullmatch(other)


def test_without_a_database_the_degraded_start_refuses(sync_way, new_place: Callable[[str], Place], caplog):
    """`get_current_version` answers None when it cannot ask: this example lives on that."""
    caplog.set_level("INFO", logger=LOGGER)
    place = sync_way.place
    nowhere = Place(place.name, place.folder / "missing", f"{place.address}_missing/x", place.database)
    with pytest.raises(RuntimeError, match="Cannot start without database"):
        run_python(
            Way(nowhere, sync_way.driver),
            python_for(sync_way, "Graceful Degradation"),
            then="await startup_with_fallback()",
        )
    messages = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    assert messages[0].startswith("Migration failed: ")
    assert messages[1:] == ["Database not accessible"]
