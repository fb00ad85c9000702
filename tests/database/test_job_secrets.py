"""A password is nowhere in what a run leaves, in no form."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from database.projects.project import make_project
from database.projects.running import Ended, run
from revgate.contract.exits import Exit
from support.servers import Database, Server

NASTY = "p%40w@/:'\"\\ö x#?&"


def assert_shown_nowhere(password: str, ended: Ended):
    forms = {
        password,
        repr(password)[1:-1],
        json.dumps(password)[1:-1],
        quote(password),
        quote(password, safe=""),
        quote(password, safe="").lower(),
        base64.b64encode(password.encode()).decode(),
        base64.urlsafe_b64encode(password.encode()).decode(),
        base64.b64encode(password.encode()).decode().rstrip("=")[:-1],
        base64.b64encode(b"x" + password.encode()).decode()[3:-4],
        base64.b64encode(b"xx" + password.encode()).decode()[4:-4],
    }
    for form in forms:
        assert form not in ended.everything


@pytest.fixture
def nasty(server15: Server, database15: Database) -> Database:
    """Give the database with a password that needs escaping everywhere."""
    server15.query(f"ALTER ROLE {database15.user} PASSWORD '{NASTY.replace(chr(39), chr(39) * 2)}'")
    return replace(database15, password=NASTY)


def test_an_env_py_that_prints_everything_shows_no_password(nasty: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "printing").chain("a1")
    ended = run(nasty, project.folder)
    assert ended.code == 0, ended
    assert "***" in ended.err
    assert_shown_nowhere(NASTY, ended)


def test_an_env_py_that_raises_with_the_url_shows_no_password(nasty: Database, tmp_path: Path):
    project = make_project(tmp_path / "app", "printing").chain("a1")
    ended = run(nasty, project.folder, RAISE="yes")
    assert ended.code == Exit.ENVIRONMENT
    assert "could not connect to ***" in ended.report.message
    assert_shown_nowhere(NASTY, ended)


def test_a_revision_that_raises_with_the_password_shows_no_password(nasty: Database, tmp_path: Path):
    body = "raise RuntimeError(f'refused: {op.get_bind().engine.url.password}')"
    ended = run(nasty, make_project(tmp_path / "app").revision("a1", None, body).folder)
    assert ended.report.message == "Revision a1 (a1_change.py) failed: RuntimeError: refused: ***"
    assert_shown_nowhere(NASTY, ended)


def test_a_wrong_password_is_not_shown_either(nasty: Database, tmp_path: Path):
    wrong = replace(nasty, password="wr%2Fong@:word")
    ended = run(wrong, tmp_path, "--bundled")
    assert ended.code == Exit.AUTHENTICATION_FAILED
    assert_shown_nowhere(wrong.password, ended)


def test_the_ledger_holds_no_password(nasty: Database, tmp_path: Path):
    run(nasty, make_project(tmp_path / "app").chain("a1").folder)
    assert NASTY not in str(nasty.query("SELECT * FROM revgate.revision_log"))
