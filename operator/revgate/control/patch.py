"""The JSON merge patch (RFC 7386) that turns one status into another; empty when they are equal."""

from collections.abc import Mapping
from typing import Any


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return only what differs: fields to set, null for fields to remove, nested objects as patches of their own."""
    patch: dict[str, Any] = dict.fromkeys(old.keys() - new.keys())
    for field, value in new.items():
        if field not in old:
            patch[field] = value
        elif isinstance(value, Mapping) and isinstance(old[field], Mapping):
            if nested := merge_patch(old[field], value):
                patch[field] = nested
        elif old[field] != value:
            patch[field] = value
    return patch
