"""Columns and constraints, as CREATE TABLE and ALTER TABLE ADD write them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from revgate.migration.lint.reader import Name, Reader, Token
from revgate.migration.lint.statements import Column, Constraint, Kind

_CLAUSES: Final = (
    "CONSTRAINT",
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "GENERATED",
    "AS",  # SQLite's short form of GENERATED
    "COLLATE",
    "STORAGE",
    "COMPRESSION",
    "DEFERRABLE",
    "INITIALLY",
    "AUTOINCREMENT",
    "ON",
)
_CONSTRAINTS: Final = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE")
_TEXTS: Final = frozenset({"string", "escaped", "dollar"})


@dataclass(slots=True)
class _Clauses:
    """What follows the type of a column."""

    default: tuple[Token, ...] = ()
    words: set[str] = field(default_factory=set)
    references: Name | None = None


def is_constraint(reader: Reader) -> bool:
    """Whether a constraint comes next, and no column."""
    first, second = reader.peek(), reader.peek(1)
    if first.word == "NOT":  # since PostgreSQL 18: NOT NULL column
        return second.word == "NULL"
    return first.word == "CONSTRAINT" or (first.word in _CONSTRAINTS and (second.text == "(" or second.kind == "word"))


def read_column(reader: Reader) -> Column:
    """Return the column that comes next."""
    name = reader.identifier()
    type_ = spelled(reader.until(*_CLAUSES))
    clauses = _Clauses()
    while reader.has_more:
        _read_clause(reader, clauses)
    words, default = clauses.words, spelled(clauses.default)
    return Column(
        name=name,
        type=type_,
        is_required=not words.isdisjoint({"NOT NULL", "PRIMARY"}),
        default="" if default == "NULL" else default,
        calls=tuple(_calls(clauses.default)),
        is_identity="IDENTITY" in words,
        is_stored="STORED" in words,
        is_generated="GENERATED" in words,
        is_unique=not words.isdisjoint({"UNIQUE", "PRIMARY"}),
        has_check="CHECK" in words,
        references=clauses.references,
    )


def spelled(tokens: Sequence[Token]) -> str:
    """Return tokens as text that can be compared: capitals where a word is no text, one space between words."""
    words: list[str] = []
    for token in tokens:
        glued = words and (token.kind in {"bracket", "sign"} or words[-1][-1:] in "(.:[")
        text = token.text if token.kind in _TEXTS else token.text.upper()
        words.append(text if glued or not words else f" {text}")
    return "".join(words)


def _calls(tokens: Sequence[Token]) -> Iterator[str]:
    for before, token, following in zip((None, *tokens), tokens, tokens[1:], strict=False):
        is_type = before is not None and (before.text == ":" or before.word == "AS")
        if following.text == "(" and token.kind in {"word", "name"} and not is_type:
            yield token.text.strip('"').lower()


def _read_clause(reader: Reader, found: _Clauses) -> None:
    word = reader.step().word
    match word:
        case "CONSTRAINT":
            reader.identifier()
        case "NOT":
            found.words |= {"NOT NULL"} if reader.takes("NULL") else set()
        case "DEFAULT":
            found.default = (reader.step(), *reader.until(*_CLAUSES))
        case "REFERENCES":
            found.references = reader.name()
            reader.bracket()
        case "GENERATED" | "AS":
            found.words |= {"GENERATED", *(token.word for token in reader.until("NOT", "CONSTRAINT", "PRIMARY"))}
        case "ON":  # DELETE, UPDATE of a foreign key: SET NULL and SET DEFAULT are no clauses
            reader.step()
            reader.takes("SET")
            reader.step()
        case _:
            found.words.add(word)


def read_constraint(reader: Reader) -> Constraint | None:  # noqa: PLR0911  one for each kind
    """Return the constraint that comes next, or None when it is no constraint that we know."""
    name = reader.identifier() if reader.takes("CONSTRAINT") else ""
    match reader.step().word:
        case "PRIMARY":
            reader.takes("KEY")
            return _unique(reader, Kind.PRIMARY_KEY, name)
        case "UNIQUE":
            reader.until("USING") if reader.peek().text != "(" else None
            return _unique(reader, Kind.UNIQUE, name)
        case "FOREIGN":
            return _foreign_key(reader, name)
        case "CHECK":
            inside = reader.bracket()
            return Constraint(Kind.CHECK, name, is_not_valid=_not_valid(reader), not_null=_not_null(inside, reader))
        case "EXCLUDE":
            return Constraint(Kind.EXCLUDE, name)
        case "NOT":
            reader.takes("NULL")
            column = reader.identifier()
            return Constraint(Kind.NOT_NULL, name, (column,), is_not_valid=_not_valid(reader), not_null=column)
    return None


def _unique(reader: Reader, kind: Kind, name: str) -> Constraint:
    if reader.takes("USING", "INDEX"):
        return Constraint(kind, name, using_index=reader.identifier())
    return Constraint(kind, name, columns(reader, reader.bracket()))


def _foreign_key(reader: Reader, name: str) -> Constraint:
    reader.takes("KEY")
    own = columns(reader, reader.bracket())
    reader.takes("REFERENCES")
    other = reader.name()
    reader.bracket()
    return Constraint(Kind.FOREIGN_KEY, name, own, references=other, is_not_valid=_not_valid(reader))


def columns(reader: Reader, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return the names of columns; "" for an expression."""
    found = []
    for part in reader.parts(tokens):
        is_name = part.peek(1).text not in {"(", ".", ":"}
        found.append(part.identifier() if is_name else "")
    return tuple(found)


def _not_valid(reader: Reader) -> bool:
    words = [token.word for token in reader.rest]
    return ("NOT", "VALID") in pairwise(words)


def _not_null(tokens: Sequence[Token], reader: Reader) -> str:
    """Return the column of `column IS NOT NULL`, in whatever brackets; "" for any other check."""
    bare = [token for token in tokens if token.kind != "bracket"]
    if [token.word for token in bare[1:]] != ["IS", "NOT", "NULL"]:
        return ""
    return Reader(bare, reader.dialect).identifier()
