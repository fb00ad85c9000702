"""Faults in the revision files, all of them at once: each check is named for what it finds."""

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from alembic.script import ScriptDirectory

from revgate.contract.serves import Edge, below
from revgate.migration.errors import MigrationError
from revgate.migration.project.revision_files import BrokenFile, Downgrade, RevisionFile, read_files
from revgate.migration.project.revisions import read_revisions

LONGEST: Final = 32
"""Alembic's version table holds ids up to here."""

_ILLEGAL: Final = "@-+:"
_DOWNGRADE_FAULTS: Final = {
    Downgrade.MISSING: "has no downgrade()",
    Downgrade.EMPTY: "has a downgrade() that does nothing",
}

Files: TypeAlias = Sequence[RevisionFile]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, in one sentence."""

    fault: str
    message: str
    files: tuple[str, ...]
    is_warning: bool = False  # the history works, and somebody will miss something some day


def check_scripts(directory: ScriptDirectory) -> tuple[Problem, ...]:
    """Return what is wrong with the scripts, the worst first; env.py is not run."""
    read = read_files(directory)
    return find_problems(read) or _last_word(directory, has_files=bool(read))


def find_problems(read: Sequence[RevisionFile | BrokenFile]) -> tuple[Problem, ...]:
    """Return what is wrong with the files. Pure."""
    broken = [Problem("broken-file", one.message, (one.path,)) for one in read if isinstance(one, BrokenFile)]
    files = [one for one in read if isinstance(one, RevisionFile)]
    # What the others miss may be in the file that is broken
    checks = (*_OF_FILES, _missing_downgrade) if broken else (*_OF_FILES, *_OF_THE_GRAPH, _missing_downgrade)
    return (*broken, *(problem for check in checks for problem in check(files)))


def _last_word(directory: ScriptDirectory, *, has_files: bool) -> tuple[Problem, ...]:
    """Ask Alembic itself, which looks at more than we do."""
    try:
        if has_files:
            read_revisions(directory)
    except MigrationError as error:
        return (Problem("broken-scripts", str(error), ()),)
    return ()


def _duplicate_id(files: Files) -> Iterator[Problem]:
    paths = defaultdict(list)
    for file in files:
        paths[file.revision].append(file.path)
    for revision, found in paths.items():
        if len(found) > 1:
            text = f"Revision {revision} is in {len(found)} files, {' and '.join(found)}: give one of them a new id"
            yield Problem("duplicate-id", text, tuple(found))


def _illegal_id(files: Files) -> Iterator[Problem]:
    for file in files:
        signs = [sign for sign in _ILLEGAL if sign in file.revision]
        if signs or not file.revision:
            fault = f"has {' and '.join(signs)} in it, which Alembic reads as operators" if signs else "is empty"
            text = f"Revision id {file.revision!r} of {file.path} {fault}: use letters, digits, . and _"
            yield Problem("illegal-id", text, (file.path,))


def _long_id(files: Files) -> Iterator[Problem]:
    for file in files:
        if len(file.revision) > LONGEST:
            text = (
                f"Revision id {file.revision} of {file.path} has {len(file.revision)} characters, and the version "
                f"table holds {LONGEST}: shorten it"
            )
            yield Problem("long-id", text, (file.path,))


def _missing_parent(files: Files) -> Iterator[Problem]:
    ids = {file.revision for file in files}
    names = ids | {label for file in files for label in file.labels}
    for file in files:
        for word, wanted, known in (
            ("down_revision", file.parents, ids),
            ("depends_on", file.depends_on, names),
            ("serves_from", (file.floor,) if file.floor else (), ids),
        ):
            for one in wanted:
                if one not in known:
                    text = f"{file.path} names {one} in {word}, and no file has it: {_advice(one, sorted(known))}"
                    yield Problem("missing-parent", text, (file.path,))


def _cycle(files: Files) -> Iterator[Problem]:
    """Find what remains when revisions without open parents are taken away, again and again."""
    by_id = {file.revision: file for file in files}
    waiting = {file.revision: {*file.parents, *file.depends_on} & by_id.keys() for file in files}
    while free := [revision for revision, parents in waiting.items() if not parents & waiting.keys()]:
        for revision in free:
            del waiting[revision]
    if waiting:
        circle = _circle(waiting)
        paths = tuple(by_id[revision].path for revision in circle[:-1])
        text = f"Revisions {' -> '.join(circle)} follow each other in a circle: mend down_revision in {paths[0]}"
        yield Problem("cycle", text, paths)


def _several_heads(files: Files) -> Iterator[Problem]:
    followed = {parent for file in files for parent in file.parents}
    by_id = {file.revision: file for file in files}  # an id that is there twice is another fault
    heads = [file for revision, file in sorted(by_id.items()) if revision not in followed]
    if len(heads) < 2 or _are_branches(heads, files):  # noqa: PLR2004  one is as it should be
        return
    ids = [head.revision for head in heads]
    found = " and ".join(f"{head.revision} in {head.path}" for head in heads)
    command = f"alembic merge -m 'Merge {' and '.join(ids)}' {' '.join(ids)}"
    text = f"Scripts have {len(heads)} heads, {found}: join them with `{command}`"
    yield Problem("several-heads", text, tuple(head.path for head in heads))


def _missing_downgrade(files: Files) -> Iterator[Problem]:
    for file in files:
        fault = _DOWNGRADE_FAULTS.get(file.downgrade)
        if fault and len(file.parents) < 2:  # noqa: PLR2004  a merge has nothing to undo
            text = f"Revision {file.revision} cannot be undone: {file.path} {fault}"
            yield Problem("missing-downgrade", text, (file.path,), is_warning=True)


_Checks: TypeAlias = tuple[Callable[[Files], Iterator[Problem]], ...]
_OF_FILES: Final[_Checks] = (_duplicate_id, _illegal_id, _long_id)
_OF_THE_GRAPH: Final[_Checks] = (_missing_parent, _cycle, _several_heads)


def _advice(wanted: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(wanted, known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else "add the missing file, or name another one"


def _circle(waiting: Mapping[str, set[str]]) -> list[str]:
    """Walk from any of them to a parent that waits too, until one comes again."""
    walked = [min(waiting)]
    while True:
        following = min(waiting[walked[-1]] & waiting.keys())
        if following in walked:
            return [*walked[walked.index(following) :], following]
        walked.append(following)


def _are_branches(heads: Files, files: Files) -> bool:
    """Whether each head has a branch label of its own: then there are to be several."""
    edges = {file.revision: Edge(file.revision, file.parents) for file in files}
    labels = {file.revision: set(file.labels) for file in files}
    found = [set().union(*(labels[one] for one in below([head.revision], edges) if one in labels)) for head in heads]
    return all(mine - set().union(*found[:at], *found[at + 1 :]) for at, mine in enumerate(found))
