r"""A `.env` file, read strictly: what cannot be understood is refused with its line, and nothing is ever expanded.

    # a comment                       export NAME=value     as in a shell
    NAME=value  # a comment           NAME='kept as it is'
    NAME=a#b and c                    NAME="with \n \t \" \\ and \$, over several lines if need be"

The same file serves a shell, Docker Compose and python-dotenv, as long as it keeps to what all of them understand.
"""

import os
import re
from pathlib import Path
from typing import Final

from revgate.migration.errors import InvalidOptions

_EMPTY: Final = re.compile(r"[^\S\n]*(?:#[^\n]*)?(?:\n|\Z)")
_SETTING: Final = re.compile(
    r"""
    [^\S\n]*(?:export[^\S\n]+)?
    (?P<name>[A-Za-z_][A-Za-z0-9_.-]*)
    [^\S\n]*=[^\S\n]*
    (?:
        '(?P<literal>[^']*)'
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<plain>(?:(?<==)\#|[^'"\#\s])[^\n]*?)?      # a # begins a comment after a space only
    )
    (?:[^\S\n]+\#[^\n]*|[^\S\n]*)(?:\n|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\([nrt\"\\$])")
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}


def read_dotenv(path: str | os.PathLike[str] = ".env") -> dict[str, str]:
    """Return the settings of a file, none when it does not exist; the last of two with the same name holds.

    Raises:
        InvalidOptions: if it cannot be read or understood; names the line and never quotes it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidOptions(f"{path} could not be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InvalidOptions(f"{path} could not be read: it is not UTF-8") from None  # the cause holds the file
    return parse_dotenv(text, str(path))


def parse_dotenv(text: str, source: str = ".env") -> dict[str, str]:
    """Return the settings that the text of a file has.

    Raises:
        InvalidOptions: naming the source and the line, never what is in it.
    """
    text = text.replace("\r\n", "\n")
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        entry = _EMPTY.match(text, at) or _SETTING.match(text, at)
        if entry is None:
            line = text.count("\n", 0, at) + 1
            raise InvalidOptions(f"Line {line} of {source} could not be understood: write NAME=value, close each quote")
        if entry.re is _SETTING:
            found[entry["name"]] = _value(entry)
        at = entry.end()
    return found


def _value(entry: re.Match[str]) -> str:
    if entry["quoted"] is not None:
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), entry["quoted"])
    return entry["literal"] or entry["plain"] or ""
