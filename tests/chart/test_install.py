"""Installing and removing the operator on a real API server, with Helm and without."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chart.apiserver import REPOSITORY, ApiServer, migration
from chart.release import CHART, Release
from support.waiting import eventually

CRD = REPOSITORY / "deploy/crds/schemamigrations.yaml"
UPGRADE_CRDS = ("apply", "--server-side", "--force-conflicts", "-f")
MANIFEST = str(REPOSITORY / "deploy/install.yaml")


@pytest.fixture
def manifest(api: ApiServer) -> Iterator[str]:
    """Return the manifest for kubectl; whatever of it is there at the end is removed."""
    yield MANIFEST
    api.kubectl("delete", "-f", MANIFEST, "--ignore-not-found")


def test_kubectl_installs_the_manifest_without_a_warning_into_its_restricted_namespace(api: ApiServer, manifest: str):
    done = api.cluster.kubectl("apply", "--server-side", "-f", manifest)
    assert "Warning" not in done.stderr, done.stderr
    Release(api, "revgate", "revgate-system").until_pod_is_admitted()
    again = api.cluster.kubectl("apply", "--server-side", "--dry-run=server", "-f", manifest)
    assert "Warning" not in again.stderr, again.stderr


def test_helm_installs_the_chart_into_a_restricted_namespace(release: Release):
    release.until_pod_is_admitted()


def test_the_policy_has_no_type_error(api: ApiServer, release: Release):
    def status() -> dict[str, Any]:
        return api.read("validatingadmissionpolicy", f"{release.name}-may-create-pods").get("status", {})

    eventually("the policy's types are checked", lambda: "typeChecking" in status())
    assert status()["typeChecking"] == {}


def test_the_crd_is_accepted_as_it_is(api: ApiServer, release: Release):
    crd = api.read("crd", "schemamigrations.revgate.io")
    conditions = {each["type"]: each["status"] for each in crd["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


def test_the_same_crd_may_be_applied_by_helm_and_by_kubectl_without_a_conflict(api: ApiServer, release: Release):
    # A list of versions has one owner: a value that the API server does not store as written conflicts for ever
    api.kubectl("apply", "--server-side", "--dry-run=server", "-f", str(CRD))


def test_a_newer_crd_is_applied_with_kubectl_and_stays_when_helm_upgrades(api: ApiServer, release: Release):
    newer = yaml.safe_load(CRD.read_text())
    newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = "A newer one"
    try:
        api.kubectl(*UPGRADE_CRDS, "-", stdin=json.dumps(newer))
        api.cluster.helm("upgrade", release.name, str(CHART), "--namespace", release.namespace)
        crd = api.read("crd", "schemamigrations.revgate.io")
        assert crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] == "A newer one"
    finally:
        # As Helm, which refuses to install over a CRD that differs and belongs to another
        api.kubectl(*UPGRADE_CRDS, str(CRD), "--field-manager=helm")


def test_an_upgrade_over_an_older_crd_is_refused_with_the_fields_that_it_lacks_and_what_to_run(
    api: ApiServer, release: Release
):
    older = yaml.safe_load(CRD.read_text())
    spec = older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del spec["drift"], spec["timeouts"]["properties"]["total"]
    spec["approval"]["enum"].remove("Destructive")
    words = ("upgrade", release.name, str(CHART), "--namespace", release.namespace)
    before = api.read("deployment", release.name, release.namespace)
    try:
        api.kubectl(*UPGRADE_CRDS, "-", "--field-manager=helm", stdin=json.dumps(older))
        said = api.cluster.helm(*words, "--set", "replicas=3", check=False).stderr
        assert "it lacks spec.approval=Destructive, spec.drift, spec.timeouts.total: run first `helm show crds" in said
        assert api.read("deployment", release.name, release.namespace) == before
        shown = api.cluster.helm("show", "crds", str(CHART)).stdout
        api.kubectl(*UPGRADE_CRDS, "-", "--field-manager=helm", stdin=shown)
        api.cluster.helm(*words)
    finally:
        api.kubectl(*UPGRADE_CRDS, str(CRD), "--field-manager=helm")


def test_uninstalling_leaves_the_migrations_and_installing_again_works(
    api: ApiServer, release: Release, namespace: str
):
    api.create(namespace, migration())
    before = api.read("schemamigration", "ledger", namespace)
    release.uninstall()
    assert api.list("clusterroles,validatingadmissionpolicies", selector="app.kubernetes.io/name=revgate") == []
    release.install(CHART)
    release.until_policy_holds()
    release.until_pod_is_admitted()
    assert api.read("schemamigration", "ledger", namespace) == before


def test_a_second_release_of_the_same_name_is_refused(api: ApiServer, release: Release):
    elsewhere = api.new_namespace("elsewhere")
    done = api.cluster.helm("install", release.name, str(CHART), "--namespace", elsewhere, check=False)
    assert done.returncode != 0
    assert "meta.helm.sh/release-namespace" in done.stderr
