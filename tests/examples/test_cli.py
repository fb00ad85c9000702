"""The click example in a shell: every command of its README, and what it says when something is wrong."""

from examples.place import Place, Postgresql
from examples.process import EXAMPLES, run, shown, transcript

FOLDER = EXAMPLES / "cli_basic"
CHECK = ("python", "main.py", "check-db")


def test_every_command_of_the_readme_prints_what_the_readme_shows(place: Place) -> None:
    for command, output in transcript("cli_basic"):
        assert shown(FOLDER, command, DATABASE_URL=place.url) == output, command
    assert place.query("SELECT code, name, currency_code FROM accounts") == [("cash", "Cash in hand", "CHF")]


def test_a_wrong_password_is_one_sentence_that_does_not_show_it(postgresql: Postgresql) -> None:
    done = run(FOLDER, *CHECK, DATABASE_URL=postgresql.with_password("not-this-one", postgresql.url))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
    assert postgresql.database.name in done.stderr
    assert "not-this-one" not in done.stderr


def test_no_database_is_a_usage_error() -> None:
    done = run(FOLDER, *CHECK)
    assert done.returncode == 2
    assert "No database was named: set DATABASE_URL" in done.stderr
