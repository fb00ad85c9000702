"""The webhook's own process behind a real API server, called by the configuration of the chart."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from chart.apiserver import ApiServer
from chart.release import CHART, Release
from revgate.contract import names
from support.api import Api, connected
from support.held import FOREIGN, HeldApp, pod
from support.ports import free_port
from support.waiting import eventually

GATE = names.SCHEDULING_GATE
SWITCHED_ON = ("--set", "schedulingGate.enabled=true", "--set", "webhook.enabled=true")


@pytest.fixture(scope="module")
def client(api: ApiServer) -> Iterator[httpx.Client]:
    with connected(api.cluster) as client:
        yield client


@pytest.fixture(scope="module")
def hooked(api: ApiServer) -> Iterator[Release]:
    """The chart with the webhook."""
    release = Release(api, "hooked", api.new_namespace("hooked", restricted=True))
    try:
        release.install(CHART, *SWITCHED_ON)
        yield release
    finally:
        release.uninstall()


def secret_of(release: Release) -> dict[str, str]:
    return release.api.read("secret", f"{release.name}-revgate-webhook", release.namespace)["data"]


class Webhook:
    """`revgate webhook` on this machine, with the authority of the chart's Secret, as the kubelet mounts it."""

    def __init__(self, release: Release, place: Path) -> None:
        self.release = release
        self.log = place / "log"
        self._folder = place / "certificates"
        self._folder.mkdir()
        for name, value in secret_of(release).items():
            (self._folder / name).write_bytes(base64.b64decode(value))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://{self.release.api.cluster.host}:{self.port}"

    def start(self) -> None:
        host = self.release.api.cluster.host
        words = ["webhook", f"--certificates={self._folder}", f"--host={host}", f"--port={self.port}"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "revgate", *words], stdout=output, stderr=output, env=dict(os.environ)
            )
        eventually("the webhook answers its probe", self._is_alive, world=self.log.read_text)

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)

    def place_before_the_api_server(self) -> None:
        """Let the API server call this machine, for there is no node and no Service; all else is the chart's."""
        name = f"{self.release.name}-revgate-webhook"
        found = self.release.api.read("mutatingwebhookconfiguration", name)
        (hook,) = found["webhooks"]
        path = hook["clientConfig"].pop("service")["path"]
        hook["clientConfig"]["url"] = f"{self.url}{path}"
        self.release.api.kubectl("replace", "-f", "-", stdin=json.dumps(found))

    def _is_alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/healthz", verify=False, trust_env=False).is_success  # noqa: S501 - as a kubelet
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def webhook(hooked: Release, tmp_path_factory: pytest.TempPathFactory, client: httpx.Client) -> Iterator[Webhook]:
    webhook = Webhook(hooked, tmp_path_factory.mktemp("webhook"))
    try:
        webhook.start()
        webhook.place_before_the_api_server()
        until_it_is_called(webhook, HeldApp(Api(client, hooked.api.new_namespace("first-pod"))))
        yield webhook
    finally:
        webhook.stop()


def until_it_is_called(webhook: Webhook, app: HeldApp) -> None:
    numbers = iter(range(1000))

    def look() -> bool:
        name = f"web-{next(numbers)}"
        app.create(name, gates=[])
        return app.is_held(name)

    eventually("the API server calls the webhook", look, world=webhook.log.read_text)


@pytest.fixture
def app(client: httpx.Client, webhook: Webhook, namespace: str) -> HeldApp:
    return HeldApp(Api(client, namespace))


def create(app: HeldApp, body: dict[str, Any]) -> httpx.Response:
    return app.api.client.post(f"/api/v1/namespaces/{app.api.namespace}/pods", json=body)


def test_upgrading_the_chart_keeps_the_authority(hooked: Release):
    before = secret_of(hooked)
    hooked.api.cluster.helm("upgrade", hooked.name, str(CHART), "--namespace", hooked.namespace, *SWITCHED_ON)
    assert secret_of(hooked) == before
    found = hooked.api.read("mutatingwebhookconfiguration", f"{hooked.name}-revgate-webhook")
    assert found["webhooks"][0]["clientConfig"]["caBundle"] == before["ca.crt"]


@pytest.mark.parametrize(
    ("before", "after"),
    [([], [GATE]), ([GATE], [GATE]), ([FOREIGN], [FOREIGN, GATE]), ([GATE, FOREIGN], [GATE, FOREIGN])],
)
def test_a_labelled_pod_has_the_gate_exactly_once(app: HeldApp, before: list[str], after: list[str]):
    app.create("web", gates=before)
    assert app.gates("web") == after


