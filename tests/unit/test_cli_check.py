"""`check`: every fault of the revision files at once, and a file with its line."""

import pytest

from database.projects.project import Project, make_project
from revgate.migration.project.check import Problem, check_scripts
from revgate.migration.project.scripts import find_scripts
from support.cli import Cli, write_revision

BOTH_WAYS = "def upgrade():\n    x = 1\n\n\ndef downgrade():\n    x = 1\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    project = make_project(tmp_path / "shop").chain("a1", "b2")
    monkeypatch.chdir(project.folder)
    return project


@pytest.fixture
def cli(project):
    return Cli(project.folder)


def problems(project: Project) -> tuple[Problem, ...]:
    config = str(project.folder / "alembic.ini")
    return check_scripts(find_scripts({"ALEMBIC_CONFIG": config}, bundled=False).directory)


def told(project: Project) -> list[str]:
    return [problem.message for problem in problems(project)]


def test_the_bundled_scripts_have_no_fault(tmp_path):
    assert Cli(tmp_path).ok("check", "--bundled", "--strict").out == "✓ No problems\n"


def test_scripts_without_a_fault_end_with_0(cli):
    assert cli.ok("check").out == "✓ No problems\n"
    assert cli.ok("check", "--json").json == {"ok": True, "problems": []}


def test_a_project_without_revisions_has_no_fault(tmp_path):
    assert problems(make_project(tmp_path / "new")) == ()


def test_two_heads_are_named_with_their_files_and_the_command_that_joins_them(project, cli):
    project.revision("c3", "a1")
    ended = cli.run("check")
    assert ended.code == 1
    assert ended.out == (
        "✗ Scripts have 2 heads, b2 in migrations/versions/b2_change.py and c3 in migrations/versions/c3_change.py: "
        "join them with `alembic merge -m 'Merge b2 and c3' b2 c3`\n1 problem\n"
    )


