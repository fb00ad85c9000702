"""What a revision file says of itself, read without running it: its place in the graph, its floor, its first words,
and whether it may be run again after it failed half-way.

Importing thousands of files that will never run costs most of the time of a run that has nothing to do. What is not
written as a plain value at the top level is not guessed at: then Alembic imports the file, as it always did.
"""

import ast
import hashlib
import re
from dataclasses import dataclass
from typing import Final

REPEATABLE: Final = "repeatable"
_OURS: Final = ("serves_from", REPEATABLE)  # hardly any file has one, and a docstring may tell of it
_NAMES: Final = ("revision", "down_revision", "branch_labels", "depends_on", *_OURS)
_ASSIGNED: Final = re.compile(rf"^({'|'.join(_NAMES)})[ \t]*(?::[^=\n]*)?=[ \t]*", re.MULTILINE)
_MENTIONED: Final = re.compile(rf"\b(?:{'|'.join(_NAMES)})[ \t]*(?::[^=\n]*)?=(?!=)")
_TEXT: Final = re.compile(r"(?:None|(?P<quote>['\"])(?P<text>[^'\"\\\n]*)(?P=quote))[ \t]*(?:#.*)?$", re.MULTILINE)
_YES_NO: Final = re.compile(r"(True|False)[ \t]*(?:#.*)?$", re.MULTILINE)
_DOC: Final = re.compile(r'\s*(?:"""(?P<long>[^"\\]*)"""|"(?P<short>[^"\\\n]+)")[ \t]*$', re.MULTILINE)
_NO_DOC: Final = re.compile(r"(?:\s|#.*\n)*(?:from|import)\b")
_ASIDE: Final = re.compile(
    rb"^serves_from\b.*\n?|^repeatable[ \t]*(?::[^=\n]*)?=.*\n?|^[ \t]*# lint: ignore\[.*\n?|[ \t]+# lint: ignore\[.*$",
    re.MULTILINE,
)  # what is said about a revision long after it was applied
_SAID_ASIDE: Final = (b"serves_from", b"repeatable", b"# lint: ignore[")
_BLANK: Final = re.compile(rb"^[ \t]*\n", re.MULTILINE)

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """One revision file. Parents and dependencies are as they are written: a dependency may be a label."""

    path: str
    revision: str
    down_revision: Words
    depends_on: Words
    branch_labels: Words
    floor: str
    is_repeatable: bool
    doc: str | None  # the whole docstring; None when the file was not read for it
    checksum: str


def read_header(path: str, content: bytes) -> Header | None:
    """Return the header of a file, or None when only importing it would tell."""
    try:
        text = content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    values = _values(text)
    doc = _doc(text)
    if values is None or doc is None:
        return None
    revision, floor = values["revision"], values["serves_from"]
    if len(revision) != 1 or len(floor) > 1:
        return None
    return Header(
        path=path,
        revision=revision[0],
        down_revision=values["down_revision"],
        depends_on=values["depends_on"],
        branch_labels=values["branch_labels"],
        floor="".join(floor),
        is_repeatable=bool(values[REPEATABLE]),
        doc=doc,
        checksum=checksum_of(content),
    )


def checksum_of(content: bytes) -> str:
    """Return the SHA-256 of a revision file, the same for both kinds of line ends, with any floor and blank lines.

    A floor is often found out later, for a revision that is applied long since, and changes nothing in the database;
    nor does the word that it may be run again, or a comment that tells the linter to be silent.
    """
    content = content.replace(b"\r\n", b"\n")
    if any(word in content for word in _SAID_ASIDE):  # hardly any has one, and to look for them all takes a while
        content = _ASIDE.sub(b"", content)
    return hashlib.sha256(_BLANK.sub(b"", content)).hexdigest()


def _values(text: str) -> dict[str, Words] | None:
    """Return what the names are set to; None unless each is set once, at the top level, to a plain value."""
    values: dict[str, Words] = dict.fromkeys(_NAMES, ())
    found = list(_ASSIGNED.finditer(text))
    names = {match[1] for match in found}
    if len(names) != len(found) or not {"revision", "down_revision"} <= names:
        return None
    if len(_MENTIONED.findall(text)) != len(found):
        return None  # set again in a block, or by a call with a keyword of that name: let Python decide
    if not names.isdisjoint(_OURS):
        return _parsed(text)  # it may stand in a docstring
    for match in found:
        value = _value(match[1], text, match.end())
        if value is None:
            return _parsed(text)
        values[match[1]] = value
    return values


def _value(name: str, text: str, start: int) -> Words | None:
    """Return a None or a string, or else a True or False, that is alone on its line."""
    if name == REPEATABLE:
        said = _YES_NO.match(text, start)
        return None if said is None else _flag(said[1] == "True")
    match = _TEXT.match(text, start)
    if match is None:
        return None
    return () if match["text"] is None else (match["text"],)


def _parsed(text: str) -> dict[str, Words] | None:
    """Return the same by Python's own grammar: tuples over several lines, strings with escapes."""
    values: dict[str, Words] = dict.fromkeys(_NAMES, ())
    try:
        for node in ast.parse(text).body:
            name, value = _assignment(node)
            if name in values and value is not None:
                found = ast.literal_eval(value)
                values[name] = _words(found) if name != REPEATABLE else _flag(found)
    except (SyntaxError, ValueError, TypeError):
        return None
    return values


def _assignment(node: ast.stmt) -> tuple[str, ast.expr | None]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=value):
            return name, value
        case _:
            return "", None


def _flag(value: object) -> Words:
    """Return one word for True, none for False.

    Raises:
        TypeError: if it is neither.
    """
    if not isinstance(value, bool):
        raise TypeError("neither True nor False")
    return (REPEATABLE,) if value else ()


def _words(value: object) -> Words:
    """Return a value of Alembic's as a tuple: None, a string or several.

    Raises:
        TypeError: if it is nothing of the kind.
    """
    if value is None:
        return ()
    words = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (tuple, list)) else (None,)
    if not all(isinstance(word, str) for word in words):
        raise TypeError("no revision")
    return words


def _doc(text: str) -> str | None:
    """Return the docstring; None when it could not be read."""
    match = _DOC.match(text)
    if match:
        return match["long"] if match["long"] is not None else match["short"]
    if _NO_DOC.match(text):
        return ""
    try:
        return ast.get_docstring(ast.parse(text), clean=False) or ""
    except (SyntaxError, ValueError):
        return None
