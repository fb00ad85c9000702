"""docs/security.md says what the chart renders: each right, each policy, and an example that does what it claims."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chart.apiserver import REPOSITORY, ApiServer, migration
from chart.release import Release
from chart.test_rendering import render
from support.waiting import eventually

TEXT = (REPOSITORY / "docs/security.md").read_text()
GATE = {"schedulingGate": {"enabled": True}}
EVERY_POLICY = {**GATE, "policy": {"allowedImages": ["r/"], "allowedServiceAccounts": ["a"]}}
RIGHT = re.compile(r"^\| ([a-z, ]+) `([a-z./0-9]+)`(?: named `([a-z]+)`)? \|", re.MULTILINE)
POLICY = re.compile(r"^\| `([a-z-]+)` \| (yes|with|when)", re.MULTILINE)

# The heading under which the rights of a role stand
ROLES = {
    "In all namespaces": ("ClusterRole", "revgate"),
    "In its own namespace": ("Role", "revgate"),
    "view, and revgate-view": ("ClusterRole", "revgate-view"),
    "edit and admin, and revgate-edit": ("ClusterRole", "revgate-edit"),
    "revgate-approve, bound to nobody": ("ClusterRole", "revgate-approve"),
}
Rights = dict[tuple[str, str], set[str]]


def section(heading: str) -> str:
    """Return what stands below a heading, up to the next one."""
    return re.split(r"^#+ ", TEXT.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def written(heading: str) -> Rights:
    """Return the verbs by resource and name that a table lists."""
    found: Rights = {}
    for verbs, resource, name in RIGHT.findall(section(heading)):
        found.setdefault((resource, name), set()).update(verbs.split(", "))
    return found


def rendered(objects: list[dict[str, Any]], kind: str, name: str) -> Rights:
    """Return the same of a role; the empty group is left out."""
    (role,) = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    found: Rights = {}
    for rule in role["rules"]:
        for key in keys_of(rule):
            found.setdefault(key, set()).update(rule["verbs"])
    return found


def keys_of(rule: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for name in rule.get("resourceNames", [""]):
                yield ".".join(filter(None, (resource, group))), name


@pytest.mark.parametrize("heading", ROLES)
def test_the_page_lists_exactly_the_rights_that_the_chart_gives(helm: str, heading: str):
    rights = written(heading)
    assert rights
    assert rights == rendered(render(helm), *ROLES[heading])


def test_the_page_lists_every_role_and_what_the_scheduling_gate_adds(helm: str):
    roles = {(each["kind"], each["metadata"]["name"]) for each in render(helm, GATE) if each["kind"].endswith("Role")}
    assert roles == set(ROLES.values())
    more = written("In all namespaces")
    for key, verbs in written("With schedulingGate.enabled").items():
        more[key] = more.get(key, set()) | verbs
    assert more == rendered(render(helm, GATE), "ClusterRole", "revgate")


def test_no_role_of_the_page_has_secrets():
    assert not [key for heading in ROLES for key in written(heading) if "secrets" in key[0]]


def test_the_page_lists_every_policy_and_which_are_on(helm: str):
    def names(values: dict[str, Any]) -> set[str]:
        policies = [each for each in render(helm, values) if each["kind"] == "ValidatingAdmissionPolicy"]
        return {each["metadata"]["name"].removeprefix("revgate-") for each in policies}

    listed = dict(POLICY.findall(section("The policies")))
    assert set(listed) == names(EVERY_POLICY)
    assert {name for name, when in listed.items() if when == "yes"} == names({})


def test_the_webhook_has_no_account(helm: str):
    objects = render(helm, {**GATE, "webhook": {"enabled": True}})
    (webhook,) = [
        each for each in objects if each["kind"] == "Deployment" and each["metadata"]["name"].endswith("-webhook")
    ]
    pod = webhook["spec"]["template"]["spec"]
    assert (pod["automountServiceAccountToken"], pod.get("serviceAccountName")) == (False, None)


@pytest.fixture
def approval_is_asked_for(api: ApiServer, release: Release) -> Iterator[None]:
    (policy,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    api.kubectl("apply", "-f", "-", stdin=policy)
    try:
        yield
    finally:
        api.kubectl("delete", "-f", "-", stdin=policy)


def test_the_example_lets_only_who_may_approve_do_without_approval_and_go_down(
    api: ApiServer, release: Release, approval_is_asked_for: None, namespace: str
):
    for user, roles in {"ann": ["edit"], "dana": ["edit", f"{release.name}-approve"]}.items():
        for role in roles:
            api.allow(namespace, user, role)
    down = migration("down", downgrade={"to": "0001"})

    def said(user: str, body: dict[str, Any]) -> str:
        return api.refused_to_create(namespace, body, user, "--dry-run=server")

    def holds() -> bool:
        return "set spec.approval to Always" in said("ann", migration()) and said("dana", migration()) == ""

    eventually("The policy holds", holds, world=lambda: (said("ann", migration()), said("dana", migration())))
    assert "and may go down" in said("ann", down)
    assert said("dana", down) == ""
    assert said("ann", migration(approval="Always")) == ""
    assert api.read("validatingadmissionpolicy", "migrations-are-approved")["status"]["typeChecking"] == {}


def test_what_the_page_links_to_is_there():
    for path in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (REPOSITORY / "docs" / path).resolve().exists(), path
