"""The merge patch between two statuses."""

import pytest

from revgate.control.patch import merge_patch

CASES = {
    "nothing changed": ({"a": 1, "b": {"c": [1]}}, {"a": 1, "b": {"c": [1]}}, {}),
    "a field is new": ({}, {"a": 1}, {"a": 1}),
    "a field is gone": ({"a": 1}, {}, {"a": None}),
    "a field changed": ({"a": 1}, {"a": 2}, {"a": 2}),
    "a nested field changed": ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}),
    "a nested field is gone": ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
    "a list is replaced as a whole": ({"a": [1, 2]}, {"a": [2]}, {"a": [2]}),
    "an object takes the place of a list": ({"a": [1]}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    "a false value is no missing value": ({"a": 1}, {"a": 0}, {"a": 0}),
}


def applied(old, patch):
    """RFC 7386, as the API server does it."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(old) if isinstance(old, dict) else {}
    for field, value in patch.items():
        if value is None:
            merged.pop(field, None)
        else:
            merged[field] = applied(merged.get(field), value)
    return merged


@pytest.mark.parametrize("case", CASES)
def test_the_patch_holds_only_what_differs(case):
    old, new, patch = CASES[case]
    assert merge_patch(old, new) == patch


@pytest.mark.parametrize("case", CASES)
def test_the_old_value_with_the_patch_is_the_new_one(case):
    old, new, _ = CASES[case]
    assert applied(old, merge_patch(old, new)) == new
