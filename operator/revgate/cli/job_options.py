"""The options of `job` that say more of the project and the database than most runs need."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from revgate.migration.postgresql.identity import Identity
    from revgate.migration.project.wish import ScriptsWish

_SECTION: Final = "alembic"
_LONGEST: Final = 63
_LINT: Final = ("none", "warn", "enforce")


def add_project_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what alembic.ini and env.py say otherwise; ALEMBIC_CONFIG and REVGATE_X_ARGS belong to it."""
    add = parser.add_argument
    add("--section", default=_SECTION, metavar="NAME", help="section of alembic.ini (default: alembic)")
    add("--script-location", default="", metavar="FOLDER", help="folder of env.py (default: what alembic.ini says)")
    _add_name(parser, "--version-table", "version table, where env.py does not name one")
    _add_name(parser, "--version-table-schema", "its schema, where env.py does not name one")


def add_database_arguments(parser: argparse.ArgumentParser) -> None:
    """Add who the run is in the database, and what may keep it from beginning."""
    _add_name(parser, "--role", "role to set first, so that it owns what is made (default: the user)")
    _add_name(parser, "--schema", "schema to work in, created if missing (default: the search_path)")
    parser.add_argument(
        "--lint",
        choices=_LINT,
        default=_LINT[0],
        help="what is done with the linter's findings: do not look, tell them, or stop for an error (default: none)",
    )


def asks_for_more(args: argparse.Namespace) -> bool:
    """Whether something was asked for that decides where the version table is, or which scripts are meant."""
    names = ("script_location", "version_table", "version_table_schema", "role", "schema")
    return args.section != _SECTION or any(getattr(args, name) for name in names)


def scripts_of(args: argparse.Namespace) -> ScriptsWish:
    """Return what is asked of the project."""
    from revgate.migration.project.wish import ScriptsWish  # noqa: PLC0415  Alembic is loaded for a run only

    return ScriptsWish(args.section, args.script_location, args.version_table, args.version_table_schema)


def identity_of(args: argparse.Namespace) -> Identity:
    """Return who the run is to be."""
    from revgate.migration.postgresql.identity import Identity  # noqa: PLC0415  as above

    return Identity(args.role, args.schema)


def _add_name(parser: argparse.ArgumentParser, option: str, meaning: str) -> None:
    parser.add_argument(option, type=_name, default="", metavar="NAME", help=meaning)


def _name(text: str) -> str:
    if len(text.encode(errors="surrogateescape")) > _LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is longer than the {_LONGEST} bytes that PostgreSQL keeps of a name")
    return text
