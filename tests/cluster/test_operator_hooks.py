"""Hooks on a real API server: what their containers do decides what the migration's status says."""

import json
import re
from typing import Any

import pytest

from revgate.contract.exits import Exit
from revgate.contract.report import encode_report
from support.api import Api
from support.cluster import Cluster
from support.kubelet import ended, running
from support.stage import Stage, done, manifest, report

pytest_plugins = ["support.operator_fixtures"]

QUICK = {"initialDelay": "500ms", "maxDelay": "1s"}
HOOKS = {
    "before": [{"name": "pause", "command": ["pause-workers"]}],
    "after": [{"name": "refresh", "command": ["refresh-search"]}, {"name": "notify", "image": "curl:8"}],
}
MIGRATED = ended(0, encode_report(done()))
REVISIONS = {"currentRevisions": ["0002"], "servedRevisions": ["0002"], "pendingCount": 0}
DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "evicting"}
UNPULLED = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}


def begin(stage: Stage, **spec: Any) -> str:
    stage.apply(**({"hooks": HOOKS, "retry": QUICK} | spec))
    return stage.next_job()


def saw(stage: Stage) -> dict[str, Any]:
    return {name: stage.status().get(name) for name in REVISIONS}


def test_a_run_goes_from_hook_to_hook_and_is_ready_after_the_last(stage: Stage):
    job = begin(stage)
    stage.kubelet.show(job, {"pause": running()})
    assert "is at hook pause" in stage.until_true("Reconciling", "Running")
    stage.kubelet.show(job, {"pause": ended(), "migrate": running()})
    stage.until("The runner is at work", lambda: "is at work" in stage.ready()["message"])
    past = {"pause": ended(), "migrate": MIGRATED}
    stage.kubelet.show(job, past | {"refresh": running()})
    stage.until("The revisions are served", lambda: saw(stage) == REVISIONS)
    assert "is at hook refresh, after the migration" in stage.until_true("Reconciling", "Running")
    stage.kubelet.show(job, past | {"refresh": ended(), "notify": ended()}, "Succeeded")
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == [job]


def test_a_hook_that_fails_before_the_migration_is_named_and_all_is_tried_again(stage: Stage):
    job = begin(stage, retry={"initialDelay": "1h"})
    stage.kubelet.show(job, {"pause": ended(3, "what a hook writes here is not shown")}, "Failed")
    message = stage.until_true("Reconciling", "HookFailed")
    pod = stage.kubelet.pod_of(job)
    assert message.startswith(f"Hook pause of pod {pod} exited 3 before the migration, which did not run")
    assert f"kubectl logs {pod} -c pause" in message
    assert saw(stage) == dict.fromkeys(REVISIONS)
    stage.apply(retry=QUICK)
    again = stage.next_job(job)
    assert stage.status()["run"]["failures"] == 1
    stage.kubelet.show(
        again, {"pause": ended(), "migrate": MIGRATED, "refresh": ended(), "notify": ended()}, "Succeeded"
    )
    stage.until_true("Ready", "UpToDate")


def test_a_hook_that_fails_after_the_migration_leaves_the_revisions_served_until_a_person_is_asked(stage: Stage):
    job = begin(stage, retry={"limit": 0})
    stage.kubelet.show(job, {"pause": ended(), "migrate": MIGRATED, "refresh": ended(4)}, "Failed")
    message = stage.until_true("Stalled", "RetryLimitReached")
    assert "Hook refresh of pod" in message
    assert "after the migration, whose revisions are applied" in message
    assert saw(stage) == REVISIONS
    assert stage.status()["run"]["reason"] == "HookFailed"
    assert [(each["to"], each["reason"]) for each in stage.status()["history"]] == [(["0002"], "HookFailed")]


def test_no_hook_follows_a_migration_that_failed(stage: Stage):
    job = begin(stage)
    failed = ended(Exit.REVISION_FAILED, encode_report(report(Exit.REVISION_FAILED)))
    stage.kubelet.show(job, {"pause": ended(), "migrate": failed}, "Failed")
    stage.until_true("Stalled", "RevisionFailed")


CUT_OFF = {
    "evicted": (ended(143), {"conditions": [DISRUPTED]}, "Evicted", "Hook refresh of pod"),
    "killed": (ended(137), {}, "Killed", "Hook refresh of pod"),
    "out of memory": (ended(137, reason="OOMKilled"), {}, "OutOfMemory", "Hook refresh ran out of memory"),
    "gone": (None, {}, "PodLost", "is gone after the migration"),
}


