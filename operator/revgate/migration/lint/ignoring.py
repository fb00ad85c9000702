"""Findings that somebody has looked at: `# lint: ignore[RULE] reason` in the revision's file."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from revgate.migration.lint.finding import Finding, Level
from revgate.migration.lint.rules import RULES
from revgate.migration.lint.sources import Ignore, Source

BAD: Final = "bad-ignore"
UNUSED: Final = "unused-ignore"
_FORM: Final = "Write # lint: ignore[RULE] and why; docs/lint.md has the rules"
_NAMES: Final = frozenset(rule.name for rule in RULES)
FOREIGN: Final = "squawk:"


def is_ignored(finding: Finding, source: Source) -> bool:
    """Whether the file says, and says why, that a finding does not count."""
    return any(ignore.reason and finding.rule in ignore.rules for ignore in source.ignores)


def bad_ignores(source: Source) -> Iterator[Finding]:
    """Yield a finding for each comment that ignores nothing: without a rule, without a reason, with an unknown rule."""
    for ignore in source.ignores:
        unknown = [rule for rule in ignore.rules if rule not in _NAMES and not rule.startswith(FOREIGN)]
        if not ignore.rules:
            yield _finding(source, ignore, BAD, Level.ERROR, "Comment names no rule to ignore, and has no effect")
        elif not ignore.reason:
            text = f"Comment to ignore {', '.join(ignore.rules)} says no reason, and has no effect"
            yield _finding(source, ignore, BAD, Level.ERROR, text)
        elif unknown:
            text = f"Comment ignores {', '.join(unknown)}, which is no rule"
            yield _finding(source, ignore, BAD, Level.ERROR, text)


def unused_ignores(source: Source, tripped: Collection[str], judged: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each rule that a comment ignores for nothing.

    Args:
        source: the revision.
        tripped: names of the rules that the revision trips, were its tables old and large.
        judged: names of the rules that looked at it: others may well trip elsewhere.
    """
    for ignore in source.ignores if not source.not_rendered else ():
        unused = [rule for rule in ignore.rules if rule in judged and rule not in tripped]
        if unused and ignore.reason:
            text = f"Comment ignores {', '.join(unused)}, and nothing in this revision trips it"
            yield _finding(source, ignore, UNUSED, Level.WARNING, text)


def wants_more(source: Source, found: Sequence[Finding]) -> bool:
    """Whether a comment ignores a rule that was not found."""
    rules = {finding.rule for finding in found}
    return any(not rules.issuperset(ignore.rules) for ignore in source.ignores)


def _finding(source: Source, ignore: Ignore, rule: str, level: Level, text: str) -> Finding:
    advice = _FORM if rule == BAD else "Take it out"
    return Finding(
        rule=rule,
        level=level,
        message=text,
        advice=advice,
        revision=source.revision,
        file=source.file,
        line=ignore.line,
        statement="",
        tables=(),
        destructive=False,
    )
