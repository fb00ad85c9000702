"""JSON nested deeper than anything that means something, made flat before anybody reads it.

What a user's pod template holds is free: the API server takes ten thousand levels of it. Python's parser, Kopf's copies
and pydantic each break at a depth of their own, and a watch that breaks at one object is blind for all others.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

MOST_LEVELS: Final = 100
"""Levels of JSON that are kept; a list of objects has two before the first object, a pod about ten."""

_ONE_KIND: Final = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_TOKEN: Final = re.compile(rb'"(?:[^"\\]+|\\.)*"|[\[\]{}]')


def flat(data: bytes) -> bytes:
    """Return JSON in which null stands for whatever was nested deeper than MOST_LEVELS."""
    return b"".join(_cut(data)) if _is_deep(data) else data


def levels(value: Any, most: int) -> int:
    """Return how deep a value is nested, 0 for what holds nothing; no more than `most` + 1."""
    depth, here = 0, [value]
    while depth <= most and (here := [each for each in here if isinstance(each, Mapping | list | tuple)]):
        depth, here = depth + 1, [inner for each in here for inner in _inside(each)]
    return depth


def cut(value: Any) -> None:
    """Empty, in place, whatever is nested deeper than MOST_LEVELS."""
    here = [value]
    for _ in range(MOST_LEVELS):
        here = [inner for each in here for inner in _inside(each) if isinstance(inner, dict | list)]
    for each in here:
        each.clear()


def _inside(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, Mapping) else value)


def _is_deep(data: bytes) -> bool:
    """Take the innermost brackets away, a level at a time: each step is one pass over bytes, in C."""
    if data.count(b"{") + data.count(b"[") <= MOST_LEVELS:
        return False
    bare = data.replace(rb"\\", b"").replace(rb"\"", b"")
    left = b"".join(bare.split(b'"')[::2]).translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(MOST_LEVELS):
        if not left:
            return False
        left = left.replace(b"{}", b"")
    return bool(left)


def _cut(data: bytes) -> Iterator[bytes]:
    depth, kept = 0, 0
    for token in _TOKEN.finditer(data):
        match data[token.start()]:
            case 0x5B | 0x7B:  # [ and {
                depth += 1
                if depth == MOST_LEVELS + 1:
                    yield data[kept : token.start()]
                    yield b"null"
            case 0x5D | 0x7D:  # ] and }
                if depth == MOST_LEVELS + 1:
                    kept = token.end()
                depth -= 1
    yield data[kept:]
