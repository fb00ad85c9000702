"""Which file has the termination message of a pod's container: one answer for the runner and for the gate."""

from __future__ import annotations

import os

from revgate.contract import names

TYPE_CHECKING = False  # a gate has 30 ms, see names
if TYPE_CHECKING:
    from collections.abc import Mapping


def termination_file(environ: Mapping[str, str]) -> str | None:
    """Return the file that is named, or else Kubernetes' own where it is and may be written to; None for none.

    A program on a laptop makes no file in /dev.
    """
    named = environ.get(names.TERMINATION_MESSAGE, "")
    own = names.TERMINATION_MESSAGE_PATH
    is_there = os.path.isfile(own) and os.access(own, os.W_OK)  # noqa: PTH113 - pathlib takes 10 ms
    return named or (own if is_there else None)
