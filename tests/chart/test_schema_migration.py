"""The library chart in an app's own chart, with real Helm, and what it renders on a real API server."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.apiserver import REPOSITORY, ApiServer
from chart.release import Release, warnings_in
from chart.test_rendering import at, only
from revgate.contract.exits import EXIT_TABLE, Exit, Next
from support.cluster import run
from support.waiting import eventually

LIBRARY = REPOSITORY / "charts/schema-migration"
URL_FROM = {"secretKeyRef": {"name": "ledger-db", "key": "url"}}
PARTS = {
    "host": "db",
    "port": 5433,
    "name": "ledger",
    "sslMode": "require",
    "userFrom": {"secretKeyRef": {"name": "ledger-db", "key": "user"}},
    "passwordFrom": {"secretKeyRef": {"name": "ledger-db", "key": "password"}},
}
USUAL = {"image": "registry.example/ledger:1.2.0", "requires": "0008", "database": {"urlFrom": URL_FROM}}
HOOK = {"hook": {"enabled": True}}

CHART = {
    "Chart.yaml": f"""
apiVersion: v2
name: ledger
version: 1.0.0
dependencies:
- name: schema-migration
  version: 0.2.0
  repository: file://{LIBRARY}
""",
    "templates/migration.yaml": '{{ include "schema-migration.migration" . }}',
    "templates/deployment.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: ledger}
spec:
  progressDeadlineSeconds: 3600
  selector: {matchLabels: {app: ledger}}
  template:
    metadata:
      labels:
        app: ledger
        {{- include "schema-migration.pod-labels" . | nindent 8 }}
      annotations: {{- include "schema-migration.pod-annotations" . | nindent 8 }}
    spec:
      schedulingGates: {{- include "schema-migration.scheduling-gates" . | nindent 6 }}
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      initContainers: {{- include "schema-migration.init-container" . | nindent 6 }}
      containers:
      - name: web
        image: registry.example/ledger:1.2.0
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
""",
}


