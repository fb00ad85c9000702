"""The help of the command line, and what is said to a word that it does not know."""

import subprocess
import sys

import pytest

from revgate import __version__
from revgate.cli.verbs import VERBS
from support.cli import CLEAN, Cli

FOR_PEOPLE = [name for name, verb in VERBS.items() if verb.is_for_people]

OF_THE_REFERENCE = """\
Usage: python -m revgate [OPTIONS] COMMAND

Commands:
  upgrade    Upgrade database to a specific revision
  downgrade  Downgrade database to a specific revision
  current    Show current database revision
  pending    Show pending migrations
  history    Show migration history
"""


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def test_the_help_begins_as_the_reference_does(cli):
    assert cli.ok("--help").out.startswith(OF_THE_REFERENCE)


def test_the_help_names_every_verb_once(cli):
    lines = [line.split()[0] for line in cli.ok("--help").out.splitlines() if line.startswith("  ") and line[2] != " "]
    assert [word for word in lines if word in VERBS] == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself_by_its_own_name(cli, verb):
    text = cli.ok(verb, "--help").out
    assert text.startswith(f"Usage: python -m revgate {verb} ")
    assert VERBS[verb].summary in " ".join(text.split())


@pytest.mark.parametrize("verb", FOR_PEOPLE)
def test_each_verb_for_people_teaches_by_example(cli, verb):
    _, _, examples = cli.ok(verb, "--help").out.partition("\nExamples:\n")
    assert examples.count(f"python -m revgate {verb}") >= 2 or verb == "completion", examples


def test_help_fits_into_a_narrow_terminal(cli):
    assert max(map(len, cli.ok("--help").out.splitlines())) <= 80


def test_the_program_is_called_what_it_was_called_by(cli, tmp_path):
    package = tmp_path / "ledger" / "migrations"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text("import sys\nfrom revgate.cli.main import main\nsys.exit(main())\n")
    other = Cli(tmp_path, program=(sys.executable, "-m", "ledger.migrations"))
    assert other.ok("--help").out.startswith("Usage: python -m ledger.migrations [OPTIONS] COMMAND\n")
    assert other.ok("history", "--help").out.startswith("Usage: python -m ledger.migrations history ")
    script = tmp_path / "revgate"
    script.write_text((package / "__main__.py").read_text())
    installed = Cli(tmp_path, program=(sys.executable, str(script)))
    assert installed.ok("--help").out.startswith("Usage: revgate [OPTIONS] COMMAND\n")
    assert installed.run("upgrade", "--nonsense").sentence.endswith("see `revgate upgrade --help`")


def test_the_version_is_told(cli):
    assert cli.ok("--version").out == f"revgate {__version__}\n"


def test_without_a_command_the_help_is_on_stderr(cli):
    ended = cli.run()
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Usage: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["upgrad"], "Command upgrad is unknown: did you mean upgrade?"),
        (["status"], "Command status is unknown: see `python -m revgate --help`"),
        (["--debug"], "A command is missing after --debug: see `python -m revgate --help`"),
        (["upgrade", "--ech"], "Unrecognized arguments: --ech: see `python -m revgate upgrade --help`"),
        (["upgrade", "a", "b"], "Unrecognized arguments: b: see `python -m revgate upgrade --help`"),
        (["stamp"], "The following arguments are required: REVISION: see `python -m revgate stamp --help`"),
        (["history", "-c"], "Argument -c/--config: expected one argument: see `python -m revgate history --help`"),
    ],
)
def test_a_wrong_word_is_one_sentence_and_exit_code_1(cli, words, sentence):
    assert cli.run(*words).sentence == sentence


def test_options_may_stand_before_the_command_as_with_alembic(cli):
    assert cli.run("-c", "nowhere.ini", "history").sentence.startswith("Configuration file nowhere.ini of --config ")
    assert cli.ok("--bundled", "history").out == cli.ok("history", "--bundled").out


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["completion", "bash"], ["upgrade", "--help"], ["nix"]])
def test_what_needs_no_scripts_loads_neither_alembic_nor_a_driver(words, tmp_path):
    program = (
        "import sys\n"
        "from revgate.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {'alembic', 'sqlalchemy', 'psycopg', 'structlog', 'kopf', 'kubernetes', 'sqlite3'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=tmp_path, env=CLEAN, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
