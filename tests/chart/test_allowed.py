"""The policies that say which images and service accounts a SchemaMigration may have, at each place that names one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from chart.apiserver import ApiServer, migration
from chart.release import CHART, Release
from support.api import connected
from support.cluster import run
from support.waiting import eventually

IMAGES = ("registry.example/team/", "registry.example/tools@", "registry.example/ledger:1", "postgres:")
ACCOUNTS = ("migrator", "team.migrator")
FINE = {"image": "registry.example/team/ledger:2", "job": {"serviceAccountName": "migrator"}}
EVIL = "evil.example/miner:1"


def in_pod(**pod: Any) -> dict[str, Any]:
    return {"job": {"serviceAccountName": "migrator", "template": {"spec": pod}}}


def container(image: str, name: str = "other") -> dict[str, str]:
    return {"name": name, "image": image}


def places(image: str) -> dict[str, dict[str, Any]]:
    """Return the specs that have the image, each at another place."""
    hook = {"name": "tell", "image": image, "command": ["true"]}
    return {
        "image": {"image": image},
        "downgrade": {"downgrade": {"to": "0001", "image": image}},
        "a hook before": {"hooks": {"before": [hook]}},
        "a hook after": {"hooks": {"after": [hook]}},
        "a container": in_pod(containers=[container("registry.example/team/a"), container(image, "b")]),
        "the container migrate": in_pod(containers=[container(image, "migrate")]),
        "an init container": in_pod(initContainers=[container(image)]),
        "an ephemeral container": in_pod(ephemeralContainers=[container(image)]),
        "a volume": in_pod(volumes=[{"name": "v", "image": {"reference": image}}]),
    }


@dataclass(frozen=True)
class Asked:
    """A namespace in which the API server is only asked what it would say."""

    client: httpx.Client
    namespace: str

    def refusal(self, **spec: Any) -> str:
        """Return why a migration that is fine but for this would be refused, empty when it would be created."""
        path = f"/apis/revgate.io/v1alpha1/namespaces/{self.namespace}/schemamigrations"
        query = {"dryRun": "All", "fieldValidation": "Strict"}
        answer = self.client.post(path, json=migration(**{**FINE, **spec}), params=query)
        return str(answer.json()["message"]) if answer.is_error else ""


@pytest.fixture(scope="module")
def limited(api: ApiServer) -> Iterator[Release]:
    """The chart with both policies."""
    release = Release(api, "limited", api.new_namespace("limited", restricted=True))
    lists = {"allowedImages": IMAGES, "allowedServiceAccounts": ACCOUNTS}
    given = [f"policy.{name}={{{','.join(each)}}}" for name, each in lists.items()]
    try:
        release.install(CHART, *(word for each in given for word in ("--set", each)))
        yield release
    finally:
        release.uninstall()


@pytest.fixture(scope="module")
def asked(api: ApiServer, limited: Release) -> Iterator[Asked]:
    with connected(api.cluster) as client:
        asked = Asked(client, api.new_namespace("asked"))
        for spec in ({"image": EVIL}, {"job": {"serviceAccountName": "admin"}}):
            until_refused(asked, spec)
        yield asked


def until_refused(asked: Asked, spec: dict[str, Any]) -> None:
    """Wait until a new policy is asked."""
    eventually("The policy refuses", lambda: "may not be" in asked.refusal(**spec), world=lambda: asked.refusal(**spec))


@pytest.mark.parametrize("place", places(""))
def test_an_image_is_refused_wherever_it_stands_and_named_with_those_that_are_allowed(asked: Asked, place: str):
    said = asked.refusal(**places(EVIL)[place])
    assert f"image {EVIL} may not be run by a migration here, these may: {', '.join(IMAGES)}" in said
    assert asked.refusal(**places("registry.example/ledger:1")[place]) == ""


@pytest.mark.parametrize(
    "image",
    [
        "",  # the operator's bundled runner
        "registry.example/team/ledger:2",
        "registry.example/team/deep/er/ledger",
        "registry.example/tools@sha256:" + "ab" * 32,
        "registry.example/ledger:1",
        "postgres:18-alpine",
        "postgres:18@sha256:" + "ab" * 32,
    ],
)
def test_an_image_on_the_list_is_allowed(asked: Asked, image: str):
    assert asked.refusal(image=image) == ""


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.evil/team/ledger:2",
        "registry.example/team.evil/ledger:2",
        "registry.example/team",
        "Registry.Example/team/ledger:2",
        "evil.example/registry.example/team/ledger:2",
        "registry.example/tools:1",
        "registry.example/ledger:12",
        "registry.example/ledger:1@sha256:" + "ab" * 32,
        "ledger:1",
        "postgres",
        "postgres:5000/evil/miner",  # a registry on a port, not a tag
        "postgres:5000/evil/postgres:18",
        "registry.example/tools@evil/miner",
    ],
)
def test_an_image_that_only_looks_like_one_on_the_list_is_refused(asked: Asked, image: str):
    assert f"image {image} may not be run" in asked.refusal(image=image)


@pytest.mark.parametrize(
    "pod",
    [
        {"containers": None, "initContainers": None, "volumes": None},
        {"containers": [{"name": "migrate"}], "volumes": [{"name": "v", "emptyDir": {}}]},
    ],
)
def test_a_template_without_an_image_is_allowed(asked: Asked, pod: dict[str, Any]):
    assert asked.refusal(**in_pod(**pod)) == ""


@pytest.mark.parametrize(
    "pod", [{"containers": "x"}, {"initContainers": 1}, {"ephemeralContainers": True}, {"volumes": "v"}]
)
def test_what_cannot_be_looked_through_is_refused(asked: Asked, pod: dict[str, Any]):
    assert "allowed-images" in asked.refusal(**in_pod(**pod))


def test_fifty_containers_of_each_kind_are_looked_through_within_the_limits_of_cel(asked: Asked):
    many = [container(f"registry.example/team/{'x' * 200}:{number}", f"c{number}") for number in range(50)]
    kinds = dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), many)
    assert asked.refusal(**in_pod(**kinds)) == ""
    assert f"image {EVIL} may not" in asked.refusal(
        **in_pod(**kinds | {"ephemeralContainers": [*many, container(EVIL)]})
    )


@pytest.mark.parametrize(
    ("job", "refused"),
    [
        ({"serviceAccountName": "migrator"}, ""),
        ({"serviceAccountName": "team.migrator"}, ""),
        ({"serviceAccountName": "admin"}, "admin"),
        ({}, "default"),
        ({"template": {"spec": {"serviceAccountName": "migrator"}}}, ""),
        ({"template": {"spec": {"serviceAccountName": "admin"}}}, "admin"),
        ({"serviceAccountName": "migrator", "template": {"spec": {"serviceAccountName": "admin"}}}, "admin"),
        ({"serviceAccountName": "migrator", "template": {"spec": {"serviceAccountName": ""}}}, "default"),
        ({"serviceAccountName": "migrator", "template": {"spec": {"serviceAccountName": None}}}, "default"),
        ({"serviceAccountName": "migrator", "template": {"spec": {"serviceAccount": "admin"}}}, "admin"),
        ({"serviceAccountName": "migrator", "template": {"spec": {"serviceAccount": "migrator"}}}, ""),
    ],
    ids=str,
)
def test_a_service_account_is_refused_wherever_it_stands(asked: Asked, job: dict[str, Any], refused: str):
    said = asked.refusal(job=job)
    wanted = f"service account {refused} may not be used by a migration here, these may: migrator, team.migrator"
    assert wanted in said if refused else said == ""


def test_a_change_is_asked_about_and_one_that_leaves_the_spec_alone_is_not(
    api: ApiServer, asked: Asked, namespace: str
):
    api.create(namespace, migration(**FINE))
    assert "may not be run" in api.refused_to_patch(namespace, "ledger", {"spec": {"image": EVIL}})
    assert "may not be used" in api.refused_to_patch(
        namespace, "ledger", {"spec": {"job": {"serviceAccountName": "a"}}}
    )
    assert api.refused_to_patch(namespace, "ledger", {"metadata": {"labels": {"team": "a"}}}) == ""


@pytest.mark.parametrize("policy", ["allowed-images", "allowed-service-accounts"])
def test_the_types_of_the_policies_are_right(api: ApiServer, limited: Release, policy: str):
    def status() -> dict[str, Any]:
        return api.read("validatingadmissionpolicy", f"{limited.name}-revgate-{policy}").get("status", {})

    eventually("The policy's types are checked", lambda: "typeChecking" in status())
    assert status()["typeChecking"] == {}


@pytest.mark.parametrize("mistake", ["registry.example/*", "a'b", "a b", "", "/a"])
def test_an_entry_that_is_no_image_is_refused_by_helm(helm: str, mistake: str):
    command = [helm, "template", "revgate", str(CHART), "--set-json", f'policy.allowedImages=["{mistake}"]']
    assert "allowedImages" in run(command, check=False).stderr
