"""What the operator counts for Prometheus (docs/observability.md has a line for each).

Series of single migrations come from the cache, at the moment of a scrape and from the leader alone: they disappear
with their migration, and no two replicas tell the same.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from revgate.control.telling.facts import Facts

_OF: Final = ("namespace", "name")
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

disable_created_metrics()  # type: ignore[no-untyped-call] # a series more for each counter, which nobody asks for
REGISTRY: Final = CollectorRegistry()
API_CALLS: Final = Counter(
    "revgate_api_calls",
    "Requests to the API server, by their answer; code 0: there was none",
    ("verb", "kind", "code"),
    registry=REGISTRY,
)
PASSES: Final = Histogram(
    "revgate_reconcile_seconds", "How long a pass over one migration takes", buckets=_SECONDS, registry=REGISTRY
)
FAILED_PASSES: Final = Counter(
    "revgate_reconcile_failures", "Passes that ended with an error and are repeated", registry=REGISTRY
)
LEADER: Final = Gauge("revgate_leader", "1 on the replica that works, 0 on one that stands by", registry=REGISTRY)
QUEUE: Final = Gauge("revgate_queue_depth", "Migrations that wait for a worker", registry=REGISTRY)
WATCH_AGE: Final = Gauge(
    "revgate_watch_age_seconds", "Since when a watch has brought no event and no bookmark", ("kind",), registry=REGISTRY
)


class Migrations(Collector):
    """One line a migration and fact, asked for at each scrape; `facts` is empty while somebody else leads."""

    def __init__(self, facts: Callable[[], Iterable[Facts]]) -> None:
        self._facts = facts

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance: the registry would collect everything to find out."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Return the series of all migrations."""
        ready = GaugeMetricFamily("revgate_migration_ready", "1 when Ready is True", labels=_OF)
        stalled = GaugeMetricFamily(
            "revgate_migration_stalled", "1 while a human must act, with the reason", labels=(*_OF, "reason")
        )
        pending = GaugeMetricFamily(
            "revgate_migration_pending_revisions", "Revisions that are not applied yet", labels=_OF
        )
        duration = GaugeMetricFamily(
            "revgate_migration_last_run_seconds", "How long the last run took, from container start to end", labels=_OF
        )
        retries = GaugeMetricFamily(
            "revgate_migration_retries", "Tries of the newest run after its first one", labels=_OF
        )
        failures = CounterMetricFamily(
            "revgate_migration_failures", "Runs that failed since this replica leads", labels=(*_OF, "reason")
        )
        for each in self._facts():
            of = (each.key.namespace, each.key.name)
            ready.add_metric(of, each.is_ready)
            if each.stalled:
                stalled.add_metric((*of, each.stalled), 1)
            if each.pending is not None:
                pending.add_metric(of, each.pending)
            if each.seconds is not None:
                duration.add_metric(of, each.seconds)
            retries.add_metric(of, each.retries)
            for reason, count in each.failures.items():
                failures.add_metric((*of, reason), count)
        yield from (ready, stalled, pending, duration, retries, failures)