def test_heads_with_labels_of_their_own_are_meant_to_be(tmp_path):
    project = make_project(tmp_path / "two").revision("a1", label="shop").revision("b2", label="users")
    project.revision("a3", "a1")
    assert problems(project) == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("import nowhere\n", "line 1: ModuleNotFoundError: No module named 'nowhere'"),
        ("revision = 'c3'\ndef upgrade(:\n", "line 2: "),
        ("revision = 'c3'\n\nraise SystemExit(3)\n", "line 3: SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named_with_its_line(project, text, place):
    write_revision(project.versions, "c3_broken", text)
    [message] = told(project)
    assert message.startswith(f"Revision file migrations/versions/c3_broken.py could not be imported, {place}")


def test_a_broken_file_does_not_hide_other_faults(project):
    write_revision(project.versions, "c3_broken", "import nowhere\n")
    write_revision(project.versions, "a1_again", f"revision = 'a1'\ndown_revision = None\n{BOTH_WAYS}")
    assert [problem.fault for problem in problems(project)] == ["broken-file", "duplicate-id"]


def test_an_id_that_is_in_two_files_is_named_with_both(project):
    write_revision(project.versions, "b2_again", f"revision = 'b2'\ndown_revision = 'a1'\n{BOTH_WAYS}")
    [message] = told(project)
    paths = "migrations/versions/b2_again.py and migrations/versions/b2_change.py"
    assert message == f"Revision b2 is in 2 files, {paths}: give one of them a new id"


def test_an_id_that_the_version_table_cannot_hold_is_a_fault(project):
    project.revision("c" * 32, "b2")
    assert problems(project) == ()
    project.revision("d" * 33, "c" * 32)
    [message] = told(project)
    assert "has 33 characters, and the version table holds 32" in message


def test_an_id_that_alembic_cannot_read_is_a_fault(project):
    write_revision(project.versions, "c3", f"revision = '2024-01'\ndown_revision = 'b2'\n{BOTH_WAYS}")
    [message] = told(project)
    assert message.startswith("Revision id '2024-01' of migrations/versions/c3.py has - in it, which Alembic reads as")


@pytest.mark.parametrize("word", ["down_revision", "depends_on", "serves_from"])
def test_a_revision_that_no_file_has_is_named_with_what_was_meant(project, word):
    values = {"down_revision": "'b2'", "depends_on": "None"} | {word: "'b22'"}
    settings = "\n".join(f"{key} = {value}" for key, value in values.items())
    write_revision(project.versions, "c3_change", f"revision = 'c3'\n{settings}\n{BOTH_WAYS}")
    assert f"migrations/versions/c3_change.py names b22 in {word}, and no file has it: did you mean b2?" in told(
        project
    )


def test_a_dependency_may_be_a_branch_label(project):
    project.revision("c3", label="side")
    project.revision("d4", "b2", depends_on="side", label="main")
    assert problems(project) == ()


def test_a_circle_is_told_in_its_order(project):
    project.revision("a1", "b2")
    assert told(project) == [
        "Revisions a1 -> b2 -> a1 follow each other in a circle: mend down_revision in migrations/versions/a1_change.py"
    ]


def test_a_revision_that_follows_itself_is_a_circle(project):
    write_revision(project.versions, "c3", f"revision = 'c3'\ndown_revision = 'c3'\n{BOTH_WAYS}")
    assert any("Revisions c3 -> c3 follow each other in a circle" in message for message in told(project))


@pytest.mark.parametrize(
    ("functions", "fault"),
    [
        ("def upgrade():\n    x = 1\n", "has no downgrade()"),
        ("def upgrade():\n    x = 1\ndef downgrade():\n    pass\n", "has a downgrade() that does nothing"),
        ('def upgrade():\n    x = 1\ndef downgrade():\n    """Nothing."""\n', "has a downgrade() that does nothing"),
    ],
)
def test_a_missing_downgrade_is_a_warning(project, functions, fault):
    write_revision(project.versions, "c3_up", f"revision = 'c3'\ndown_revision = 'b2'\n{functions}")
    message = f"Revision c3 cannot be undone: migrations/versions/c3_up.py {fault}"
    path = "migrations/versions/c3_up.py"
    assert problems(project) == (Problem("missing-downgrade", message, (path,), is_warning=True),)


def test_a_warning_is_a_fault_when_asked_to_be_strict(project, cli):
    write_revision(project.versions, "c3", "revision = 'c3'\ndown_revision = 'b2'\ndef upgrade():\n    x = 1\n")
    text = "! Revision c3 cannot be undone: migrations/versions/c3.py has no downgrade()\n1 warning\n"
    assert cli.ok("check").out == text
    strict = cli.run("check", "--strict")
    assert (strict.code, strict.out) == (1, text)
    found = cli.ok("check", "--json").json
    assert (found["ok"], found["problems"][0]["severity"]) == (True, "warning")


@pytest.mark.parametrize("down", ["'b2'", "('b2', 'c3')"])
def test_a_revision_that_does_nothing_needs_no_downgrade(project, down):
    if "c3" in down:
        project.revision("c3", "a1")
    functions = "def upgrade():\n    pass\ndef downgrade():\n    pass\n"
    write_revision(project.versions, "d4", f"revision = 'd4'\ndown_revision = {down}\n{functions}")
    assert problems(project) == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x = 1\n", "has no `revision`"),
        ("revision = 3\n", "sets revision to 3, which is no string"),
        ("revision = 'c3'\nserves_from = 2\n", "sets serves_from to 2, which is no string"),
    ],
)
def test_a_file_that_is_no_revision_is_a_fault(project, text, fault):
    write_revision(project.versions, "c3", text)
    [message] = told(project)
    assert message.startswith(f"File migrations/versions/c3.py {fault}")


def test_what_only_alembic_notices_is_told_too(project):
    project.revision("c3", "b2", label="same").revision("d4", "c3", label="same")
    [message] = told(project)
    assert "same" in message


def test_an_env_py_that_cannot_be_parsed_is_a_fault(project):
    (project.folder / "migrations" / "env.py").write_text("import os\nthis is no Python\n")
    [message] = told(project)
    assert message.startswith("migrations/env.py could not be read at line 2: ")


def test_a_word_that_is_neither_true_nor_false_is_named(project):
    project.revision("c3", "b2", head="repeatable = 'yes'")
    (message,) = told(project)
    assert message == (
        "File migrations/versions/c3_change.py sets repeatable to 'yes': write True or False, or another name"
    )
