"""SQL text as the words and signs that the two databases see in it."""

import re
from collections.abc import Iterator
from typing import Final

_SHARED: Final = r"""
    (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<end>;)
  | (?P<bracket>[()])
"""
_POSTGRESQL: Final = re.compile(
    _SHARED
    + r"""
  | (?P<escaped>[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z))
  | (?P<string>'(?:[^']|'')*(?:'|\Z))
  | (?P<name>"(?:[^"]|"")*(?:"|\Z))
  | (?P<dollar>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=dollar)|\Z)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<space>\s+)
  | (?P<signs>[0-9.,=<>+*%]+)
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
_SQLITE: Final = re.compile(
    _SHARED
    + r"""
  | (?P<string>'(?:[^']|'')*(?:'|\Z))
  | (?P<name>"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z)|\[[^\]]*(?:\]|\Z))
  | (?P<word>[^\W\d][\w$]*)
  | (?P<space>\s+)
  | (?P<signs>[0-9.,=<>+*%]+)
  | .
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE: Final = re.compile(r"/\*|\*/")


def tokens_of(text: str, dialect: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each token: nothing of the text is left out.

    Kinds: comment, block (a comment, too), end (a semicolon), bracket, string, escaped (E'...'), dollar ($$...$$), name
    (quoted), word, space, signs (digits and signs, several at once), and "" for any other sign.
    """
    is_sqlite = dialect == "sqlite"
    pattern = _SQLITE if is_sqlite else _POSTGRESQL
    at = 0
    while found := pattern.match(text, at):
        kind = found.lastgroup or ""
        end = _end_of_block(text, at, nested=not is_sqlite) if kind == "block" else found.end()
        yield kind, text[at:end]
        at = end


def _end_of_block(text: str, at: int, *, nested: bool) -> int:
    """Return where a comment ends that begins at `at`; PostgreSQL's may hold others."""
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, at):
        if edge.group() == "*/":
            depth -= 1
        elif nested or depth == 0:
            depth += 1
        if depth == 0:
            return edge.end()
    return len(text)
