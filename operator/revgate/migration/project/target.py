"""Which revisions a target means, by the scripts; an answer for a person when it means none or too many."""

import re
from collections.abc import Sequence
from typing import Final

from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from revgate.migration.errors import MultipleHeads, UnknownRevision, UnknownTarget
from revgate.migration.output.wording import first_line
from revgate.migration.project.revisions import Revisions

HEAD: Final = "head"
HEADS: Final = "heads"
_RELATIVE: Final = re.compile(r"[+-]\d+$")


def resolve_target(target: str, revisions: Revisions, directory: ScriptDirectory) -> tuple[str, ...]:
    """Return the full ids, sorted.

    Raises:
        MultipleHeads: if the target is the head and there are several.
        UnknownTarget: naming the nearest ids that exist.
    """
    if target == HEADS:
        return revisions.heads
    if target == HEAD:
        return _single_head(revisions)
    named = by_name(target, revisions)
    return (named,) if named else _looked_up(target, revisions, directory)


def by_name(target: str, revisions: Revisions) -> str:
    """Return the revision with this full id, or whose file is so called but for its ending; "" when there is none."""
    if target in revisions.known:
        return target
    return next((revision for revision, known in revisions.known.items() if known.stem == target), "")


def pending_revisions(directory: ScriptDirectory, heads: Sequence[str], target: Sequence[str]) -> tuple[str, ...]:
    """Return what lies between, in the order to apply it: over branches, merges and depends_on.

    Raises:
        UnknownRevision: if the heads overlap, say a revision and its own child.
    """
    # Tuples of full ids: as one text, an id such as 2024-01 would be read as "one revision before 2024"
    wanted = _without_included(directory, target)
    found = directory.revision_map.iterate_revisions(wanted, tuple(heads), implicit_base=True)
    try:
        return tuple(reversed([revision.revision for revision in found]))
    except RevisionError as error:
        raise UnknownRevision(
            f"Database is at {', '.join(heads)}, which is no state that Alembic leaves: {first_line(error)}; where one "
            "of these rows of the version table includes another, delete the older one"
        ) from error


def _without_included(directory: ScriptDirectory, target: Sequence[str]) -> tuple[str, ...]:
    """Leave out what another one includes, as a head does that depends on another branch's: Alembic refuses both."""
    if len(target) < 2:  # noqa: PLR2004  several
        return tuple(target)
    walk = directory.revision_map.iterate_revisions
    below = {one: {each.revision for each in walk((one,), (), implicit_base=True)} - {one} for one in target}
    return tuple(one for one in target if not any(one in included for included in below.values()))


def _single_head(revisions: Revisions) -> tuple[str, ...]:
    if len(revisions.heads) > 1:
        named = [f"{head} ({revisions.known[head].file})" for head in revisions.heads]
        raise MultipleHeads(
            f"Scripts have {len(named)} heads, {' and '.join(named)}: join them with "
            "`alembic merge heads`, or set the target to heads"
        )
    return revisions.heads


def _looked_up(target: str, revisions: Revisions, directory: ScriptDirectory) -> tuple[str, ...]:
    """Return what a shortened id or BRANCH@head means to Alembic."""
    if target in {"", "base"} or target.endswith("@") or ":" in target or _RELATIVE.search(target):
        raise UnknownTarget(
            f"Target {target or repr(target)} is no revision to upgrade to: name head, heads, a revision or BRANCH@head"
        )
    try:
        found = sorted({script.revision for script in directory.get_revisions(target) if script})
    except (CommandError, RevisionError) as error:
        if "multiple" in str(error).lower():
            raise UnknownTarget(f"Target {target} is ambiguous: {first_line(error)}") from error
        found = []
    if not found:
        raise UnknownTarget(f"Target {target} is not in these scripts: {nearest(target, revisions)}")
    return tuple(found)


def nearest(target: str, revisions: Revisions) -> str:
    """Say which revisions somebody may have meant."""
    import difflib  # noqa: PLC0415  hardly anybody mistypes

    near = difflib.get_close_matches(target, sorted(revisions.known), n=3, cutoff=0.5)
    if near:
        return f"near it are {', '.join(near)}"
    return f"its newest is {', '.join(revisions.heads)}"
