"""Bad input: one sentence on stderr, exit code 1, nothing half-applied, no traceback and no password."""

import importlib.metadata
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from database.projects.project import make_project
from support.cli import CLEAN, REVGATE, Cli, write_revision
from support.waiting import eventually

SECRET = "hunter2 hunter3"
WITHOUT_DOWNGRADE = "revision = 'c3'\ndown_revision = 'b2'\ndef upgrade():\n    pass\n"
FAILING = """\
import sqlalchemy as sa
from alembic import op
revision = "c3"
down_revision = "b2"
def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer))
    op.execute("INSERT INTO nowhere VALUES (1)")
def downgrade():
    pass
"""


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "shop").chain("a1", "b2")


@pytest.fixture
def cli(project, tmp_path):
    return Cli(project.folder).at(f"sqlite:///{tmp_path}/shop.db")


def test_an_unknown_revision_is_told_with_the_nearest(cli):
    for words in (("upgrade", "b22"), ("stamp", "b22"), ("downgrade", "b22"), ("plan", "b22")):
        sentence = cli.run(*words).sentence
        assert sentence.startswith("Target b22 is "), sentence
        assert sentence.endswith("b2"), sentence


@pytest.mark.parametrize("verb", ["upgrade", "current", "pending", "history", "graph"])
def test_a_broken_script_is_told_with_its_file_and_line(project, cli, verb):
    write_revision(project.versions, "c3_broken", "revision = 'c3'\n\nimport nowhere\n")
    sentence = cli.run(verb).sentence
    assert sentence.startswith("Revision file migrations/versions/c3_broken.py could not be imported, line 3: Module")


def test_two_heads_are_told_with_their_files_and_the_command_that_joins_them(project, cli):
    project.revision("c3", "a1")
    sentence = cli.run("upgrade").sentence
    assert sentence.startswith("Scripts have 2 heads, b2 (b2_change.py) and c3 (c3_change.py): join them with `alembic")


def test_a_downgrade_without_downgrade_is_refused_before_anything_is_undone(project, cli):
    write_revision(project.versions, "c3_one_way", WITHOUT_DOWNGRADE)
    project.revision("d4", "c3", head="def downgrade(): pass")
    cli.ok("stamp", "d4")
    sentence = cli.run("downgrade", "b2").sentence
    assert sentence.startswith("Revision c3 (c3_one_way.py) has no downgrade()")
    assert cli.ok("current").out == "Current version: d4\n"


def test_a_version_table_with_a_revision_that_no_script_has_is_refused(project, cli):
    with sqlite3.connect(project.folder.parent / "shop.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('x9')")
    database.close()
    for words in (("upgrade",), ("downgrade", "-1")):
        sentence = cli.run(*words).sentence
        assert sentence.startswith("Database is at x9, which "), sentence
    ended = cli.ok("current")
    assert (ended.out, ended.err.count("\n")) == ("Current version: x9\n", 1)


def test_a_revision_that_fails_leaves_nothing_behind(project, cli, tmp_path):
    write_revision(project.versions, "c3_fails", FAILING)
    ended = cli.run("upgrade")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1].startswith("Revision c3 (c3_fails.py) failed")
    assert "nowhere" in ended.err.splitlines()[-1]
    assert cli.ok("current").out == "Current version: b2\n"
    tables = sa.inspect(sa.create_engine(f"sqlite:///{tmp_path}/shop.db", poolclass=sa.NullPool)).get_table_names()
    assert "half" not in tables


