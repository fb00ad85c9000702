"""The options that are kubectl's own, and are passed on to it."""

import argparse
from collections.abc import Sequence
from typing import Final

from revgate.cli.kubectl.program import Kubectl

_PASSED_ON: Final = ("context", "kubeconfig", "as")
WITH_VALUE: Final = ("-n", "--namespace", *(f"--{name}" for name in _PASSED_ON))
"""Options whose value is the next word, unless it is joined to them."""


def add_kubectl_options(parser: argparse.ArgumentParser) -> None:
    """Declare which cluster, which user and which namespace."""
    group = parser.add_argument_group("options of kubectl")
    group.add_argument("-n", "--namespace", default="", metavar="NAME", help="the migration's namespace")
    group.add_argument("--context", default="", metavar="NAME", help="a context of the kubeconfig")
    group.add_argument("--kubeconfig", default="", metavar="FILE", help="the kubeconfig")
    group.add_argument("--as", default="", metavar="USER", help="the user to act as")


def kubectl_of(args: argparse.Namespace) -> Kubectl:
    """Return kubectl with the options of a command line."""
    given = {name: getattr(args, name) for name in _PASSED_ON}
    return Kubectl(tuple(f"--{name}={value}" for name, value in given.items() if value), args.namespace)


def add_name(parser: argparse.ArgumentParser) -> None:
    """Declare the migration that is meant."""
    parser.add_argument("name", metavar="NAME", help="the migration, or smig/NAME")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Declare -o."""
    parser.add_argument("-o", "--output", choices=("json",), default="", help="print JSON, for a program")


def bare_name(text: str) -> str:
    """Return a name as people and kubectl write it: ledger, or smig/ledger."""
    return text.rpartition("/")[2]


def plain_words(words: Sequence[str]) -> list[int]:
    """Return the places of the words that are no option and no value of kubectl's options."""
    values = {at + 1 for at, word in enumerate(words) if word in WITH_VALUE}
    return [at for at, word in enumerate(words) if at not in values and not word.startswith("-")]
