"""The verbs in the order of the help; a verb's module is loaded when it is run."""

import argparse
import importlib
from collections.abc import Mapping
from typing import Final, Protocol, cast

from revgate.cli.kubectl.options import add_kubectl_options
from revgate.cli.kubectl.program import Kubectl
from revgate.cli.parsing import ParserForPeople


class Command(Protocol):
    """A module of this package that is a verb."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what the verb takes."""

    def run(self, kubectl: Kubectl, args: argparse.Namespace) -> int:
        """Do it, and return the exit code."""


VERBS: Final[Mapping[str, str]] = {
    "status": "Show where a migration is and what happens next, or list all",
    "plan": "Show a migration's plan: SQL, findings, and what it destroys",
    "approve": "Approve a migration's plan",
    "reject": "Reject a migration's plan",
    "retry": "Run a migration again now",
    "suspend": "Start no run until it is resumed",
    "resume": "Let a suspended migration go on",
    "history": "Show a migration's finished runs",
    "logs": "Show the log of a migration's newest run",
    "why": "Tell why a pod is held",
}


def load(verb: str) -> Command:
    """Import the module of a verb."""
    return cast("Command", importlib.import_module(f"revgate.cli.kubectl.{verb}"))


def parser_of(verb: str, command: Command) -> ParserForPeople:
    """Return the parser of a verb."""
    parser = ParserForPeople(
        prog=f"kubectl revgate {verb}", description=f"{VERBS[verb]}.", epilog=getattr(command, "EPILOG", "")
    )
    command.add_arguments(parser)
    add_kubectl_options(parser)
    return parser
