"""Reading the words of a statement from left to right; what nobody asked for is stepped over."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from revgate.migration.rendering.tokens import tokens_of

_SILENT: Final = frozenset({"comment", "block", "space", "end"})
_SIGNS: Final = re.compile(r"\d+(?:\.\d+)?|.", re.DOTALL)
_DEFAULT_SCHEMAS: Final = {"postgresql": "public", "sqlite": "main"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name, a text, a number or one sign."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """Return the keyword that it may be, in capitals; "" for what cannot be one."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def value(self) -> str:
        """Return what is between the quotes of a text."""
        if self.kind == "dollar":
            tag = self.text[: self.text.index("$", 1) + 1]
            return self.text.removeprefix(tag).removesuffix(tag)
        return self.text.lstrip("Ee")[1:-1].replace("''", "'")


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of a table or the like, as the database keeps it; schema is "" where it is the usual one or not said."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


_END: Final = Token("", "")


def read(text: str, dialect: str) -> tuple[Token, ...]:
    """Return the tokens of SQL that mean something."""
    return tuple(_tokens(text, dialect))


def _tokens(text: str, dialect: str) -> Iterator[Token]:
    for kind, part in tokens_of(text, dialect):
        if kind == "signs":
            yield from (Token("number" if one[0].isdigit() else "sign", one) for one in _SIGNS.findall(part))
        elif kind not in _SILENT:
            yield Token(kind or "sign", part)


class Reader:
    """A place in a sequence of tokens. Words are given in capitals."""

    def __init__(self, tokens: Sequence[Token], dialect: str) -> None:
        self.dialect = dialect
        self._tokens = tokens
        self._at = 0

    @property
    def has_more(self) -> bool:
        """Whether something is left."""
        return self._at < len(self._tokens)

    @property
    def rest(self) -> tuple[Token, ...]:
        """Return what is left, without stepping over it."""
        return tuple(self._tokens[self._at :])

    def peek(self, ahead: int = 0) -> Token:
        """Return a token that comes, or one that is nothing."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else _END

    def step(self) -> Token:
        """Return the next token and step over it."""
        token = self.peek()
        self._at += 1
        return token

    def takes(self, *words: str) -> bool:
        """Step over these words if they come next, all of them."""
        if any(self.peek(at).word != word for at, word in enumerate(words)):
            return False
        self._at += len(words)
        return True

    def takes_sign(self, sign: str) -> bool:
        """Step over a sign if it comes next."""
        is_next = self.peek().text == sign and self.peek().kind in {"sign", "bracket"}
        self._at += is_next
        return is_next

    def takes_one_of(self, *words: str) -> str:
        """Step over one of these words if it comes next, and return it."""
        word = self.peek().word
        if word not in words:
            return ""
        self._at += 1
        return word

    def identifier(self) -> str:
        """Return the name that comes next as the database keeps it, or "" when it is none."""
        token = self.peek()
        if token.kind not in {"word", "name"}:
            return ""
        self._at += 1
        return self._folded(token)

    def name(self) -> Name:
        """Return a name with the schema before it, if one is."""
        parts = [self.identifier()]
        while self.takes_sign("."):
            parts.append(self.identifier())
        schema = parts[-2] if len(parts) > 1 else ""
        return Name("" if schema == _DEFAULT_SCHEMAS.get(self.dialect) else schema, parts[-1])

    def names(self) -> tuple[Name, ...]:
        """Return names with commas between them."""
        found = [self.name()]
        while self.takes_sign(","):
            found.append(self.name())
        return tuple(found)

    def bracket(self) -> tuple[Token, ...]:
        """Step over a bracket if one comes next, and return what is in it."""
        if not self.takes_sign("("):
            return ()
        start, depth = self._at, 1
        while depth and self.has_more:
            depth += {"(": 1, ")": -1}.get(self.step().text, 0)
        return tuple(self._tokens[start : self._at - (depth == 0)])

    def parts(self, tokens: Sequence[Token]) -> Iterator["Reader"]:
        """Yield a reader for each part between commas."""
        part: list[Token] = []
        depth = 0
        for token in tokens:
            depth += _depth(token)
            if token.text == "," and depth == 0:
                yield Reader(part, self.dialect)
                part = []
            else:
                part.append(token)
        if part:
            yield Reader(part, self.dialect)

    def until(self, *words: str) -> tuple[Token, ...]:
        """Step over what comes before one of these words, brackets whole, and return it."""
        start, depth = self._at, 0
        while self.has_more and (depth > 0 or self.peek().word not in words):
            depth += _depth(self.step())
        return tuple(self._tokens[start : self._at])

    def _folded(self, token: Token) -> str:
        if token.kind == "word":
            return token.text.lower()
        quote = token.text[0]
        text = token.text[1:-1].replace(quote * 2, quote)
        return text.lower() if self.dialect == "sqlite" else text


def _depth(token: Token) -> int:
    return {"(": 1, ")": -1, "[": 1, "]": -1}.get(token.text, 0) if token.kind in {"bracket", "sign"} else 0