@pytest.mark.parametrize("how", CUT_OFF)
def test_a_run_that_is_cut_off_in_a_hook_says_how_and_keeps_what_the_migration_told(stage: Stage, how: str):
    state, status, reason, words = CUT_OFF[how]
    job = begin(stage, retry={"initialDelay": "1h", "maxDelay": "1h"})
    past = {"pause": ended(), "migrate": MIGRATED}
    stage.kubelet.show(job, past | ({"refresh": state} if state else {}), "Failed", **status)
    assert words in stage.until_true("Reconciling", reason)
    assert saw(stage) == REVISIONS


def test_a_hook_without_an_image_is_waited_for_and_makes_way_for_a_mended_spec(stage: Stage):
    job = begin(stage)
    stage.kubelet.show(job, {"pause": ended(), "migrate": MIGRATED, "refresh": UNPULLED})
    message = stage.until_true("Reconciling", "ImagePullFailed")
    assert "Image of hook refresh could not be pulled: no such image" in message
    assert saw(stage) == REVISIONS
    stage.apply(hooks={"before": [], "after": []})
    stage.until("The Job that waits is removed", lambda: job not in stage.jobs())
    known = [(each["job"], each["to"], each["reason"]) for each in stage.status()["history"]]
    assert known == [(job, ["0002"], "ImagePullFailed")]
    stage.bring_to_ready()


def test_no_hook_runs_when_the_spec_only_wants_to_know(stage: Stage):
    theirs = [{"name": "pause", "tty": True}, {"name": "migrate", "tty": True}]  # as an upgrade has them
    job = begin(stage, mode="Plan", job={"template": {"spec": {"initContainers": theirs}}})
    pod = (stage.api.get("jobs", job) or {})["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["containers"]] == ["migrate"]
    assert "initContainers" not in pod


def hook(**fields: Any) -> dict[str, Any]:
    return {"name": "pause", "args": ["x"]} | fields


NAME = "a hook's name has small letters, digits and hyphens: it is a container's"
OURS = "migrate and what begins with revgate are names of ours: call the hook something else"
UNIQUE = "each hook needs a name of its own, before and after the migration"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"before": [{"args": ["x"]}]}, "spec.hooks.before[0].name: Required value"),
    "capitals": ({"before": [hook(name="Pause")]}, NAME),
    "a hyphen at the end": ({"after": [hook(name="pause-")]}, NAME),
    "64 characters": ({"after": [hook(name="p" * 64)]}, "spec.hooks.after[0].name: Too long"),
    "the name of the migration": ({"before": [hook(name="migrate")]}, OURS),
    "a name that may be ours one day": ({"before": [hook(name="revgate-inject")]}, OURS),
    "the same name twice": ({"before": [hook(), hook()]}, UNIQUE),
    "the same name on both sides": ({"before": [hook()], "after": [hook()]}, UNIQUE),
    "nothing to do": ({"before": [{"name": "pause"}]}, "a hook without an image of its own needs command or args"),
    "more than ten": ({"after": [hook(name=f"p{n}") for n in range(11)]}, "spec.hooks.after: Too many"),
    "a command as text": ({"before": [hook(command="x y")]}, "spec.hooks.before[0].command"),
    "an image with a space": ({"before": [hook(image="a b")]}, "spec.hooks.before[0].image"),
    "an environment": ({"before": [hook(env=[])]}, 'unknown field "spec.hooks.before[0].env"'),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_hook_that_cannot_be_is_refused_with_a_word_about_it(crd: Cluster, api: Api, fault: str):
    hooks, words = REFUSED[fault]
    text = json.dumps(manifest(hooks=hooks))
    said = crd.kubectl("apply", "-n", api.namespace, "--dry-run=server", "-f", "-", stdin=text, check=False).stderr
    assert words in said
    assert not re.search(r"CEL|estimated|no such key|conversion error", said)


def test_twenty_hooks_and_a_template_for_them_make_a_job_that_is_taken(stage: Stage):
    many = {when: [hook(name=f"{when}-{n}", image="curl:8") for n in range(10)] for when in ("before", "after")}
    proxy = {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}
    limits = {"name": "after-9", "resources": {"limits": {"memory": "64Mi"}}}
    job = begin(stage, hooks=many, job={"template": {"spec": {"initContainers": [proxy, limits]}}})
    pod = (stage.api.get("pods", stage.kubelet.pod_of(job)) or {})["spec"]
    order = [each["name"] for each in [*pod["initContainers"], *pod["containers"]]]
    hooks = [[each["name"] for each in many[when]] for when in ("before", "after")]
    assert order == ["proxy", *hooks[0], "migrate", *hooks[1]]
    assert pod["containers"][0]["resources"]["limits"] == {"memory": "64Mi"}
