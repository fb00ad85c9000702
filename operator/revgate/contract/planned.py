"""A plan in a runner's log: what is too big for a report, in lines of one kind, and the plan's identity.

The first line is ``{"revgate":"plan","history":[schema,table],"from":[...],"to":[...],...}``; each further one is
``{"revgate":"plan","revisions":[{"revision":"0008","sql":"...",...},...]}``. A line has at most 8 KB, so what is longer
goes on in the next entry, under the same revision. SQL and findings beyond 300 KB in all are left out, and the plan
says so: it has to fit into a resource, and so has a plan of at most 1,000 revisions. The report holds the sha256 of the
lines; lines that do not match it are not used.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from revgate.contract.edges import LINE_BYTES, digest_of

MARK: Final = '{"revgate":"plan",'
MOST_SQL: Final = 300_000
MOST_REVISIONS: Final = 1000
_ROOM: Final = LINE_BYTES - 200  # for what stands around the entries of a line
_PIECE: Final = 600  # characters of one entry; JSON writes one of them with up to 12 bytes
_MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class PlannedFinding:
    """What the linter said of a revision; the level is error, warning or info."""

    rule: str
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class PlannedRevision:
    """One revision of a plan; `sql` is "" where it could not be rendered, and `not_rendered` then says why."""

    revision: str
    message: str = ""
    checksum: str = ""
    sql: str = ""
    not_rendered: str = ""
    destroys: tuple[str, ...] = ()
    findings: tuple[PlannedFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """What an upgrade would do. Revisions are full ids, in apply order; heads are sorted."""

    schema: str  # of the version table
    table: str
    before: tuple[str, ...]
    target: tuple[str, ...]
    destructive: bool
    revisions: tuple[PlannedRevision, ...] = field(default_factory=tuple)
    truncated: bool = False

    def hash(self, image_digest: str) -> str:
        """Return the identity of the plan, run with an image of this digest ("" where nobody knows it)."""
        steps = [(one.revision, one.checksum) for one in self.revisions]
        return plan_hash((self.schema, self.table), self.before, self.target, steps, image_digest)


def plan_hash(
    history: tuple[str, str],
    before: Iterable[str],
    after: Iterable[str],
    revisions: Sequence[tuple[str, str]],
    image_digest: str = "",
) -> str:
    """Return the identity of a plan: the sha256, in hex, of what makes it another one. Its SQL does not.

    Args:
        history: schema and name of the version table.
        before: the heads from which it starts, in any order.
        after: the heads to which it leads, in any order.
        revisions: id and checksum of each, in the order to apply them.
        image_digest: digest of the image whose scripts they are, "" if there is none.
    """
    parts = [list(history), sorted(before), sorted(after), [list(one) for one in revisions], image_digest]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def digest_in(image: str) -> str:
    """Return the digest of an image's name, "" when it has none."""
    return image.partition("@")[2]


def encode_plan(plan: PlanDocument) -> tuple[str, ...]:
    """Return the log lines, without newlines."""
    kept = _within(plan, MOST_SQL)
    head = {
        "history": [kept.schema, kept.table],
        "from": kept.before,
        "to": kept.target,
        "destructive": kept.destructive,
        "truncated": kept.truncated,
        "count": len(kept.revisions),
    }
    return (MARK + _dump(head)[1:], *_lines(entry for one in kept.revisions for entry in _entries(one)))


def decode_plan(log: str, digest: str) -> PlanDocument | None:
    """Return the plan in a pod's log, or None when it is missing, cut or not the one that the report means."""
    lines = [line for line in log.splitlines() if line.startswith(MARK)]
    if not digest or digest_of(lines) != digest:
        return None
    try:
        head, *rest = [json.loads(line) for line in lines]
        schema, table = head["history"]
        return PlanDocument(
            schema=schema,
            table=table,
            before=_heads(head["from"]),
            target=_heads(head["to"]),
            destructive=bool(head["destructive"]),
            revisions=_joined(entry for line in rest for entry in line["revisions"]),
            truncated=bool(head["truncated"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # a runner of another version writes them in another way


def _heads(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(head, str) for head in value):
        raise TypeError("a list of revisions was expected")
    return tuple(value)


def _within(plan: PlanDocument, room: int) -> PlanDocument:
    """Leave out the SQL of those revisions for which there is no room."""
    kept: list[PlannedRevision] = []
    for one in plan.revisions:
        room -= sum(len(_dump(entry)) for entry in _entries(replace(one, message="", checksum="")))
        kept.append(one if room >= 0 else _without_words(one))
    return replace(plan, revisions=tuple(kept), truncated=plan.truncated or room < 0)


def _without_words(one: PlannedRevision) -> PlannedRevision:
    return replace(one, sql="", findings=(), not_rendered=_LEFT_OUT if one.sql else one.not_rendered[:100])


_LEFT_OUT: Final = "Its SQL was left out, because the plan is large: see it with revgate plan"


def _entries(one: PlannedRevision) -> Iterator[dict[str, Any]]:
    """Yield what a revision says, in pieces each of which fits into a line."""
    yield {"revision": one.revision, "message": one.message[:300], "checksum": one.checksum}
    if one.not_rendered:
        yield {"revision": one.revision, "notRendered": one.not_rendered[:_PIECE]}
    for at in range(0, len(one.sql), _PIECE):
        yield {"revision": one.revision, "sql": one.sql[at : at + _PIECE]}
    for what in one.destroys[:_MOST_LISTED]:
        yield {"revision": one.revision, "destroys": [what[:200]]}
    for found in one.findings[:_MOST_LISTED]:
        yield {"revision": one.revision, "findings": [[found.rule, found.level, found.message[:500]]]}


def _lines(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    texts: list[str] = []
    size = 0
    for entry in entries:
        text = _dump(entry)
        length = len(text.encode()) + 1
        if texts and size + length > _ROOM:
            yield _line(texts)
            texts, size = [], 0
        texts.append(text)
        size += length
    if texts:
        yield _line(texts)


def _line(texts: Iterable[str]) -> str:
    return f'{MARK}"revisions":[{",".join(texts)}]}}'


def _joined(entries: Iterable[Mapping[str, Any]]) -> tuple[PlannedRevision, ...]:
    """Put the pieces of each revision together again."""
    found: dict[str, PlannedRevision] = {}
    for entry in entries:
        revision = entry["revision"]
        known = found.get(revision) or PlannedRevision(revision)
        found[revision] = PlannedRevision(
            revision=revision,
            message=known.message + entry.get("message", ""),
            checksum=known.checksum + entry.get("checksum", ""),
            sql=known.sql + entry.get("sql", ""),
            not_rendered=known.not_rendered + entry.get("notRendered", ""),
            destroys=(*known.destroys, *entry.get("destroys", ())),
            findings=known.findings + tuple(PlannedFinding(*row) for row in entry.get("findings", ())),
        )
    return tuple(found.values())


def _dump(value: object) -> str:
    # ASCII, so that a log's encoding and half a surrogate pair change nothing
    return json.dumps(value, separators=(",", ":"))
