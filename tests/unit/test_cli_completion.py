"""`completion`: real shells complete what the parsers know."""

import os
import pty
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from revgate.cli.completion_words import all_words
from revgate.cli.verbs import VERBS
from support.cli import CLEAN, Cli

ANSWERS_WITHIN = 60.0
CASES = [
    ("upgr", {"upgrade"}),
    ("down", {"downgrade"}),
    ("graph --format ", {"text", "mermaid"}),
    ("check --str", {"--strict"}),
    ("completion ", {"bash", "zsh", "fish"}),
    ("wait --match ", {"serves", "exact"}),
    ("history -c alem", {"alembic.ini"}),
    ("create -m ", set()),
]


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "alembic.ini").touch()
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / f"completion.{shell}").write_text(Cli(tmp_path).ok("completion", shell).out)
    return tmp_path


def test_every_verb_and_option_is_offered():
    words = {one.verb: {name for option in one.options for name in option.names} for one in all_words()}
    assert set(words) == set(VERBS)
    assert {"--echo", "--config", "-c", "--bundled", "--sql"} <= words["upgrade"]


@pytest.mark.parametrize(("typed", "expected"), CASES)
def test_bash_completes(folder, typed, expected):
    script = """
        source completion.bash
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _revgate
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    command = ["bash", "--norc", "-c", script, "bash", "revgate", *typed.split(" ")]
    done = subprocess.run(command, cwd=folder, env=CLEAN, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    offered = {word for word in done.stdout.split() if not (word.startswith("--") and typed.startswith("completion"))}
    assert offered == expected


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(("typed", "expected"), CASES)
def test_fish_completes(folder, typed, expected):
    script = f'source completion.fish; complete -C "revgate {typed}"'
    environment = {**CLEAN, "HOME": str(folder)}
    done = subprocess.run(
        ["fish", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == expected


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("upgr", "revgate upgrade "),
        ("graph --format m", "revgate graph --format mermaid "),
        ("check --str", "revgate check --strict "),
        ("history -c alem", "revgate history -c alembic.ini "),
    ],
)
def test_zsh_completes(folder, typed, expected):
    main, side = pty.openpty()
    environment = {**CLEAN, "HOME": str(folder), "TERM": "dumb", "ZDOTDIR": str(folder)}
    process = subprocess.Popen(["zsh", "-f", "-i"], cwd=folder, env=environment, stdin=side, stdout=side, stderr=side)
    os.close(side)
    try:
        _type(main, "PS1='ready> '; autoload -Uz compinit; compinit -u -D; source completion.zsh; echo sour''ced\n")
        _read_until(main, "sourced")
        _type(main, f"revgate {typed}\t")
        _read_until(main, expected)
    finally:
        process.kill()
        process.wait()
        os.close(main)


def _type(terminal: int, text: str) -> None:
    os.write(terminal, text.encode())


def _read_until(terminal: int, text: str) -> None:
    os.set_blocking(terminal, False)
    shown, deadline = "", time.monotonic() + ANSWERS_WITHIN
    while text not in shown:
        assert time.monotonic() < deadline, repr(shown)
        try:
            shown += re.sub(r"[\x00-\x1f]", "", os.read(terminal, 4096).decode(errors="replace"))
        except BlockingIOError:
            time.sleep(0.02)
