"""Taking SQL text apart into single statements, as psql and the sqlite3 shell do.

A revision may hand over several statements in one text, or end one in a comment. A semicolon ends a statement unless
it is quoted, commented out, in parentheses or in the body of a function or trigger (BEGIN ... END).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from revgate.migration.rendering.tokens import tokens_of

_HAS_BODY: Final = re.compile(r"CREATE (OR REPLACE )?(TEMP |TEMPORARY )?(FUNCTION|PROCEDURE|TRIGGER)\b")
_WORDS_THAT_TELL: Final = 4


def split_statements(text: str, dialect: str) -> tuple[str, ...]:
    """Return the statements, each with its comments and one semicolon at its end; what is only a comment is none."""
    return tuple(_statements(text, dialect))


@dataclass(slots=True)
class _Statement:
    """A statement as far as it was read."""

    parts: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # the first ones: they tell whether it has a body
    depth: int = 0  # of BEGIN and CASE in a body
    brackets: int = 0
    whole: int = 0  # how many of the parts reach to the end of its last word or sign

    @property
    def is_open(self) -> bool:
        """Whether a semicolon is inside of it."""
        return self.depth > 0 or self.brackets > 0

    def add(self, text: str, *, means: bool) -> None:
        """Add a part; comments and spaces mean nothing."""
        self.parts.append(text)
        if means:
            self.whole = len(self.parts)

    def read_word(self, word: str) -> None:
        """Follow a body down and up."""
        if len(self.words) < _WORDS_THAT_TELL:
            self.words.append(word)
        if self.brackets or not _HAS_BODY.match(" ".join(self.words)):
            return
        if word == "BEGIN" or (word == "CASE" and self.depth):
            self.depth += 1
        elif word == "END" and self.depth:
            self.depth -= 1

    def text(self) -> str:
        """Return the statement without what follows its end; "" when there is nothing of it."""
        whole = "".join(self.parts[: self.whole]).strip()
        return f"{whole};" if whole else ""


def _statements(text: str, dialect: str) -> Iterator[str]:
    statement = _Statement()
    for kind, part in tokens_of(text, dialect):
        if kind == "end" and not statement.is_open:
            yield from filter(None, (statement.text(),))
            statement = _Statement()
            continue
        if kind == "word":
            statement.read_word(part.upper())
        elif kind == "bracket":
            statement.brackets = max(0, statement.brackets + (1 if part == "(" else -1))
        statement.add(part, means=kind not in {"comment", "block", "space"})
    yield from filter(None, (statement.text(),))
