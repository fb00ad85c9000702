"""The verbs of the command line in the order of the help. Their modules are loaded when they are needed, not here."""

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast

from revgate.cli.parsing import PARSERS


class Command(Protocol):
    """A module of this package that is a verb. It may have EPILOG: examples, with %(prog)s for the program."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the verb takes."""

    def run(self, args: Namespace) -> int:
        """Do it, and return the exit code."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb, and the line about it in the help."""

    name: str
    summary: str
    is_for_people: bool = (
        True  # whatever is wrong ends with one sentence and 1; the others have exit codes of their own
    )

    @property
    def is_short(self) -> bool:
        """Whether the process ends with the work."""
        return self.name not in {"wait", "operator", "webhook"}


GROUPS: Final[Mapping[str, tuple[Verb, ...]]] = {
    "Commands": (
        Verb("upgrade", "Upgrade database to a specific revision"),
        Verb("downgrade", "Downgrade database to a specific revision"),
        Verb("current", "Show current database revision"),
        Verb("pending", "Show pending migrations"),
        Verb("history", "Show migration history"),
        Verb("plan", "Show what an upgrade would do, without doing it"),
        Verb("lint", "Look for what an upgrade would lock, rewrite or destroy"),
        Verb("rehearse", "Run what is pending on a copy of the schema, and say what it locks"),
        Verb("stamp", "Set the revision of a database without running anything"),
        Verb("backup", "Back up the database"),
        Verb("doctor", "Look for what would trouble a migration of this database"),
    ),
    "Scripts": (
        Verb("check", "Look for faults in the revision files"),
        Verb("graph", "Draw the revisions and their branches"),
        Verb("create", "Create a new revision file"),
        Verb("init", "Create a new Alembic project"),
        Verb("index", "Write down what an image's revisions are, for quicker starts"),
    ),
    "Kubernetes": (
        Verb("job", "Bring a database to a revision: what a Job runs", is_for_people=False),
        Verb("wait", "Wait for the revisions of an app: what an init container runs", is_for_people=False),
        Verb("operator", "Watch SchemaMigrations and run their Jobs", is_for_people=False),
        Verb("webhook", "Put the scheduling gate into labelled pods", is_for_people=False),
    ),
    "Shell": (Verb("completion", "Print the completion script of a shell"),),
}

VERBS: Final[Mapping[str, Verb]] = {verb.name: verb for verbs in GROUPS.values() for verb in verbs}


def load(verb: Verb) -> Command:
    """Import the module of a verb; none of them loads Alembic or a driver before it runs."""
    return cast("Command", importlib.import_module(f"revgate.cli.{verb.name}"))


def parser_of(verb: Verb, command: Command, program: str) -> ArgumentParser:
    """Return the parser of a verb, for its command line and for its help."""
    parser = PARSERS[verb.is_for_people](
        prog=f"{program} {verb.name}",
        description=f"{verb.summary}.",
        epilog=getattr(command, "EPILOG", ""),
    )
    command.add_arguments(parser)
    return parser
