"""The help of the whole command line, in the form of the reference."""

from collections.abc import Iterator
from typing import Final

from revgate.cli.verbs import GROUPS

_END: Final = """\
Options:
  -h, --help  Show this text; {program} COMMAND --help shows a command's
  --version   Show the version

Environment:
  DATABASE_URL    The database: postgresql://USER:PASSWORD@HOST:PORT/NAME or
                  sqlite:///FILE. PYACC__DATABASE_URL and REVGATE_DATABASE_URL
                  come before it, SQLALCHEMY_DATABASE_URI and .env after it
  ALEMBIC_CONFIG  An alembic.ini or a pyproject.toml with [tool.alembic]

Examples:
  {program} upgrade          bring the database to the newest revision
  {program} pending          see what an upgrade would apply
  {program} downgrade -1     go back one revision
  {program} check            look for faults in the revision files"""


def help_text(program: str) -> str:
    """Return the help; `program` is how we were called."""
    parts = [f"Usage: {program} [OPTIONS] COMMAND", *_groups(), _END.format(program=program)]
    return "\n\n".join(parts)


def _groups() -> Iterator[str]:
    for title, verbs in GROUPS.items():
        width = max(len(verb.name) for verb in verbs)
        lines = [f"  {verb.name:{width}}  {verb.summary}" for verb in verbs]
        yield "\n".join([f"{title}:", *lines])
