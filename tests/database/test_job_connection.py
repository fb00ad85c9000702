"""Connecting: what is waited for, what fails at once, and what is refused."""

from pathlib import Path
from urllib.parse import quote

import pytest

from database.projects.running import heads, run, start, until
from revgate.contract.exits import Exit
from revgate.contract.reasons import Reason
from support.servers import Database, Server, _free_port


def test_a_wrong_password_fails_at_once(database: Database, tmp_path: Path):
    wrong = database.url.replace(quote(database.password, ""), "wrong")
    ended = run(wrong, tmp_path, "--bundled", REVGATE_CONNECT_PATIENCE="10m")
    assert (ended.code, ended.report.reason) == (Exit.AUTHENTICATION_FAILED, Reason.AUTHENTICATION_FAILED), ended
    assert database.user in ended.report.message
    assert not ended.report.read


def test_a_missing_database_fails_at_once(database: Database, tmp_path: Path):
    ended = run(database.url + "_gone", tmp_path, "--bundled", REVGATE_CONNECT_PATIENCE="10m")
    assert (ended.code, ended.report.reason) == (Exit.DATABASE_NOT_FOUND, Reason.DATABASE_NOT_FOUND), ended
    assert f"{database.name}_gone" in ended.report.message


def test_an_unknown_host_is_waited_for_and_named(tmp_path: Path):
    url = "postgresql://app:secret@nowhere.invalid:5432/app"
    ended = run(url, tmp_path, "--bundled", REVGATE_CONNECT_PATIENCE="1s")
    assert (ended.code, ended.report.reason) == (Exit.HOST_NOT_FOUND, Reason.HOST_NOT_FOUND), ended
    assert "nowhere.invalid" in ended.report.message
    assert ended.events("database_awaited")


def test_a_server_that_is_down_is_waited_for(server15: Server, database15: Database, tmp_path: Path):
    server15.stop()
    running = start(database15, tmp_path, "--bundled", REVGATE_CONNECT_PATIENCE="80s")
    until(lambda: "database_awaited" in running.err.read_text(), running.err.read_text)
    server15.start()
    ended = running.end()
    assert ended.code == 0, ended
    assert heads(database15) == ["0008"]


def test_a_server_that_stays_down_is_unreachable(tmp_path: Path):
    url = f"postgresql://app:secret@127.0.0.1:{_free_port()}/app"
    ended = run(url, tmp_path, "--bundled", REVGATE_CONNECT_PATIENCE="1s")
    assert (ended.code, ended.report.reason) == (Exit.UNREACHABLE, Reason.DATABASE_UNREACHABLE), ended


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://app:secret-word@h/app", "postgresql://app:secret-word@h@h:port/app"],
    ids=["none", "no URL", "another product", "an unescaped password"],
)
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(tmp_path: Path, url: str):
    ended = run(url, tmp_path, "--bundled")
    assert (ended.code, ended.report.reason) == (Exit.CONFIGURATION, Reason.INVALID_DATABASE_URL), ended
    assert "REVGATE_DATABASE_URL" in ended.report.message
    assert "secret-word" not in ended.everything
    assert "Traceback" not in ended.err
