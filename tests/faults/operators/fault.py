"""What a fault is: something that is done to a scene by chance, and what undoes it after a while."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from faults.operators.scene import Scene


class NotNow(Exception):  # noqa: N818  no error: there is nothing to do it to
    """What the fault needs is not there at the moment."""


@dataclass(frozen=True)
class Later:
    """What is done so many seconds after a fault."""

    seconds: float
    mend: Callable[[], object]


Fault = Callable[[Scene, Random], Sequence[Later]]


def need(something: object) -> None:
    """Go on only when there is something.

    Raises:
        NotNow: when there is not.
    """
    if not something:
        raise NotNow
