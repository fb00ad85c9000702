"""``revgate wait``: the init container of an app's pod.

Every pod of every app pays for what is imported here, so a plain command line is read without argparse.
"""

from __future__ import annotations

import os

from revgate.contract.termination import termination_file
from revgate.gate.address import AddressError, find_address
from revgate.gate.announce import Announcer
from revgate.gate.connection import find_driver
from revgate.gate.look import Question, Source
from revgate.gate.loop import wait
from revgate.gate.requires import RequiresError, find_requires
from revgate.gate.stop import stop_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


class Words:
    """What a command line may say, with the defaults."""

    def __init__(self) -> None:
        self.requires: list[str] = []
        self.requires_from: list[str] = []
        self.database_url_env = ""
        self.version_table = "alembic_version"
        self.version_table_schema = ""
        self.match = "serves"
        self.timeout = 0.0
        self.interval = 1.0


_MATCHES = ("serves", "exact")


def plain_words(words: Sequence[str]) -> Words | None:
    """Return what a command line of whole options with values says; None is for argparse, help and mistakes too."""
    said = Words()
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        value = value if equals else next(rest, "")
        if not option.startswith("--") or not value or value.startswith("-") or not _set(said, option, value):
            return None
    return said


def _set(said: Words, option: str, value: str) -> bool:
    name = option[2:].replace("-", "_") if "_" not in option else ""
    known = getattr(said, name, None)
    match known:
        case list():
            known.append(value)
        case float():
            return _set_duration(said, name, value)
        case str() if name != "match" or value in _MATCHES:
            setattr(said, name, value)
        case _:
            return False
    return True


def _set_duration(said: Words, name: str, value: str) -> bool:
    from revgate.contract.durations import parse_duration  # noqa: PLC0415 - re and typing, for those who use it

    try:
        setattr(said, name, parse_duration(value))
    except ValueError:
        return False
    return True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--requires",
        action="append",
        default=[],
        metavar="REVISION",
        help="full id of a revision that the app requires; repeat it or separate with commas, all must hold "
        "(default: REVGATE_REQUIRES)",
    )
    parser.add_argument(
        "--requires-from",
        action="append",
        default=[],
        metavar="MODULE:NAME",
        help="a constant of the app that holds it, such as ledger:__version_schema__",
    )
    parser.add_argument(
        "--database-url-env",
        default="",
        metavar="NAME",
        help="the environment variable with the database's URL (default: REVGATE_DATABASE_URL, then its parts such "
        "as REVGATE_DATABASE_HOST, then DATABASE_URL)",
    )
    parser.add_argument("--version-table", default="alembic_version", metavar="NAME", help="Alembic's version table")
    parser.add_argument(
        "--version-table-schema", default="", metavar="NAME", help="its schema (default: found by the search_path)"
    )
    parser.add_argument(
        "--match",
        choices=_MATCHES,
        default="serves",
        help="serves: the database includes the revision and still supports it; exact: it is at that revision",
    )
    parser.add_argument(
        "--timeout", type=_duration, default=0.0, metavar="DURATION", help="give up with exit 1 (default: 0s, never)"
    )
    parser.add_argument(
        "--interval", type=_duration, default=1.0, metavar="DURATION", help="between two looks (default: 1s)"
    )


def run(arguments: argparse.Namespace | Words) -> int:
    """Wait, and return 0 when the database serves what the app requires."""
    announcer = Announcer(termination_file(os.environ))
    try:
        return _wait(arguments, announcer)
    except (AddressError, RequiresError) as error:
        announcer.say(str(error))
        return 2


def _wait(arguments: argparse.Namespace | Words, announcer: Announcer) -> int:
    stop_at(arguments.timeout, lambda how: announcer.say(f"Wait {how}: {announcer.last or 'nothing was read yet'}"))
    requires = find_requires(arguments.requires, arguments.requires_from, os.environ)
    address = find_address(os.environ, arguments.database_url_env)
    try:
        connect = find_driver()
    except ImportError:
        announcer.say("Driver psycopg is missing in this image: install revgate[postgresql]")
        return 2
    source = Source(connect, address, arguments.version_table, arguments.version_table_schema)
    question = Question(requires, arguments.match, address.name, address.user)
    wait(source, question, arguments.interval, announcer)
    return 0


def _duration(text: str) -> float:
    import argparse  # noqa: PLC0415 - it is there when this is called

    from revgate.contract.durations import parse_duration  # noqa: PLC0415 - re and typing, for those who use it

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
