"""Which revision file is to blame for an error, and at which line."""

import traceback
from collections.abc import Sequence
from pathlib import Path

from revgate.migration.errors import BrokenScripts, MigrationError
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line


def blame_file(error: BaseException, places: Sequence[Path]) -> MigrationError | None:
    """Return the fault of a file, in or below one of the places, that `error` came through while it was imported.

    Returns:
        None if it came through none of them.
    """
    place = _place(error, places)
    if place is None:
        return None
    path, line = place
    text = error.msg if isinstance(error, SyntaxError) else first_line(error)
    return BrokenScripts(f"Revision file {shown(path)} could not be imported, line {line}: {text}; mend it and rebuild")


def _place(error: BaseException, places: Sequence[Path]) -> tuple[str, int] | None:
    """Return the deepest line that the error came through."""
    resolved = [place.resolve() for place in places]
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 0))
    ours = [(name, line) for name, line in frames if any(Path(name).resolve().is_relative_to(at) for at in resolved)]
    return ours[-1] if ours else None
