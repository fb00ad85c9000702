"""A user's pod template laid over ours: objects merge, lists of named things merge by name, the rest is replaced."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

_KEYS: Final = ("mountPath", "name")  # what names the items of volumeMounts; of containers, env, volumes
_APPENDED: Final = ("tolerations", "imagePullSecrets", "topologySpreadConstraints")


CONTAINERS: Final = ("initContainers", "containers")


def placed(theirs: Mapping[str, Any], ours: Mapping[str, Any], hooks: Collection[str]) -> dict[str, Any]:
    """Return a pod's spec with what it says about containers of ours in the list where ours has them.

    Whoever writes a template has no need to know that hooks make the migration an init container, nor that only an
    upgrade has hooks: what is said about one that this run lacks is left out.

    Args:
        theirs: a pod's spec from a template.
        ours: a pod's spec, to be laid under it.
        hooks: the names of all that the resource has, also of those that are not in `ours`.
    """
    home = {container["name"]: field for field in CONTAINERS for container in ours.get(field, ())}
    lists = {field: theirs[field] for field in CONTAINERS if isinstance(theirs.get(field), list)}
    moved: dict[str, list[Any]] = {field: [] for field in lists}
    for field, containers in lists.items():
        for container in containers:
            name = value_of(container)
            if name in home or name not in hooks:
                moved.setdefault(home.get(name, field), []).append(container)
    return {**theirs, **moved}


def value_of(item: Any, key: str = "name") -> str:
    """Return what names an item, "" where nothing does: a template may hold anything."""
    value = item.get(key) if isinstance(item, Mapping) else None
    return value if isinstance(value, str) else ""


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
    key = next((key for key in _KEYS if all(value_of(item, key) for item in [*ours, *theirs])), None)
    if key is None:
        return list(theirs)
    merged = {item[key]: item for item in ours}
    for item in theirs:
        known = merged.get(item[key])
        merged[item[key]] = laid_over(known, item) if known else item
    return list(merged.values())
