"""Completion by kubectl's own convention: it asks `kubectl_complete-revgate` for the words that may follow.

The answer is a line for each word, with a tab before its description, and a last line of flags for the shell.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from revgate.cli.kubectl.errors import PluginError
from revgate.cli.kubectl.options import WITH_VALUE, kubectl_of, plain_words
from revgate.cli.kubectl.program import MIGRATIONS
from revgate.cli.kubectl.verbs import VERBS, load, parser_of

_NO_FILES: Final = ":4"


def main(argv: Sequence[str] | None = None) -> int:
    """Print what may follow the words; the last word is the one that is being written."""
    words = list(sys.argv[1:] if argv is None else argv) or [""]
    try:
        found = sorted(word for word in _candidates(words[:-1]) if word.startswith(words[-1]))
    except PluginError:
        found = []  # nobody reads a message in the middle of a line
    print(*found, _NO_FILES, sep="\n")
    return 0


def _candidates(before: Sequence[str]) -> Iterator[str]:
    plain = [before[at] for at in plain_words(before)]
    if not plain:
        yield from (f"{verb}\t{summary}" for verb, summary in VERBS.items())
    elif plain[0] in VERBS:
        yield from _of_verb(plain[0], before, has_name=len(plain) > 1)


def _of_verb(verb: str, before: Sequence[str], *, has_name: bool) -> Iterator[str]:
    parser = parser_of(verb, load(verb))
    kubectl = kubectl_of(parser.parse_known_args(["unknown", *_chosen(before)])[0])
    if before[-1] in {"-n", "--namespace"}:
        yield from (each["metadata"]["name"] for each in kubectl.find("namespaces", everywhere=True))
        return
    yield from (word for action in parser._actions for word in action.option_strings)  # noqa: SLF001 - argparse has no other way
    if not has_name:
        kind = "pods" if verb == "why" else MIGRATIONS
        yield from (each["metadata"]["name"] for each in kubectl.find(kind))


def _chosen(before: Sequence[str]) -> list[str]:
    """Return the options of kubectl among the words, without one whose value is missing yet."""
    options: list[str] = []
    words = iter(before)
    for word in words:
        if word in WITH_VALUE:
            value = next(words, None)
            options += [word, value] if value is not None else []
        elif word.startswith(tuple(f"{option}=" for option in WITH_VALUE)):
            options.append(word)
    return options
