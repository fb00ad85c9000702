"""The doctor on the command line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from support import commands
from support.diagnosis import make_invalid


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("r1", "r2", "r3")


def test_the_command_exits_by_what_it_found(database15, project):
    done = _doctor(database15.url, project)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("✓ versions        revgate ")
    assert lines[-1] == "No problem was found"
    make_invalid(database15)
    done = _doctor(database15.url, project)
    assert done.returncode == 1
    assert "✗ indexes " in done.stdout
    assert done.stdout.endswith("\n1 problem, 1 warning\n")


def test_the_command_answers_a_script(database15, project):
    database15.query("CREATE TABLE a (id int)")
    done = _doctor(database15.url, project, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["problems"], answer["warnings"]) == (0, 0, 1)
    assert {check["state"] for check in answer["checks"]} == {"ok", "warning"}
    assert database15.password not in done.stdout


def test_the_command_says_what_to_set_without_a_url(project):
    done = _doctor("", project)
    assert done.returncode == 1
    assert "✗ URL       No database was named: set DATABASE_URL" in done.stdout


def _doctor(url: str, project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if "DATABASE" not in key and not key.startswith("PG")}
    environ = {**clean, **({"DATABASE_URL": url} if url else {})}
    return commands.run("revgate", "doctor", *arguments, folder=project.folder, environ=environ)
