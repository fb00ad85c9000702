"""One revision as the linter gets it: its SQL, and what its file says to the linter."""

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from revgate.contract.serves import Edge, below
from revgate.migration.output.places import shown
from revgate.migration.project.revisions import Known
from revgate.migration.rendering.script import RevisionSql

_IGNORE: Final = re.compile(r"#\s*lint:\s*ignore(?:\[(?P<rules>[^\]]*)\])?(?P<reason>.*)")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One `# lint: ignore[RULE] reason` of a file; it holds for the whole file."""

    rules: tuple[str, ...]
    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """One revision."""

    revision: str
    file: str  # its path for a person
    statements: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()  # of the file, one for each statement; 0 where nobody knows
    not_rendered: str = ""  # one sentence why there are no statements
    line: int | None = None  # of upgrade()
    has_floor: bool = False  # apps that know what it takes away are no longer served: by its floor, or a later one's
    ignores: tuple[Ignore, ...] = ()


def source_of(sql: RevisionSql, known: Known, *, has_floor: bool) -> Source:
    """Return a revision as it was rendered, with what its file says."""
    text = _text(known.path)
    return Source(
        revision=sql.revision,
        file=shown(known.path),
        statements=sql.statements,
        lines=sql.lines,
        not_rendered=sql.not_rendered,
        line=_line_of_upgrade(text),
        has_floor=has_floor,
        ignores=tuple(_ignores(text)),
    )


def floored(revisions: Collection[str], edges: Mapping[str, Edge]) -> frozenset[str]:
    """Return those of the revisions that may take something away from older apps.

    A revision may that has a floor, and one whose own older apps are shut out by the floor of a later one of them.
    """
    found: set[str] = set()
    for last in revisions:
        floor = edges[last].floor
        if not floor:
            continue
        served = set(below([floor], edges))
        found.add(last)
        for one in below([last], edges):
            parents = edges[one].parents if one in edges else ()
            if not served.isdisjoint(parents) or not parents:
                found.add(one)
    return frozenset(found.intersection(revisions))


def _text(path: Path) -> str:
    """Return the source of a file; "" for one that was delivered without."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""


def _line_of_upgrade(text: str) -> int | None:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    return next((node.lineno for node in body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"), None)


def _ignores(text: str) -> Iterator[Ignore]:
    if "lint:" not in text:  # tokenizing takes longer than all the rest
        return
    try:
        comments = [one for one in tokenize.generate_tokens(io.StringIO(text).readline) if one.type == tokenize.COMMENT]
    except (tokenize.TokenError, SyntaxError):
        return
    for comment in comments:
        found = _IGNORE.match(comment.string)
        if found:
            rules = tuple(filter(None, (rule.strip() for rule in (found["rules"] or "").split(","))))
            yield Ignore(rules, found["reason"].strip(" \t:-"), comment.start[0])
