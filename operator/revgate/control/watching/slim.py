"""What the cache keeps of an object: thousands of them stand in memory, and most of each is never read."""

import marshal
from collections.abc import Mapping
from typing import Any, Final

from revgate.contract import names
from revgate.control.watching.nesting import cut

_OURS: Final = f"{names.GROUP}/"
_METADATA: Final = frozenset(
    {
        "namespace",
        "name",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "labels",
    }
)


def packed(body: Mapping[str, Any], parts: frozenset[str]) -> bytes:
    """Return these parts of an object, and what identifies it, as bytes: a tenth of what the dicts would take."""
    metadata = {name: value for name, value in body["metadata"].items() if name in _METADATA}
    annotations = body["metadata"].get("annotations") or {}
    if ours := {name: value for name, value in annotations.items() if name.startswith(_OURS)}:
        metadata["annotations"] = ours
    kept = {name: value for name, value in body.items() if name in parts}
    try:
        return marshal.dumps({"metadata": metadata, **kept})
    except ValueError:  # nested too deeply: what parses JSON goes deeper than what writes this
        cut(kept)
        return marshal.dumps({"metadata": metadata, **kept})


def unpacked(data: bytes) -> dict[str, Any]:
    """Return what was packed, as a copy of its own."""
    body: dict[str, Any] = marshal.loads(data)  # noqa: S302 - written by this process, for this process
    return body
