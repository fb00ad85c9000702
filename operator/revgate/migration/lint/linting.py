"""Looking at a run with all rules: what is found, what of it somebody has accepted, and what data goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from revgate.migration.lint.catalogue import Catalogue
from revgate.migration.lint.finding import Finding
from revgate.migration.lint.grading import level_of, sizes_of
from revgate.migration.lint.ignoring import FOREIGN, bad_ignores, is_ignored, unused_ignores, wants_more
from revgate.migration.lint.losses import Loss, losses_of
from revgate.migration.lint.reader import Name
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.rules import RULES
from revgate.migration.lint.scene import Placed, Revision, Run
from revgate.migration.lint.tables import tables_of


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in one revision."""

    findings: tuple[Finding, ...] = ()  # in the order of its statements
    ignored: tuple[Finding, ...] = ()  # accepted by a comment in its file
    destroys: tuple[str, ...] = ()  # what is gone afterwards, in words: "table balances"


def look_at_run(run: Run, others: Mapping[str, Sequence[Finding]] | None = None) -> tuple[Looked, ...]:
    """Return what is found in each revision of a run, in its order.

    Args:
        run: all of it.
        others: findings of another linter, by revision; None when there is none.
    """
    return tuple(_look(revision, run, others) for revision in run.revisions)


def _look(revision: Revision, run: Run, others: Mapping[str, Sequence[Finding]] | None) -> Looked:
    losses = tuple(losses_of(revision, run))
    source = revision.source
    ours = sorted(_found(revision, run, losses), key=lambda one: one[0])
    found = [finding for _, finding in ours] + list((others or {}).get(source.revision, ()))
    return Looked(
        findings=(
            *(finding for finding in found if not is_ignored(finding, source)),
            *bad_ignores(source),
            *_unused(revision, run, found, has_others=others is not None),
        ),
        ignored=tuple(finding for finding in found if is_ignored(finding, source)),
        destroys=tuple(dict.fromkeys(" ".join(loss.what.split()) for loss in losses)),
    )


def _found(revision: Revision, run: Run, losses: Sequence[Loss]) -> Iterator[tuple[int, Finding]]:
    destroying = {loss.placed.at if loss.placed else 0 for loss in losses}
    for rule in _rules_for(run.dialect):
        for hit in rule.find(revision, run):
            at = hit.placed.at if hit.placed else 0
            yield at, _finding(rule, hit, revision, run, destructive=at in destroying)


def _rules_for(dialect: str) -> Iterator[Rule]:
    return (rule for rule in RULES if rule.only in {"", dialect})


def _finding(rule: Rule, hit: Hit, revision: Revision, run: Run, *, destructive: bool) -> Finding:
    source = revision.source
    return Finding(
        rule=rule.name,
        level=level_of(rule, hit, run),
        message=" ".join(f"{hit.message}{sizes_of(rule, hit, run)}".split()),  # a quoted name may hold line ends
        advice=hit.advice,
        revision=source.revision,
        file=source.file,
        line=_line(hit.placed, revision),
        statement=hit.placed.sql if hit.placed else "",
        tables=tuple(map(str, hit.tables or _tables(hit.placed))),
        destructive=destructive,
    )


def _tables(placed: Placed | None) -> tuple[Name, ...]:
    return tuple(table for one in (placed.kinds if placed else ()) for table in tables_of(one))


def _line(placed: Placed | None, revision: Revision) -> int | None:
    return (placed.line if placed else 0) or revision.source.line


def _unused(revision: Revision, run: Run, found: Sequence[Finding], *, has_others: bool) -> Iterator[Finding]:
    if not wants_more(revision.source, found):
        return
    judged = {rule.name for rule in _rules_for(run.dialect)}
    # Somewhere else the tables may be old and large: a run from the base makes all of them new
    elsewhere = replace(run, made={}, catalogue=Catalogue(), reaches_heads=True)
    tripped = {rule.name for rule in _rules_for(run.dialect) if any(rule.find(revision, elsewhere))}
    tripped |= {finding.rule for finding in found}
    theirs = {rule for ignore in revision.source.ignores for rule in ignore.rules if rule.startswith(FOREIGN)}
    yield from unused_ignores(revision.source, tripped, judged | (theirs if has_others else set()))
