"""The command line of a gate: what is read without argparse is what argparse reads, and the rest is left to it."""

import pytest

from revgate.cli.verbs import VERBS, load, parser_of
from revgate.cli.wait import Words, plain_words

PLAIN = {
    "nothing": [],
    "a revision": ["--requires", "0008"],
    "several": ["--requires", "0008", "--requires", "b1,c1"],
    "with an equals sign": ["--requires=0008", "--version-table=a=b"],
    "a constant": ["--requires-from", "ledger:__version_schema__"],
    "a variable": ["--database-url-env", "APP_URL"],
    "a table": ["--version-table", "Versions x", "--version-table-schema", "bo'oks"],
    "exactly": ["--match", "exact", "--requires", "0008"],
    "times": ["--timeout", "1h30m", "--interval=500ms"],
    "the last one counts": ["--timeout", "1s", "--timeout", "2s", "--match", "exact", "--match", "serves"],
}


@pytest.fixture(scope="module")
def parser():
    return parser_of(VERBS["wait"], load(VERBS["wait"]), "revgate")


@pytest.mark.parametrize("words", PLAIN.values(), ids=PLAIN.keys())
def test_a_plain_command_line_means_what_argparse_says(parser, words):
    said = plain_words(words)
    assert said is not None
    assert vars(said) == vars(parser.parse_args(words))


LEFT = {
    "help": ["--help"],
    "an unknown option": ["--reqires", "0008"],
    "an abbreviation": ["--req", "0008"],
    "an option with underscores": ["--requires_from", "a:b"],
    "no option": ["0008"],
    "a missing value": ["--requires"],
    "an option for a value": ["--requires", "--match"],
    "no duration": ["--timeout", "1"],
    "no such match": ["--match", "almost"],
    "an empty value": ["--requires", ""],
    "a name of Python's": ["--__class__", "x"],
}


@pytest.mark.parametrize("words", LEFT.values(), ids=LEFT.keys())
def test_everything_else_is_left_to_argparse(words):
    assert plain_words(words) is None


def test_every_option_is_known_without_argparse(parser):
    options = {action.dest for action in parser._actions if action.nargs is None}
    assert options == set(vars(Words()))
