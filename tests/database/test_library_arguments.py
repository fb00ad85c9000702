"""Arguments that are none: refused with one sentence, before anything is asked of a database."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from revgate import MigrationError, MigrationRunner
from revgate.migration.errors import HookFailed, InvalidOptions, UnknownTarget
from revgate.migration.library.results import MigrationResult
from support.library import Place, answer
from support.library_project import Project, make_project

pytest_plugins = ["support.library_fixtures"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("a1", "a2")


@pytest.mark.parametrize("given", ["sqlite:///library.db", None, 1, sessionmaker(), sa.make_url("sqlite://")])
def test_what_is_no_engine_is_refused(given: Any):
    with pytest.raises(InvalidOptions, match=f"given a {type(given).__name__}: give it the Engine"):
        MigrationRunner(given)


def test_a_connection_is_no_engine(file: Place):
    with file.seen.connect() as connection, pytest.raises(InvalidOptions, match="given a Connection"):
        MigrationRunner(connection)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", ["echo", "dry_run"])
@pytest.mark.parametrize("value", ["False", "true", "", 0, 1, None])
def test_a_flag_that_is_no_bool_is_refused(file: Place, name: str, value: Any):
    options = {name: value}
    with pytest.raises(InvalidOptions, match=f"Argument {name} is {value!r}"):
        MigrationRunner(file.engine(), **options)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt name": ({"lockwait": 5}, "Argument lockwait is unknown to MigrationRunner: near it is lock_wait"),
    "an unknown name": ({"colour": "red"}, "Argument colour is unknown .*near it is lock_wait, lock_timeout"),
    "a text for a time": ({"lock_wait": "5"}, "Argument lock_wait is '5': give a number from 0"),
    "a negative time": ({"lock_timeout": -1}, "Argument lock_timeout is -1: give a number from 0"),
    "no time": ({"connect_wait": None}, "Argument connect_wait is None: give a number from 0"),
    "half a retry": ({"lock_retries": 1.5}, "Argument lock_retries is 1.5: give a whole number"),
    "a folder for a backup": ({"backup": "/backups"}, r"Argument backup is '/backups': give a Backup\(folder\)"),
    "no function": ({"on_result": "print"}, "Argument on_result is 'print': give a function"),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_option_that_is_none_is_refused(file: Place, what: str):
    options, words = WRONG[what]
    with pytest.raises(InvalidOptions, match=words):
        MigrationRunner(file.engine(), **options)


@pytest.mark.parametrize("path", [5, b"alembic.ini", "", ["alembic.ini"]])
def test_a_path_that_is_none_is_refused(file: Place, path: Any):
    with pytest.raises(InvalidOptions, match="Alembic configuration"):
        MigrationRunner(file.engine(), path)


@pytest.mark.parametrize("version", [None, 8, 8.0, ["0008"]])
def test_a_version_that_is_no_text_is_refused(few: Place, project: Project, version: Any):
    runner: Any = MigrationRunner(few.engine(), project.config)
    for call in (runner.upgrade_to_version, runner.stamp, runner.validate_schema_version):
        with pytest.raises(UnknownTarget, match="is no text: write it in quotes"):
            answer(call(version))
    assert few.everything() == []


@pytest.mark.parametrize("steps", ["2", None, 1.5, True, 0, -1])
def test_a_number_of_steps_that_is_none_is_refused(file: Place, project: Project, steps: Any):
    runner = file.runner(project.config)
    runner.upgrade_to_head()
    with pytest.raises(UnknownTarget, match="steps is none: give a number from 1"):
        runner.downgrade(steps=steps)
    assert file.heads() == ["a2"]


@pytest.mark.parametrize("target", ["+1", "-1", "base", "a1:a2", "a1,a2", "a2 ", "a2_change.py", "app@head"])
def test_relative_targets_are_no_versions(file: Place, project: Project, target: str):
    with pytest.raises(UnknownTarget):
        file.runner(project.config).upgrade_to_version(target)
    assert file.everything() == []


@pytest.mark.parametrize("kind", ["before_upgrade", "before_revision", "after_revision", "after_upgrade"])
def test_a_hook_that_is_no_function_is_refused(file: Place, project: Project, kind: str):
    with pytest.raises(InvalidOptions, match="Hook is 'log': give a function"):
        file.runner(project.config).hook(kind, "log")  # type: ignore[arg-type]


def test_an_async_callback_is_awaited(few: Place, project: Project):
    told: list[MigrationResult] = []

    async def tell(result: MigrationResult) -> None:
        await asyncio.sleep(0)
        told.append(result)

    few.runner(project.config, on_result=tell).upgrade_to_head()
    assert [result.current for result in told] == [("a2",)]


def test_a_callback_that_fails_does_not_hide_what_the_run_failed_of(
    few: Place, project: Project, caplog: pytest.LogCaptureFixture
):
    def fail(_result: MigrationResult) -> None:
        raise ValueError("metrics are down")

    runner = few.runner(project.config, on_result=fail)
    with pytest.raises(HookFailed, match="Hook fail failed: ValueError: metrics are down"):
        runner.upgrade_to_version("a1")
    assert few.heads() == ["a1"]
    with pytest.raises(MigrationError, match="z9"):
        runner.upgrade_to_version("z9")
    assert "metrics are down" in caplog.text
