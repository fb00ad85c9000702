"""A rule, and what it finds: where, what happens, and what to write instead."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from revgate.migration.lint.finding import Level
from revgate.migration.lint.reader import Name
from revgate.migration.lint.scene import Placed, Revision, Run


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule finds its fault."""

    placed: Placed | None  # None where it is about the whole revision
    message: str
    advice: str
    tables: tuple[Name, ...] = ()  # the sizes of which decide how bad it is


Find: TypeAlias = Callable[[Revision, Run], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, named for the fault that it finds."""

    name: str
    level: Level
    find: Find
    by_size: bool = False  # less bad on smaller tables
    only: str = ""  # the dialect, "" for both
