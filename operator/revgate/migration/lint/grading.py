"""How bad a finding is, by the size of the tables that it is about."""

from typing import Final

from revgate.migration.lint.catalogue import Scale
from revgate.migration.lint.finding import Level
from revgate.migration.lint.rule import Hit, Rule
from revgate.migration.lint.scene import Run

_MOST: Final = {Scale.SMALL: Level.INFO, Scale.MEDIUM: Level.WARNING, Scale.LARGE: Level.ERROR}
_ORDER: Final = (Level.INFO, Level.WARNING, Level.ERROR)


def level_of(rule: Rule, hit: Hit, run: Run) -> Level:
    """Return how much a hit counts: the rule's own level, or less where every table is known to be small."""
    if not rule.by_size or not hit.tables or hit.placed is None:
        return rule.level
    known = [run.facts(table, hit.placed.at) for table in hit.tables]
    scale = max(Scale.LARGE if facts is None else facts.scale for facts in known)
    return min(rule.level, _MOST[scale], key=_ORDER.index)


def sizes_of(rule: Rule, hit: Hit, run: Run) -> str:
    """Return what is known about the sizes, as the end of a sentence."""
    if not rule.by_size or hit.placed is None:
        return ""
    known = [(table, run.facts(table, hit.placed.at)) for table in hit.tables]
    sizes = [f"{table} has {facts.size}" for table, facts in known if facts is not None and facts.size]
    return f" ({', '.join(sizes)})" if sizes else ""
