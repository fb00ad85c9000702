"""What the command line prints, against the outputs that the document shows."""

import re
import shlex

import pytest
import yaml

from documents.blocks import text_of
from documents.printed import shown
from documents.replaced import shell_for
from documents.running_python import run_python
from documents.running_shell import MODULE, bash
from documents.test_shell_blocks import HISTORY, UPGRADED

SYNTAX = ("upgrade [revision]", "downgrade <revision>", "current", "pending", "history")


def test_help_begins_as_shown_and_names_every_command_that_is_shown(new_place):
    done = bash(new_place("sqlite"), text_of("Проверка установки"))
    usage, _, commands = text_of("Проверка установки 2").partition("\n")
    assert done.stdout.startswith(f"{usage}\n\nCommands:\n")
    for line in commands.split("Commands:\n")[1].splitlines():
        assert line in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("command", "at", "key"),
    [
        ("current", "0008", "current 3"),
        ("current", "", "current 4"),
        ("pending", "0005", "pending 3"),
        ("pending", "0008", "pending 4"),
    ],
)
def test_a_command_prints_exactly_what_is_shown(place, command, at, key):
    place.bring_to(at)
    done = bash(place, f"{MODULE} {command}")
    assert (done.stdout, done.returncode) == (text_of(key), 0), done


def test_history_is_as_shown_but_for_the_first_line_which_is_no_head(place):
    assert bash(place, f"{MODULE} history").stdout == HISTORY
    assert HISTORY.splitlines()[1:] == text_of("history 3").splitlines()[1:]


@pytest.mark.parametrize("key", SYNTAX)
def test_a_command_takes_what_its_syntax_says(new_place, key):
    words = text_of(key).strip().removeprefix(MODULE).split()
    command, argument = words[0], " ".join(words[1:-1])
    done = bash(new_place("sqlite"), f"{MODULE} {command} --help")
    usage = " ".join(done.stdout.partition("\n\n")[0].split())
    assert usage.startswith(f"Usage: {MODULE} {command} ")
    assert [word.strip("[]") for word in re.findall(r"\[?\b[A-Z]{8}\b\]?", usage)] == re.findall(r"[A-Z]{8}", argument)
    assert ("[REVISION]" in usage) is (argument == "[REVISION]")
    assert "--echo" in done.stdout


def test_upgrade_goes_to_the_head_when_no_revision_is_given_and_downgrade_wants_one(place):
    assert bash(place, f"{MODULE} upgrade").returncode == 0
    refused = bash(place, f"{MODULE} downgrade")
    assert (refused.returncode, place.version()) == (1, "0008")


def test_each_way_to_upgrade_that_is_shown_upgrades(place):
    """One block shows lines of shell, a script, a step of a workflow and a service of docker-compose."""
    titles = ("# В Docker entrypoint\n", "# В GitHub Actions\n", "# С docker-compose\n")
    lines, entrypoint, workflow, compose = re.split("|".join(titles), text_of("upgrade [revision] 2"))
    (place.folder / "app.py").write_text("print('The app runs')\n", encoding="utf-8")

    commands = [line for line in lines.splitlines() if line.startswith("python")]
    for command, after in zip(commands, ("0008", "0008", "0008"), strict=True):  # 0005 is never a way down
        done = bash(place, command)
        assert (done.returncode, place.version()) == (0, after), done

    done = bash(place, entrypoint)
    assert shown(f"Выполняем миграции...\n{UPGRADED}Запускаем приложение...\nThe app runs\n").fullmatch(done.stdout)

    (step,) = yaml.safe_load(shell_for(place, workflow))
    assert bash(place, step["run"], options="-e", **step["env"]).returncode == 0

    service = yaml.safe_load(shell_for(place, compose))["services"]["app"]
    done = bash(place, shlex.join(shlex.split(service["command"])), **service["environment"])
    assert done.stdout.endswith("The app runs\n"), done


def test_echo_shows_the_sql_beside_the_answer(place):
    done = bash(place, text_of("Enable SQL Echo 2"))
    assert "CREATE TABLE accounts" in done.stderr
    assert shown(UPGRADED).fullmatch(done.stdout)
    number = bash(place, f"{MODULE} current --echo | grep -oP '\\d{{4}}'")
    assert number.stdout == "0008\n", number


def test_echo_of_a_runner_shows_the_sql(way, caplog):
    """SQLAlchemy prints what it logs, to the stdout of the first engine that echoed in this process."""
    run_python(way, text_of("Enable SQL Echo"))
    assert "CREATE TABLE accounts" in "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("sqlalchemy.engine")
    )
