"""A user's pod template laid over ours: objects merge, lists of named things merge by name, the rest is replaced."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_KEYS: Final = ("mountPath", "name")  # what names the items of volumeMounts; of containers, env, volumes
_APPENDED: Final = ("tolerations", "imagePullSecrets", "topologySpreadConstraints")


def laid_over(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return `ours` with `theirs` on top; a null in `theirs` removes the field."""
    merged = dict(ours)
    for field, value in theirs.items():
        if value is None:
            merged.pop(field, None)
        else:
            merged[field] = _merged(field, ours.get(field), value)
    return merged


def _merged(field: str, ours: Any, theirs: Any) -> Any:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return laid_over(ours, theirs)
    if isinstance(ours, Sequence) and isinstance(theirs, Sequence) and not isinstance(theirs, str):
        return [*ours, *theirs] if field in _APPENDED else _by_name(ours, theirs)
    return theirs


def _by_name(ours: Sequence[Any], theirs: Sequence[Any]) -> list[Any]:
    key = next((key for key in _KEYS if all(isinstance(i, Mapping) and key in i for i in [*ours, *theirs])), None)
    if key is None:
        return list(theirs)
    merged = {item[key]: item for item in ours}
    for item in theirs:
        known = merged.get(item[key])
        merged[item[key]] = laid_over(known, item) if known else item
    return list(merged.values())
