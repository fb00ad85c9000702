"""A user's pod template laid over ours."""

import pytest

from revgate.control.runs.overlay import laid_over

CASES = {
    "objects merge": ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
    "a value is replaced": ({"a": 1}, {"a": 2}, {"a": 2}),
    "a null removes a field": ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
    "containers merge by name": (
        {"containers": [{"name": "migrate", "image": "x"}]},
        {"containers": [{"name": "migrate", "tty": True}, {"name": "proxy"}]},
        {"containers": [{"name": "migrate", "image": "x", "tty": True}, {"name": "proxy"}]},
    ),
    "variables merge by name": (
        {"env": [{"name": "HOME", "value": "/tmp"}]},
        {"env": [{"name": "HOME", "value": "/"}, {"name": "PGTZ", "value": "UTC"}]},
        {"env": [{"name": "HOME", "value": "/"}, {"name": "PGTZ", "value": "UTC"}]},
    ),
    "mounts merge by path, one volume may be mounted twice": (
        {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},
        {"volumeMounts": [{"name": "tmp", "mountPath": "/var"}, {"name": "big", "mountPath": "/tmp"}]},
        {"volumeMounts": [{"name": "big", "mountPath": "/tmp"}, {"name": "tmp", "mountPath": "/var"}]},
    ),
    "tolerations add up": (
        {"tolerations": [{"key": "a"}]},
        {"tolerations": [{"key": "b"}]},
        {"tolerations": [{"key": "a"}, {"key": "b"}]},
    ),
    "a list of words is replaced": ({"args": ["a", "b"]}, {"args": ["c"]}, {"args": ["c"]}),
    "an empty list removes nothing that has a name": ({"env": [{"name": "A"}]}, {"env": []}, {"env": [{"name": "A"}]}),
    "a list where ours has none": ({}, {"hostAliases": [{"ip": "1.2.3.4"}]}, {"hostAliases": [{"ip": "1.2.3.4"}]}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_template_is_laid_over_ours(case):
    ours, theirs, merged = CASES[case]
    assert laid_over(ours, theirs) == merged


@pytest.mark.parametrize("case", CASES)
def test_ours_is_not_changed_by_it(case):
    ours, theirs, _ = CASES[case]
    before = repr(ours)
    laid_over(ours, theirs)
    assert repr(ours) == before
