"""Running lines of shell as a reader would: bash, the document's environment variables, an empty folder."""

import os
import subprocess
from collections.abc import Mapping
from typing import Final

from documents.places import Place, programs_of
from documents.replaced import shell_for
from support.ledger import URL_VARIABLES

ENDS_WITHIN: Final = 120.0
MODULE: Final = "python -m py_accountant.infrastructure.migrations"
_DROPPED: Final = (*URL_VARIABLES, "ALEMBIC_CONFIG", "REVGATE_DATABASE_URL", "COLUMNS", "FORCE_COLOR", "VIRTUAL_ENV")

Done = subprocess.CompletedProcess[str]


def environment_of(place: Place) -> dict[str, str]:
    """Return the environment of a shell whose DATABASE_URL is in the form that all programs know."""
    clean = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return {**clean, "PATH": programs_of(place), "DATABASE_URL": place.plain_url}


def bash(place: Place, text: str, *arguments: str, options: str = "", **environ: str) -> Done:
    """Run lines to their end; `options` are bash's own, such as GitHub's -e."""
    return _run(["bash", *options.split(), "-c", shell_for(place, text), "bash", *arguments], place, environ)


def script(place: Place, text: str, *arguments: str, **environ: str) -> Done:
    """Run a script from a file of its own, by its first line."""
    path = place.folder / "script.sh"
    path.write_text(shell_for(place, text), encoding="utf-8")
    path.chmod(0o755)
    return _run([str(path), *arguments], place, environ)


def _run(command: list[str], place: Place, environ: Mapping[str, str]) -> Done:
    return subprocess.run(
        command,
        cwd=place.folder,
        env=environment_of(place) | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN,
    )