@pytest.fixture(scope="module")
def app(helm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app's chart with the library as its dependency."""
    chart = tmp_path_factory.mktemp("chart") / "ledger"
    for name, text in CHART.items():
        (chart / name).parent.mkdir(parents=True, exist_ok=True)
        (chart / name).write_text(text)
    run([helm, "dependency", "build", chart])
    return chart


def template(helm: str, app: Path, **values: Any) -> list[dict[str, Any]]:
    command = [helm, "template", "ledger", app, "--namespace", "shop", "--values", "-"]
    return list(yaml.safe_load_all(run(command, stdin=given(**values)).stdout))


def refusal(helm: str, app: Path, text: str) -> str:
    done = run([helm, "template", "ledger", app, "--values", "-"], stdin=text, check=False)
    assert done.returncode != 0
    return done.stderr


def given(**values: Any) -> str:
    return json.dumps({"schema-migration": {**USUAL, **values}})


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") or each["valueFrom"] for each in container["env"] if each["name"] != "HOME"}


def test_helm_lint_finds_nothing(helm: str, app: Path, tmp_path: Path):
    (tmp_path / "values.yaml").write_text(given())
    assert "0 chart(s) failed" in run([helm, "lint", "--strict", app, "--values", tmp_path / "values.yaml"]).stdout
    assert "0 chart(s) failed" in run([helm, "lint", "--strict", LIBRARY]).stdout


def test_an_app_gets_its_migration_and_no_job(helm: str, app: Path):
    objects = template(helm, app, spec={"targetRevision": "0008", "timeouts": {"lock": "1s"}})
    migration = only(objects, "SchemaMigration")
    assert migration["metadata"]["name"] == "ledger"
    assert "annotations" not in migration["metadata"]
    assert migration["spec"] == {
        "image": USUAL["image"],
        "database": USUAL["database"],
        "targetRevision": "0008",
        "timeouts": {"lock": "1s"},
    }
    assert only(objects, "Job") is None


def test_a_pod_waits_by_the_init_container_for_what_it_requires(helm: str, app: Path):
    (gate,) = at(only(template(helm, app), "Deployment"), "spec.template.spec.initContainers")
    assert gate["args"] == ["wait", "--requires=0008"]
    assert environment(gate) == {"REVGATE_DATABASE_URL": URL_FROM}


def test_a_database_in_parts_is_given_in_parts(helm: str, app: Path):
    (gate,) = at(only(template(helm, app, database=PARTS), "Deployment"), "spec.template.spec.initContainers")
    assert environment(gate) == {
        "REVGATE_DATABASE_HOST": "db",
        "REVGATE_DATABASE_PORT": "5433",
        "REVGATE_DATABASE_NAME": "ledger",
        "REVGATE_DATABASE_SSLMODE": "require",
        "REVGATE_DATABASE_USER": PARTS["userFrom"],
        "REVGATE_DATABASE_PASSWORD": PARTS["passwordFrom"],
    }


def test_the_gate_reads_the_version_table_that_the_migration_writes(helm: str, app: Path):
    spec = {"alembic": {"versionTable": "my versions", "versionTableSchema": "app"}}
    (gate,) = at(only(template(helm, app, spec=spec), "Deployment"), "spec.template.spec.initContainers")
    assert gate["args"][2:] == ["--version-table=my versions", "--version-table-schema=app"]


def test_a_pod_names_its_migration_for_the_scheduling_gate(helm: str, app: Path):
    template_ = at(only(template(helm, app, name="other", requires="a1,b2"), "Deployment"), "spec.template")
    assert template_["metadata"]["labels"]["revgate.io/migration"] == "other"
    assert template_["metadata"]["annotations"] == {"revgate.io/requires": "a1,b2"}
    assert template_["spec"]["schedulingGates"] == [{"name": "revgate.io/schema"}]


def test_a_hook_runs_before_everything_else_and_there_is_no_migration(helm: str, app: Path):
    objects = template(helm, app, hook={"enabled": True, "args": ["--target=0008"], "serviceAccountName": "db"})
    job = only(objects, "Job")
    assert only(objects, "SchemaMigration") is None
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = at(job, "spec.template.spec")
    (container,) = pod["containers"]
    assert (container["command"], container["args"]) == (["revgate", "job"], ["--target=0008"])
    assert environment(container) == {"REVGATE_DATABASE_URL": URL_FROM}
    assert pod["serviceAccountName"] == "db"
    assert pod["terminationGracePeriodSeconds"] >= 60


def test_a_hook_tries_again_exactly_what_the_operator_tries_again_by_itself(helm: str, app: Path):
    rules = at(only(template(helm, app, **HOOK), "Job"), "spec.podFailurePolicy.rules")
    tried_again = set(rules[1]["onExitCodes"]["values"])
    for code in set(Exit) - {Exit.DONE}:
        is_temporary = EXIT_TABLE[code].next in {Next.CONNECTION, Next.COUNTED, Next.AGAIN}
        assert (int(code) in tried_again) == is_temporary, code.name


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("requires: 0008", "schema-migration.requires is no text: quote the revision"),
        ("requires: 12e4", "schema-migration.requires is no text: quote the revision"),
        ('requires: ""', "schema-migration.requires is missing"),
        ('requires: " , "', "schema-migration.requires is missing"),
        ('image: ""', "schema-migration.image is missing"),
        ("image: 12", "schema-migration.image is no text"),
        ("database: {}", "schema-migration.database is missing"),
    ],
)
def test_a_mistake_is_named_before_anything_is_installed(helm: str, app: Path, line: str, said: str):
    field = line.split(":", maxsplit=1)[0]
    rest = {key: value for key, value in USUAL.items() if key != field}
    text = "schema-migration:\n" + "\n".join(f"  {key}: {json.dumps(value)}" for key, value in rest.items())
    assert said in refusal(helm, app, f"{text}\n  {line}\n")


@pytest.fixture
def shop(api: ApiServer, release: Release) -> str:
    """A namespace with restricted Pod Security, on a cluster with our CRDs."""
    return api.new_namespace("shop", restricted=True)


def installed(api: ApiServer, app: Path, namespace: str, *options: str, **values: Any) -> str:
    """Install the app, wait for nothing, and return what Helm warned of."""
    words = ("install", "ledger", str(app), "--namespace", namespace, "--values", "-", *options)
    return api.cluster.helm(*words, stdin=given(**values)).stderr


def test_the_api_server_takes_all_of_it_without_a_warning(api: ApiServer, app: Path, shop: str):
    api.allow(shop, "nobody", "edit")
    said = installed(api, app, shop)
    assert warnings_in(said) == []
    assert api.read("schemamigration", "ledger", shop)["spec"]["image"] == USUAL["image"]
    pods = eventually("the app has a pod", lambda: api.list("pods", shop, "app=ledger"))
    assert pods[0]["spec"]["schedulingGates"] == [{"name": "revgate.io/schema"}]


def test_the_api_server_takes_the_hook_and_helm_waits_for_it(api: ApiServer, app: Path, shop: str):
    words = ("install", "ledger", str(app), "--namespace", shop, "--values", "-", "--timeout", "3s")
    done = api.cluster.helm(*words, stdin=given(**HOOK), check=False)
    assert done.returncode != 0  # nobody runs the Job here, so Helm waits for it in vain, and changes nothing else
    assert warnings_in(done.stderr) == []
    assert api.read("job", "ledger-migrate", shop)
    assert eventually("the Job has a pod", lambda: api.list("pods", shop, "app.kubernetes.io/name=ledger"))
    assert not api.read("deployment", "ledger", shop)
