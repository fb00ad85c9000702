"""The reference document as a list of code blocks, each with the heading it stands under."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).with_name("migration-api.md")

_FENCE: Final = re.compile(r"^ *```(\w*)$")
_HEADING: Final = re.compile(r"^(#+) (.+)$")


@dataclass(frozen=True)
class Block:
    """One fenced block: `key` is the heading above it, with a number from its second block on."""

    key: str
    language: str
    line: int
    text: str


def read_blocks(document: str) -> Iterator[Block]:
    """Yield the blocks in their order.

    Raises:
        ValueError: if a fence is not closed.
    """
    heading, under = "", Counter[str]()
    lines = iter(enumerate(document.splitlines(), start=1))
    for number, line in lines:
        if found := _HEADING.match(line):
            heading = found[2]
        elif fence := _FENCE.match(line):
            under[heading] += 1
            text = "".join(_until_the_fence_closes(lines, number))
            yield Block(_key(heading, under[heading]), fence[1], number, textwrap.dedent(text))


def _key(heading: str, count: int) -> str:
    return heading if count == 1 else f"{heading} {count}"


def _until_the_fence_closes(lines: Iterator[tuple[int, str]], opened: int) -> Iterator[str]:
    for _, line in lines:
        if _FENCE.match(line):
            return
        yield f"{line}\n"
    raise ValueError(f"The block that opens in line {opened} has no end")


BLOCKS: Final = {block.key: block for block in read_blocks(DOCUMENT.read_text(encoding="utf-8"))}


def text_of(key: str) -> str:
    """Return a block as it is printed."""
    return BLOCKS[key].text
