"""The verb `rehearse`: the pending revisions, run on a copy of the schema on another server."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from revgate.cli.database_options import add_database_options, open_engine, scripts_of
from revgate.cli.parsing import add_format_options
from revgate.cli.printing import print_json

if TYPE_CHECKING:
    import argparse

    import sqlalchemy as sa

    from revgate.migration.rehearsal.result import Rehearsal

EPILOG: Final = """\
Examples:
  %(prog)s --on REHEARSAL_URL                what `upgrade` would lock and rewrite, and whether it runs
  %(prog)s --on REHEARSAL_URL --round-trip   up, down and up again: do the downgrades restore the schema?
  %(prog)s --on REHEARSAL_URL --format markdown >> $GITHUB_STEP_SUMMARY
  %(prog)s --on REHEARSAL_URL --json | jq '.legs[].revisions[].statements[].touched'

REHEARSAL_URL is a variable of the environment, or of the .env here, with the URL of any
database on a server of PostgreSQL where this user may create one. A scratch database
revgate_rehearsal_... is made there and dropped at the end; no rows are copied but those of the
version table and the ledger. The database itself is only read. The exit code is 1 when a
revision failed, or a downgrade did not restore the schema."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `rehearse`."""
    add = parser.add_argument
    add(
        "target",
        nargs="?",
        default="head",
        metavar="TARGET",
        help="head, heads, a revision or BRANCH@head (default: head)",
    )
    add("--on", required=True, metavar="VARIABLE", help="the variable that has the URL of the other server")
    add("--round-trip", action="store_true", help="go up, down and up again, and compare the schemas")
    add_format_options(parser, ("text", "json", "markdown"), "of the answer (default: text)")
    add_database_options(parser)


def run(args: argparse.Namespace) -> int:
    """Rehearse, and print what came of it."""
    from revgate.migration.errors import Interrupted, InvalidOptions  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.signals import Stop, stoppable  # noqa: PLC0415  the same

    server, engine = _server_of(args.on), open_engine()
    if engine.dialect.name != "postgresql":
        raise InvalidOptions("Rehearsals are for PostgreSQL: copy the file of SQLite, and upgrade the copy")
    try:
        with stoppable(0):  # Ctrl-C, and the SIGTERM of a container that is stopped: the scratch database is dropped
            rehearsal = _rehearse(args, engine, server)
    except Stop as stop:
        raise Interrupted(f"{stop.error}: the database itself was only read") from None
    _print(rehearsal, args.format)
    return 0 if rehearsal.is_well else 1


def _rehearse(args: argparse.Namespace, engine: sa.Engine, server: sa.URL) -> Rehearsal:
    from revgate.migration.output.redaction import Redactor, secrets_of  # noqa: PLC0415  see run
    from revgate.migration.rehearsal.rehearsal import rehearse  # noqa: PLC0415  see run
    from revgate.migration.rehearsal.stage import Wish  # noqa: PLC0415  see run

    return rehearse(
        Wish(
            source=engine,
            server=server,
            scripts=lambda: scripts_of(args),
            redact=Redactor.of(secrets_of(os.environ)).redact,
            target=args.target,
            round_trip=args.round_trip,
            echo=args.echo,
        )
    )


def _server_of(variable: str) -> sa.URL:
    """Return the URL that a variable has.

    Raises:
        MigrationError: if it has none, or what was named is no variable; the text never quotes either.
    """
    from revgate.migration.errors import InvalidDatabaseUrl, InvalidOptions  # noqa: PLC0415  see run
    from revgate.migration.settings.database_url import parse_database_url  # noqa: PLC0415  see run
    from revgate.migration.settings.dotenv import read_dotenv  # noqa: PLC0415  see run

    if not variable.isidentifier():  # it may be a URL, or a part of one
        raise InvalidOptions(
            "Option --on takes the name of a variable, and no URL: everybody on this machine sees the arguments of a "
            "program. Put the URL into the environment (REHEARSAL_URL=...), and give --on REHEARSAL_URL"
        )
    text = (os.environ.get(variable) or read_dotenv().get(variable, "")).strip()
    if not text:
        raise InvalidOptions(f"Variable {variable} is not set: give it the URL of a database on the other server")
    os.environ.setdefault(variable, text)  # what it holds is kept out of every text
    found = parse_database_url(text, variable).url
    if found.get_backend_name() != "postgresql":
        raise InvalidDatabaseUrl(f"{variable} is no URL of PostgreSQL: write postgresql://USER:PASSWORD@HOST:PORT/NAME")
    return found


def _print(rehearsal: Rehearsal, form: str) -> None:
    from revgate.migration.rehearsal import formats  # noqa: PLC0415  see run

    match form:
        case "json":
            print_json(formats.rehearsal_json(rehearsal))
        case "markdown":
            print(formats.rehearsal_markdown(rehearsal))
        case _:
            print(formats.rehearsal_text(rehearsal))
    sys.stdout.flush()