def test_pods_of_a_deployment_get_it(app: HeldApp, webhook: Webhook):
    app.create("first")
    template = pod("unused", "0002", "ledger", [])
    template["metadata"].pop("name")
    template["metadata"]["labels"]["app"] = "web"
    template["spec"].pop("schedulingGates")
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    webhook.release.api.create(app.api.namespace, deployment)
    pods = eventually("the Deployment has its pods", lambda: len(app.api.find("pods", "app=web")) == 2)
    assert pods
    assert all(app.is_held(each["metadata"]["name"]) for each in app.api.find("pods", "app=web"))


@pytest.mark.parametrize("labels", [{}, {"revgate.io/migration": "a", "revgate.io/run-of": "a"}, {"app": "web"}])
def test_a_pod_that_did_not_ask_or_is_a_migration_itself_is_left_alone(app: HeldApp, labels: dict[str, str]):
    app.create("first")
    body = pod("web", None, "ledger", [])
    body["metadata"]["labels"] = labels
    assert create(app, body).is_success
    assert app.gates("web") == []


def test_who_makes_a_pod_without_the_annotation_is_warned(app: HeldApp):
    app.create("first")
    answer = create(app, pod("web", None, "ledger", []))
    assert answer.is_success
    assert "revgate.io/requires" in answer.headers["Warning"]


def test_a_pod_that_names_its_node_is_made_and_its_maker_warned(app: HeldApp):
    app.create("first")
    body = pod("web", "0002", "ledger", [])
    body["spec"]["nodeName"] = "node-1"
    answer = create(app, body)
    assert answer.is_success, answer.text
    assert "names its node itself" in answer.headers["Warning"]
    assert app.gates("web") == []


def test_the_webhooks_own_namespace_and_kube_system_are_left_alone(
    client: httpx.Client, webhook: Webhook, hooked: Release
):
    for namespace in (hooked.namespace, "kube-system"):
        answer = client.post(
            f"/api/v1/namespaces/{namespace}/pods", params={"dryRun": "All"}, json=restricted(pod("web", "1", "a", []))
        )
        assert answer.is_success, answer.text
        assert "schedulingGates" not in answer.json()["spec"]


def restricted(body: dict[str, Any]) -> dict[str, Any]:
    """Make a pod one that restricted Pod Security admits."""
    body["spec"]["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    drop = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    body["spec"]["containers"][0]["securityContext"] = drop
    body["spec"]["serviceAccountName"] = "default"
    return body


def test_a_hundred_pods_at_once_are_answered(app: HeldApp, webhook: Webhook):
    app.create("first", gates=[])
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: create(app, pod(f"web-{n}", "0002", "ledger", [])), range(100)))
    assert {answer.status_code for answer in answers} == {201}
    assert all(each["spec"].get("schedulingGates") for each in app.api.find("pods"))


def test_while_no_webhook_answers_labelled_pods_are_not_made_and_others_are(app: HeldApp, webhook: Webhook):
    app.create("first")
    assert webhook.stop() == 0
    try:
        refused = create(app, pod("web", "0002", "ledger", []))
        assert refused.status_code == 500
        assert "pods.revgate.io" in refused.json()["message"]
        plain = pod("plain", None, "ledger", [])
        plain["metadata"]["labels"] = {}
        assert create(app, plain).is_success
    finally:
        webhook.start()
    eventually("labelled pods are made again", lambda: create(app, pod("web", "0002", "ledger", [])).is_success)
    assert app.is_held("web")


def test_it_says_nothing_but_when_it_began_and_what_it_shows(webhook: Webhook):
    events = {json.loads(line)["event"] for line in webhook.log.read_text().splitlines()}
    assert events <= {"webhook started", "certificate shown", "webhook stopped"}
    assert "PRIVATE KEY" not in webhook.log.read_text()


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[" * 10_000, b'{"request": 1}'])
def test_what_no_api_server_sends_is_refused_with_a_sentence(webhook: Webhook, body: bytes):
    answer = httpx.post(f"{webhook.url}/gate-pods", content=body, verify=False, trust_env=False)  # noqa: S501
    assert answer.status_code == 400
    assert answer.text.startswith("Review could not be read")


def test_its_pods_are_admitted_and_have_no_account_to_use(api: ApiServer, hooked: Release):
    selector = "app.kubernetes.io/name=revgate-webhook"
    pods = eventually("two pods are admitted", lambda: len(api.list("pods", hooked.namespace, selector)) == 2)
    assert pods
    for each in api.list("pods", hooked.namespace, selector):
        assert each["spec"]["automountServiceAccountToken"] is False
        assert {volume["name"] for volume in each["spec"]["volumes"]} == {"certificates", "tmp"}
