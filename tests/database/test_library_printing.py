"""What a run prints and logs: stdout belongs to the application, and a password appears nowhere."""

import asyncio
import logging
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from revgate import MigrationError, MigrationRunner
from support.library import Place, answer
from support.library_project import make_project
from support.servers import Database

pytest_plugins = ["support.library_fixtures"]
pytestmark = pytest.mark.timeout(90)

FILE_CONFIG = """
    import logging
    from logging.config import fileConfig
    from alembic import context

    fileConfig(context.config.config_file_name)
    print("env.py prints")
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()
"""
LOGGING = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = DEBUG
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(message)s
"""


def forms(place: Place) -> list[str]:
    """Return the password as it is, and as it stands in a URL."""
    password = place.url.password or ""
    return [password, str(password), place.url.render_as_string(hide_password=False).split("@")[0].split(":")[-1]]


def every_method(place: Place, **options: Any) -> list[str]:
    """Call them all, also so that they fail; return what their errors show."""
    engine = place.engine()
    runner: Any = MigrationRunner(engine, **options)
    dry: Any = MigrationRunner(engine, dry_run=True)
    calls = [
        runner.get_current_version,
        runner.inspect,
        dry.upgrade_to_head,
        runner.upgrade_to_head,
        runner.get_pending_migrations,
        lambda: runner.upgrade_to_version("nonsense"),
        lambda: runner.validate_schema_version("0001"),
        lambda: runner.downgrade(steps=99),
        lambda: runner.downgrade(target="base"),
        lambda: runner.stamp("0008"),
    ]
    shown = [repr(runner), str(runner), repr(runner.__dict__), repr(engine)]
    for call in calls:
        try:
            answer(call())
        except MigrationError as error:
            shown += [str(error), repr(error), "".join(traceback.format_exception(error))]
        shown.append(repr(runner.last_result))
    return shown


def test_stdout_stays_empty_and_the_password_is_nowhere(
    place: Place, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.DEBUG):
        shown = every_method(place)
    printed = capfd.readouterr()
    assert printed.out == ""
    if not place.is_postgresql:
        return
    everything = "\n".join([*shown, printed.err, caplog.text])
    assert not any(form in everything for form in forms(place))


def test_echo_shows_the_statements_and_no_password(
    few: Place, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    every_method(few, echo=True)
    printed = capfd.readouterr()
    everything = printed.out + printed.err + caplog.text
    assert "CREATE TABLE accounts" in everything
    if few.is_postgresql:
        assert not any(form in everything for form in forms(few))


def test_what_env_py_does_to_the_log_does_not_last(file: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    project = make_project(tmp_path / "app", FILE_CONFIG).add("a1", None, "print('a revision prints')")
    project.config.write_text(project.config.read_text() + LOGGING)
    mine, root = logging.getLogger("my.application"), logging.getLogger()
    before = (mine.disabled, mine.level, root.level, root.handlers[:])
    file.runner(project.config).upgrade_to_head()
    assert (mine.disabled, mine.level, root.level, root.handlers[:]) == before
    assert capfd.readouterr().out == "env.py prints\nenv.py prints\na revision prints\n"  # that is the user's own


def test_stdout_is_the_applications_while_a_revision_runs(
    async_place: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    project = make_project(tmp_path / "app").chain("a1")
    before = sys.stdout

    async def application() -> None:
        runner: Any = MigrationRunner(async_place.engine(), project.config)

        @runner.before_revision
        @runner.after_revision
        async def progress(revision: str) -> None:
            assert sys.stdout is before
            sys.stdout.write(f"progress {revision}\n")

        await runner.upgrade_to_head()

    asyncio.run(application())
    assert capfd.readouterr().out == "progress a1\nprogress a1\n"


def test_the_log_tells_what_runs(file: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    project = make_project(tmp_path / "app").chain("a1", "a2")
    with caplog.at_level(logging.INFO, "revgate"):
        file.runner(project.config).upgrade_to_head()
    lines = [record.getMessage() for record in caplog.records if record.name == "revgate"]
    assert [line.split()[:2] for line in lines if line.startswith("revision_")] == [
        ["revision_started", "revision='a1'"],
        ["revision_applied", "revision='a1'"],
        ["revision_started", "revision='a2'"],
        ["revision_applied", "revision='a2'"],
    ]


def test_a_fresh_process_prints_nothing(database15: Database):
    program = (
        "import sqlalchemy as sa, revgate, sys\n"
        "revgate.MigrationRunner(sa.create_engine(sys.argv[1])).upgrade_to_version('0002')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, database15.sqlalchemy_url],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_values_of_a_failed_statement_are_not_shown(few: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    up = """
    op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Text))
    t = sa.table('t', sa.column('id'), sa.column('name'))
    op.bulk_insert(t, [{'id': 1, 'name': 'top-secret-value'}, {'id': 1, 'name': 'top-secret-value'}])
    """
    project = make_project(tmp_path / "app").add("a1", None, up)
    runner = few.runner(project.config)
    with pytest.raises(MigrationError) as caught:
        runner.upgrade_to_head()
    assert "top-secret-value" not in f"{caught.value}{caught.value!r}{runner.last_result!r}{caplog.text}"
    assert few.tables() == []
