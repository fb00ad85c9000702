"""What a running operator exports, and that alerts, dashboard and documentation name nothing else."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from revgate.contract.exits import Exit
from support.cluster import LOCAL
from support.operator import Operator
from support.promql import exported, faults
from support.stage import Stage, report

pytest_plugins = ["support.operator_fixtures"]

REPOSITORY = LOCAL.parents[1]
ALERTS = REPOSITORY / "charts/revgate/files/alerts.yaml"
DASHBOARD = REPOSITORY / "deploy/dashboards/revgate.json"
PAGE = REPOSITORY / "docs/observability.md"
KINDS = {"schemamigrations", "schemaplans", "jobs", "pods", "held pods", "events", "leases"}
PATHS = {"api", "apis", "v1", "v1alpha1"}  # of what Kopf discovers


def scraped(operator: Operator) -> str:
    answer = httpx.get(operator.address("/metrics"), trust_env=False, timeout=20)
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


def samples(operator: Operator, of: str) -> dict[str, float]:
    """Return name, labels and value of the samples that hold a text."""
    lines = [line for line in scraped(operator).splitlines() if of in line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def series(stage: Stage, name: str) -> dict[str, float]:
    """Return the series of one migration, without its name and namespace."""
    of = f'namespace="{stage.api.namespace}"'
    found = samples(stage.operator, f'name="{name}"')
    strip = re.compile(rf',?(?:{of}|name="{name}"|namespace="{stage.api.namespace}"),?|revgate_migration_')
    return {strip.sub("", label).replace("{}", ""): value for label, value in found.items() if of in label}


@pytest.fixture
def told(stage: Stage) -> tuple[Stage, str]:
    """A migration that is ready, one that failed for good, one that is tried again: every series is there."""
    stage.apply("ready")
    stage.bring_to_ready("ready")
    stage.apply("broken")
    stage.kubelet.finish(stage.next_job(name="broken"), report(Exit.REVISION_FAILED, pending_count=3, read=True))
    stage.until_true("Stalled", "RevisionFailed", "broken")
    stage.apply("waiting", retry={"initialDelay": "5s"})
    first = stage.next_job(name="waiting")
    stage.kubelet.finish(first, report(Exit.UNREACHABLE))
    stage.until_true("Reconciling", "DatabaseUnreachable", "waiting")
    stage.next_job(first, name="waiting")
    return stage, scraped(stage.operator)


def test_the_series_of_a_migration_tell_how_it_stands_and_go_with_it(told: tuple[Stage, str]):
    stage, _ = told
    ready, broken, waiting = (series(stage, name) for name in ("ready", "broken", "waiting"))
    assert ready.pop("last_run_seconds") >= 0
    assert ready == {"ready": 1, "pending_revisions": 0, "retries": 0}
    assert (broken["ready"], broken['stalled{reason="RevisionFailed"}']) == (0, 1)
    assert broken['failures_total{reason="RevisionFailed"}'] == 1
    assert (waiting["ready"], waiting["retries"]) == (0, 1)
    assert waiting['failures_total{reason="DatabaseUnreachable"}'] == 1
    stage.delete("broken")
    stage.until("The series of a deleted migration disappear", lambda: series(stage, "broken") == {})
    assert samples(stage.operator, "revgate_leader") == {"revgate_leader": 1}


def expressions() -> Iterator[tuple[str, str]]:
    """Yield where an expression of ours stands, and the expression."""
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]


def test_alerts_dashboard_and_page_name_only_what_is_exported_and_no_label_is_without_a_bound(told: tuple[Stage, str]):
    _, text = told
    known = exported(text)
    found = {where: found for where, expression in expressions() if (found := list(faults(expression, known)))}
    assert found == {}
    named = set(re.findall(r"`(revgate_\w+)", PAGE.read_text()))
    families = {name for name in known if not name.endswith(("_bucket", "_created", "_sum", "_count"))}
    assert families - {"revgate_reconcile_seconds"} == named - {"revgate_reconcile_seconds"}
    alerts = set(re.findall(r"`(Revgate\w+)`", PAGE.read_text()))
    assert alerts == {where for where, _ in expressions() if where.startswith("Revgate")}
    for name, labels in known.items():
        assert "name" not in labels or name.startswith("revgate_migration_")
        assert labels <= {"namespace", "name", "reason", "verb", "kind", "code", "le"}, name
    assert set(re.findall(r'kind="([^"]*)"', text)) <= KINDS | PATHS


def test_the_probes_answer_and_every_watch_is_heard(stage: Stage):
    ages = samples(stage.operator, "revgate_watch_age_seconds")
    assert len(ages) == 5  # the four kinds, and the pods that are held
    assert max(ages.values()) < 150
    for probe in ("/healthz", "/readyz"):
        assert httpx.get(stage.operator.address(probe), trust_env=False).text == "ok\n"


def test_every_line_of_a_pass_names_its_migration(stage: Stage):
    position = stage.operator.position()
    stage.apply()
    stage.bring_to_ready()
    lines = [json.loads(line) for line in stage.operator.said(position).splitlines()]
    about = [line for line in lines if line["event"] in ("job created", "reason changed")]
    assert len(about) >= 3
    assert {line["migration"] for line in about} == {f"{stage.api.namespace}/ledger"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_alerts(tmp_path: Path):
    done = subprocess.run(["promtool", "check", "rules", str(ALERTS)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
