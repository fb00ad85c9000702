"""Pictures of the revisions: lanes of text as `git log --graph` draws them, and a flowchart of Mermaid. Pure.

● 0009_merge (head) (mergepoint), Merge      the newest is at the top
├─╮
│ ● 0008_b, One branch
● │ 0008_a, The other
├─╯
● 0007_drop_balances (branchpoint), Drop balances table
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from revgate.migration.project.entry import Entry

_ESCAPED: Final = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}


def graph_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the lines of the picture; entries come the oldest first, and are drawn the other way round."""
    names = {entry.revision: entry.name for entry in entries}
    lanes: list[str] = []  # the revision that each lane leads down to, "" for a lane that ended
    below_base = False
    for entry in reversed(entries):
        if below_base:  # or the next head would look like the child of that base
            yield _row(lanes, -1)
        below_base = not entry.parents
        here = [at for at, awaited in enumerate(lanes) if awaited == entry.revision] or [_free(lanes, 0)]
        lanes[here[0]] = entry.revision
        if len(here) > 1:
            yield _joint(lanes, here, "╯")
        _end(lanes, here[1:])
        yield f"{_row(lanes, here[0])} {_text(entry, names)}"
        yield from _to_parents(lanes, here[0], entry.parents)


def mermaid_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a flowchart from the base down; dotted arrows are depends_on, thick boxes are heads."""
    numbers = {entry.revision: f"r{number}" for number, entry in enumerate(entries)}
    yield "flowchart TD"
    for entry in entries:
        head = ":::head" if entry.is_head else ""
        yield f'  {numbers[entry.revision]}["{_escape(entry.name)}<br/>{_escape(entry.description)}"]{head}'
    for entry in entries:
        yield from (f"  {numbers[parent]} --> {numbers[entry.revision]}" for parent in entry.parents)
        yield from (f"  {numbers[needed]} -.-> {numbers[entry.revision]}" for needed in entry.depends_on)
    yield "  classDef head stroke-width:3px"


def _to_parents(lanes: list[str], at: int, parents: Sequence[str]) -> Iterator[str]:
    """Lead the lane to the first parent, and open another one for each further parent."""
    if not parents:
        _end(lanes, [at])
        return
    lanes[at] = parents[0]
    opened = [at]
    for parent in parents[1:]:
        opened.append(_free(lanes, at + 1))
        lanes[opened[-1]] = parent
    if len(opened) > 1:
        yield _joint(lanes, opened, "╮")


def _free(lanes: list[str], first: int) -> int:
    for at in range(first, len(lanes)):
        if not lanes[at]:
            return at
    lanes.append("")
    return len(lanes) - 1


def _end(lanes: list[str], ended: Collection[int]) -> None:
    for at in ended:
        lanes[at] = ""
    while lanes and not lanes[-1]:
        lanes.pop()


def _row(lanes: Sequence[str], node: int) -> str:
    return " ".join("●" if at == node else "│" if awaited else " " for at, awaited in enumerate(lanes)).rstrip()


def _joint(lanes: Sequence[str], joined: Sequence[int], corner: str) -> str:
    """Return the line between two rows where lanes meet: the first of them with the others, all to its right."""
    first, last = joined[0], joined[-1]
    tee = {"╯": "┴", "╮": "┬"}[corner]
    cells = []
    for at, awaited in enumerate(lanes):
        inside = first < at < last
        if at in joined:
            sign = "├" if at == first else corner if at == last else tee
        else:
            sign = ("┼" if inside else "│") if awaited else "─" if inside else " "
        cells.append(sign + ("─" if first <= at < last else " "))
    return "".join(cells).rstrip()


def _text(entry: Entry, names: dict[str, str]) -> str:
    needed = ", ".join(names[one] for one in entry.depends_on)
    needs = f" (depends on {needed})" if needed else ""
    return f"{entry.name}{entry.marks}{needs}, {entry.description}"


def _escape(text: str) -> str:
    return "".join(_ESCAPED.get(letter, letter) for letter in text)
