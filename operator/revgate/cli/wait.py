"""``revgate wait``: the init container of an app's pod."""

import argparse
import os

from revgate.contract import names
from revgate.contract.durations import parse_duration
from revgate.gate.address import AddressError, find_address
from revgate.gate.announce import Announcer, termination_file
from revgate.gate.judge import Match, Question
from revgate.gate.requires import RequiresError, find_requires
from revgate.gate.stop import stop_at


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
        type=Match,
        choices=tuple(Match),
        default=Match.SERVES,
        help="serves: the database includes the revision and still supports it; exact: it is at that revision",
    )
    parser.add_argument(
        "--timeout", type=_duration, default=0.0, metavar="DURATION", help="give up with exit 1 (default: 0s, never)"
    )
    parser.add_argument(
        "--interval", type=_duration, default=1.0, metavar="DURATION", help="between two looks (default: 1s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Wait, and return 0 when the database serves what the app requires."""
    announcer = Announcer(termination_file(os.environ.get(names.TERMINATION_MESSAGE, "")))
    try:
        return _wait(arguments, announcer)
    except (AddressError, RequiresError) as error:
        announcer.say(str(error))
        return 2


def _wait(arguments: argparse.Namespace, announcer: Announcer) -> int:
    stop_at(arguments.timeout, lambda how: announcer.say(f"Wait {how}: {announcer.last or 'nothing was read yet'}"))
    requires = find_requires(arguments.requires, arguments.requires_from, os.environ)
    address = find_address(os.environ, arguments.database_url_env)
    try:
        from revgate.gate import loop, read  # noqa: PLC0415 - only these need the driver, which may be missing
    except ImportError:
        announcer.say("Driver psycopg is missing in this image: install revgate[postgresql]")
        return 2
    source = read.Source(address, arguments.version_table, arguments.version_table_schema)
    question = Question(requires, arguments.match, address.name, address.user)
    loop.wait(source, question, arguments.interval, announcer)
    return 0


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
