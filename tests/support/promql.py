"""Which metrics and labels an expression names, and what the operator really exports: enough to find a typing error."""

import re
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

_METRIC = re.compile(r"\b(revgate_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")


def exported(text: str) -> dict[str, set[str]]:
    """Return the labels of every sample in what /metrics answered, by name."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def faults(expression: str, known: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield what an expression names that is not exported."""
    labels: set[str] = set()
    for metric, matchers in _METRIC.findall(expression):
        if metric not in known:
            yield f"{metric} is not exported: {expression}"
        own = set(known.get(metric, ()))
        labels |= own
        yield from (f"{metric} has no label {name}" for name in _MATCHER.findall(matchers) if name not in own)
    for group in _GROUPING.findall(expression):
        names = {name.strip() for name in group.split(",")}
        yield from (f"no metric has the label {name}: {expression}" for name in names - labels)