@pytest.mark.parametrize("verb", ["current", "pending", "upgrade", "stamp head", "downgrade -1", "plan", "doctor"])
def test_a_database_that_cannot_be_asked_ends_every_verb_with_1(cli, verb):
    nowhere = cli.at(f"postgresql://app:{quote(SECRET)}@127.0.0.1:1/shop?connect_timeout=1")
    ended = nowhere.given(REVGATE_CONNECT_PATIENCE="0s").run(*verb.split())
    assert ended.code == 1
    assert "127.0.0.1" in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert not {"hunter2", "hunter3"} & set((ended.out + ended.err).replace("%20", " ").split())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://app:{}@nowhere.invalid/shop", "Database host nowhere.invalid has no address"),
        ("postgresql://app:hunter2@x@127.0.0.1/shop", "The URL in DATABASE_URL has an @ that is not percent-encoded"),
        ("postgresql://app:{}@127.0.0.1:port/shop", "The URL in DATABASE_URL could not be parsed"),
        ("hunter2", "DATABASE_URL is no URL of PostgreSQL or SQLite"),
        ("mysql://app:{}@127.0.0.1/shop", "DATABASE_URL is no URL of PostgreSQL or SQLite"),
        ("sqlite:////nowhere/shop.db", "Database file /nowhere/shop.db could not be opened"),
        ("", "No database was named: set DATABASE_URL"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(cli, url, words):
    sentence = cli.at(url.format("hunter2")).run("current").sentence
    assert sentence.startswith(words), sentence
    assert "hunter2" not in sentence


def test_a_wrong_password_and_a_missing_database_are_told_apart(project, database15):
    place = f"{database15.host}:{database15.port}"
    wrong = Cli(project.folder).at(f"postgresql://{database15.user}:hunter2@{place}/{database15.name}")
    assert wrong.run("current").sentence.startswith(f"Database server at {database15.host} refused user ")
    missing = Cli(project.folder).at(database15.url.removesuffix(database15.name) + "nowhere")
    assert missing.run("current").sentence == f"Database nowhere does not exist on {database15.host}: create it first"


def test_a_traceback_comes_with_debug_only_and_without_a_password(project, database15):
    wrong = Cli(project.folder).at(database15.sqlalchemy_url.removesuffix(database15.name) + "nowhere")
    ended = wrong.run("upgrade", "--debug")
    assert ended.code == 1
    assert "Traceback (most recent call last)" in ended.err
    for secret in (database15.password, quote(database15.password, safe="")):
        assert secret not in ended.out + ended.err


def test_what_env_py_prints_has_no_password_in_it(project, database15):
    environment = project.folder / "migrations" / "env.py"
    environment.write_text(f"import os\nprint(os.environ['DATABASE_URL'])\n{environment.read_text()}")
    ended = Cli(project.folder).at(database15.url).ok("current")
    assert ended.out == "Database not initialized\n"
    assert "***" in ended.err
    assert quote(database15.password, safe="") not in ended.err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("nowhere.ini", None, "Configuration file nowhere.ini of --config does not exist"),
        ("folder", "", "Configuration file folder of --config is a folder"),
        ("other.toml", "[tool.ruff]\n", "other.toml of --config has no [tool.alembic]"),
        ("other.toml", "[tool", "other.toml could not be read: "),
        ("other.ini", "[alembic]\n", "No Alembic scripts were found by other.ini"),
        ("other.ini", "no section\n", "other.ini could not be read"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_named(cli, name, text, words):
    if text:
        (cli.folder / name).write_text(text)
    elif text is not None:
        (cli.folder / name).mkdir()
    sentence = cli.run("history", "-c", name).sentence
    assert sentence.startswith(words), sentence


def test_a_dotenv_file_that_cannot_be_read_is_named_with_its_line(project):
    (project.folder / ".env").write_text("A=1\nDATABASE_URL='hunter2\n")
    sentence = Cli(project.folder).run("current").sentence
    assert sentence.startswith("Line 2 of .env could not be understood")


def test_a_missing_driver_is_told_with_what_to_install(project, tmp_path):
    python = without_driver(tmp_path / "packages")
    cli = Cli(project.folder, {"PYTHONPATH": python}, (sys.executable, "-S", "-m", "revgate"))
    sentence = "Driver psycopg is missing: pip install 'revgate[postgresql]'"
    for verb in ("current", "upgrade", "plan"):
        assert cli.at("postgresql://app:hunter2@127.0.0.1:1/shop").run(verb).sentence == sentence
    assert cli.at(f"sqlite:///{tmp_path}/shop.db").ok("upgrade").out == "✓ Upgraded to head\n"


def without_driver(folder: Path) -> str:
    """Return a search path of what is installed here, but for psycopg: with -S nothing else is found."""
    folder.mkdir()
    for path in map(Path, filter(None, sys.path)):
        for found in path.glob("*") if path.name == "site-packages" else ():
            if not found.name.startswith(("psycopg", "__editable__")) and not found.name.endswith(".pth"):
                (folder / found.name).symlink_to(found)
    ours = os.environ.get("PYTHONPATH", "")
    assert importlib.metadata.version("alembic")
    return os.pathsep.join(filter(None, (ours, str(folder))))


def test_an_interrupt_ends_with_one_sentence_and_what_was_applied_stays(tmp_path, database15):
    project = make_project(tmp_path / "slow").revision("a1").revision("b2", "a1", "op.execute('SELECT pg_sleep(60)')")
    cli = Cli(project.folder).at(database15.url)
    with (tmp_path / "err").open("w") as err:
        command = [*REVGATE, "upgrade"]
        process = subprocess.Popen(command, cwd=cli.folder, env={**CLEAN, **cli.environment}, stdout=err, stderr=err)
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%pg_sleep%%' AND pid <> pg_backend_pid()"
    eventually("the second revision runs", lambda: database15.query(asleep)[0][0], world=(tmp_path / "err").read_text)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 1
    told = (tmp_path / "err").read_text()
    sentence = "Run was interrupted by SIGINT: `revgate current` shows where the database is"
    assert told.splitlines()[-1] == sentence
    assert "Traceback" not in told
    assert cli.ok("current").out == "Current version: a1\n"
