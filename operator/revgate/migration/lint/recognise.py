"""Recognising a statement: what kind it is, and which tables it is about.

No grammar: a statement that no rule asks about may be anything.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from revgate.migration.lint.reader import Reader, Token, read
from revgate.migration.lint.row_statements import (
    read_cluster,
    read_delete,
    read_insert,
    read_lock,
    read_refresh,
    read_truncate,
    read_update,
    read_vacuum,
)
from revgate.migration.lint.schema_statements import read_alter, read_create, read_drop, read_reindex
from revgate.migration.lint.statements import Hidden, Other, Statement, Turn
from revgate.migration.rendering.split import split_statements

_TURNS: Final = {
    "BEGIN": "BEGIN",
    "START": "BEGIN",
    "COMMIT": "COMMIT",
    "END": "COMMIT",
    "ROLLBACK": "ROLLBACK",
    "ABORT": "ROLLBACK",
}
_REPEATABLE: Final = frozenset(
    {"ANALYZE", "COMMENT", "GRANT", "REVOKE", "SELECT", "SET", "RESET", "SHOW", "VACUUM", "LOCK", "PRAGMA", "VALUES"}
)
_CONTROL: Final = ("BEGIN", "THEN", "ELSE", "LOOP")
_STARTS: Final = frozenset(
    {
        "ALTER",
        "CREATE",
        "DELETE",
        "DROP",
        "EXECUTE",
        "INSERT",
        "LOCK",
        "REFRESH",
        "TRUNCATE",
        "UPDATE",
        "WITH",
        "COMMIT",
    }
)


def recognise(text: str, dialect: str) -> tuple[Statement, ...]:
    """Return what a single statement does: one thing, or several where it holds others (WITH, DO)."""
    return tuple(_recognise(read(text, dialect), dialect))


def _recognise(tokens: Sequence[Token], dialect: str) -> Iterator[Statement]:
    reader = Reader(tokens, dialect)
    first = reader.step().word
    if first == "WITH":
        yield from _with(reader)
    elif first == "DO":
        yield from _block(reader)
    elif first in _TURNS:
        is_savepoint = any(token.word == "TO" for token in reader.rest)
        yield Other(first) if is_savepoint else Turn(_TURNS[first])
    elif first in _READERS:
        yield _READERS[first](reader)
    else:
        yield Other(first, can_repeat=first in _REPEATABLE)


def _with(reader: Reader) -> Iterator[Statement]:
    """Yield the parts that change something, and what comes last."""
    while reader.has_more and reader.peek().word not in {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"}:
        inside = reader.bracket()
        if inside and inside[0].word in {"INSERT", "UPDATE", "DELETE", "WITH"}:
            yield from _recognise(inside, reader.dialect)
        elif not inside:
            reader.step()
    if reader.has_more:
        yield from _recognise(reader.rest, reader.dialect)


def _block(reader: Reader) -> Iterator[Statement]:
    """Yield what a DO block holds as far as it can be read; a branch that is not taken counts, too."""
    words = [token.word for token in reader.rest]
    language = words[words.index("LANGUAGE") + 1] if "LANGUAGE" in words[:-1] else "PLPGSQL"
    body = next((token.value for token in reader.rest if token.kind in {"dollar", "string", "escaped"}), "")
    if language != "PLPGSQL":
        yield Hidden(f"a DO block in {language.lower()}")
        return
    for tokens in _sentences(body, reader.dialect):
        for found in _recognise(tokens, reader.dialect):
            yield Hidden("EXECUTE in a DO block") if found == Other("EXECUTE") else found


def _sentences(body: str, dialect: str) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each statement in a block, without the control words before it."""
    for sentence in split_statements(body, dialect):
        tokens = read(sentence, dialect)
        starts = [0, *(at + 1 for at, token in enumerate(tokens) if token.word in _CONTROL)]
        start = next((at for at in starts if at < len(tokens) and tokens[at].word in _STARTS), None)
        if start is not None:
            yield tokens[start:]


_READERS: Final[Mapping[str, Callable[[Reader], Statement]]] = {
    "CREATE": read_create,
    "DROP": read_drop,
    "ALTER": read_alter,
    "REINDEX": read_reindex,
    "TRUNCATE": read_truncate,
    "UPDATE": read_update,
    "DELETE": read_delete,
    "INSERT": read_insert,
    "REPLACE": read_insert,
    "VACUUM": read_vacuum,
    "CLUSTER": read_cluster,
    "LOCK": read_lock,
    "REFRESH": read_refresh,
}
