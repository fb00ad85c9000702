"""Hooks around a migration: the pod that runs them, and what their containers say about the run."""

from dataclasses import replace
from typing import Any

import pytest

from revgate.contract import names
from revgate.contract.exits import Exit, Next
from revgate.contract.reasons import Reason
from revgate.contract.report import encode_report
from revgate.control.deciding.decide import decide
from revgate.control.deciding.decision import Again, Done, Progress, Remove, Start
from revgate.control.deciding.endings import Ended, Started, Unstarted, state_of
from revgate.control.deciding.goal import goal_of
from revgate.control.deciding.inputs import inputs_of
from revgate.control.deciding.kinds import Kind
from revgate.control.deciding.planning import was_carried_out
from revgate.control.deciding.status import status_of
from revgate.control.observing.pod_reading import read_pod
from revgate.control.observing.reading import read_run
from revgate.control.observing.snapshot import Migration, Run
from revgate.control.resource.plan_resource import Approved
from revgate.control.resource.spec import Spec
from revgate.control.runs.job import Try, build_job
from support.builders import (
    BUNDLED,
    EARLIER_UID,
    URL_FROM,
    ago,
    carrying_out,
    job_body,
    migration,
    plan,
    pod_body,
    report,
    run,
    snapshot,
    spec,
    terminated,
    time_of,
)

PAUSE = {"name": "pause", "command": ["pause-workers"]}
REFRESH = {"name": "refresh", "args": ["--index", "$(date)"]}
NOTIFY = {"name": "notify", "image": "curl:8"}
BOTH = {"before": [PAUSE], "after": [REFRESH, NOTIFY]}
BEFORE = {"before": [PAUSE]}
AFTER = {"after": [REFRESH]}
INJECTED = 4  # containers that others may add to a pod


def pod_with(kind: Kind = Kind.APPLY, **asked: Any) -> dict[str, Any]:
    return template_with(kind, **asked)["spec"]


def template_with(kind: Kind = Kind.APPLY, **asked: Any) -> dict[str, Any]:
    of = migration(spec(**asked))
    assert isinstance(of.spec, Spec)
    made = build_job(of, of.spec, BUNDLED, Try("inputs", 1, 0, kind, image="ledger@sha256:1"))
    return made["spec"]["template"]


def containers(pod: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in [*pod.get("initContainers", ()), *pod["containers"]]}


def in_template(**pod: Any) -> dict[str, Any]:
    return {"job": {"template": {"spec": pod}}}


# ---- the pod

ORDERS = {
    "none": ({}, [], ["migrate"], ""),
    "before": (BEFORE, ["pause"], ["migrate"], "pause,migrate"),
    "after": (AFTER, ["migrate"], ["refresh"], "migrate,refresh"),
    "both": (BOTH, ["pause", "migrate", "refresh"], ["notify"], "pause,migrate,refresh,notify"),
}


@pytest.mark.parametrize("hooks", ORDERS)
def test_hooks_and_migration_run_one_after_the_other(hooks: str):
    asked, first, last, told = ORDERS[hooks]
    template = template_with(hooks=asked)
    assert [each["name"] for each in template["spec"].get("initContainers", ())] == first
    assert [each["name"] for each in template["spec"]["containers"]] == last
    assert template["metadata"]["annotations"].get(names.CONTAINERS, "") == told


def test_without_hooks_the_pod_and_the_inputs_are_what_they_were():
    assert template_with(hooks={"before": [], "after": []}) == template_with()
    plain, empty = migration(spec()), migration(spec(hooks={"before": [], "after": []}))
    assert inputs_of(plain, spec(), BUNDLED) == inputs_of(empty, spec(hooks={"before": [], "after": []}), BUNDLED)
    assert inputs_of(plain, spec(hooks=BEFORE), BUNDLED) != inputs_of(plain, spec(), BUNDLED)


@pytest.mark.parametrize("kind", [Kind.PLAN, Kind.INSPECT, Kind.DOWNGRADE])
def test_only_an_upgrade_has_hooks(kind: Kind):
    template = template_with(kind, hooks=BOTH)
    assert list(containers(template["spec"])) == ["migrate"]
    assert names.CONTAINERS not in template["metadata"]["annotations"]


def test_a_hook_has_the_image_of_the_run_or_its_own_and_its_words_as_they_are():
    found = containers(pod_with(hooks=BOTH))
    assert [found[name]["image"] for name in found] == ["ledger@sha256:1"] * 3 + ["curl:8"]
    assert found["pause"]["command"] == ["pause-workers"]
    assert "args" not in found["pause"]
    assert found["refresh"]["args"] == ["--index", "$$(date)"]
    assert "command" not in found["refresh"]


def test_a_hook_has_the_rights_of_the_runner_and_no_more():
    found = containers(pod_with(hooks=BOTH, backup={"method": "PgDump", "claimName": "ledger-backups"}))
    for each in found.values():
        assert each["securityContext"] == found["migrate"]["securityContext"]
        assert set(each["resources"]["requests"]) == {"cpu", "memory"}, "a namespace may have a quota of them"
    assert found["pause"]["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]


DIRECT = {"secretKeyRef": {"name": "ledger-db", "key": "direct"}}
PARTS = {"host": "db", "name": "ledger", "userFrom": URL_FROM, "passwordFrom": URL_FROM}
DATABASES: dict[str, tuple[dict[str, Any], Any]] = {
    "a URL": ({"urlFrom": URL_FROM}, URL_FROM),
    "a direct URL": ({"urlFrom": URL_FROM, "directUrlFrom": DIRECT}, DIRECT),
    "parts": (PARTS, None),
}


@pytest.mark.parametrize("given", DATABASES)
def test_a_hook_has_the_database_of_the_runner_and_the_variable_that_apps_read(given: str):
    database, url = DATABASES[given]
    found = containers(pod_with(hooks=BOTH, database=database))
    runner = [each for each in found["migrate"]["env"] if "DATABASE" in each["name"]]
    hook = {each["name"]: each for each in found["pause"]["env"]}
    assert [hook[each["name"]] for each in runner] == runner
    assert hook.get("DATABASE_URL") == ({"name": "DATABASE_URL", "valueFrom": url} if url else None)


def test_a_template_reaches_every_container_by_its_name_whichever_list_it_uses():
    limits = {"limits": {"memory": "1Gi"}}
    theirs = [{"name": "migrate", "resources": limits}, {"name": "pause", "resources": limits}, {"name": "shipper"}]
    pod = pod_with(
        hooks=BOTH, **in_template(containers=theirs, initContainers=[{"name": "notify", "resources": limits}])
    )
    found = containers(pod)
    assert [name for name, each in found.items() if "limits" in each.get("resources", {})] == [
        *("pause", "migrate", "notify")
    ]
    assert [each["name"] for each in pod["initContainers"]] == ["pause", "migrate", "refresh"]
    assert [each["name"] for each in pod["containers"]] == ["notify", "shipper"]


@pytest.mark.parametrize("hooks", [BEFORE, AFTER, BOTH], ids=["before", "after", "both"])
def test_what_a_template_adds_comes_before_hooks_and_migration(hooks: dict[str, Any]):
    proxy = {"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}
    pod = pod_with(hooks=hooks, **in_template(initContainers=[proxy, {"name": "prepare", "image": "i"}]))
    assert [each["name"] for each in pod["initContainers"]][:2] == ["proxy", "prepare"]
    assert pod["initContainers"][0] == proxy


@pytest.mark.parametrize("kind", [Kind.PLAN, Kind.INSPECT, Kind.DOWNGRADE])
def test_what_a_template_says_of_hooks_is_left_out_of_a_run_that_has_none(kind: Kind):
    shipper, tty = {"name": "shipper", "image": "s"}, {"name": "migrate", "tty": True}
    first = [{"name": "notify", "image": "i"}, tty]
    pod = pod_with(kind, hooks=BOTH, **in_template(containers=[{"name": "pause"}, shipper], initContainers=first))
    assert not pod["initContainers"]
    assert [each["name"] for each in pod["containers"]] == ["migrate", "shipper"]
    assert pod["containers"][0]["tty"]


TAMPERED = {
    "another image": {"containers": [{"name": "pause", "image": "other"}, {"name": "refresh", "args": ["other"]}]},
    "a restart": {"initContainers": [{"name": "pause", "restartPolicy": "Always"}]},
    "a probe": {"initContainers": [{"name": "migrate", "startupProbe": {}, "args": ["--plan"]}]},
    "no init containers": {"initContainers": None},
    "no containers": {"containers": None, "initContainers": []},
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_template_can_not_take_the_hooks_from_a_run(how: str):
    ours, theirs = pod_with(hooks=BOTH), pod_with(hooks=BOTH, **in_template(**TAMPERED[how]))
    assert theirs["initContainers"] == ours["initContainers"]
    assert theirs["containers"] == ours["containers"]


@pytest.mark.parametrize("nameless", [{"name": {}}, {"name": ["migrate"]}, 7, None], ids=repr)
def test_a_container_without_a_name_does_not_take_the_hooks_from_a_run(nameless: Any):
    """The API server refuses it."""
    theirs = pod_with(hooks=AFTER, **in_template(containers=[nameless, {"name": "refresh"}]))
    assert theirs["initContainers"] == pod_with(hooks=AFTER)["initContainers"]


@pytest.mark.parametrize("hooks", [{}, BOTH], ids=["none", "both"])
@pytest.mark.parametrize("annotations", [{names.CONTAINERS: "proxy,migrate", "a": "b"}, None], ids=["another", "null"])
def test_nobody_else_says_which_containers_are_hooks(hooks: dict[str, Any], annotations: Any):
    template = template_with(hooks=hooks, job={"template": {"metadata": {"annotations": annotations}}})
    found = template["metadata"].get("annotations", {})
    assert found.get(names.CONTAINERS) == ("pause,migrate,refresh,notify" if hooks else None)
    assert None not in found.values()


def test_in_a_pod_of_many_containers_the_runner_learns_how_short_its_report_must_be():
    many = {"before": [{"name": f"b{n}", "image": "i"} for n in range(10)]}
    few, more = {"before": many["before"][:3]}, {"before": many["before"][:4]}
    assert told(hooks=many) == [{"name": names.REPORT_BYTES, "value": str(12288 // (11 + INJECTED))}]
    assert told(hooks=more) == [{"name": names.REPORT_BYTES, "value": str(12288 // (5 + INJECTED))}]
    assert told(hooks=few) == []


def told(**asked: Any) -> list[Any]:
    return [each for each in containers(pod_with(**asked))["migrate"]["env"] if each["name"] == names.REPORT_BYTES]


# ---- what their containers say

HOOKED = migration(spec(hooks=BOTH))
WAITS = {"waiting": {"reason": "PodInitializing"}}
RUNS = {"running": {"startedAt": time_of(ago(20))}}
WELL = terminated(0, "Completed")
MIGRATED = terminated(0, "Completed", encode_report(report()))
DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "E", "message": "Eviction API: evicting"}
UNPULLED = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
SECRET = "hunter2"


def hooked_pod(
    pause: Any,
    migrate: Any = WAITS,
    refresh: Any = WAITS,
    notify: Any = WAITS,
    *,
    phase: str = "Pending",
    **status: Any,
) -> dict[str, Any]:
    """A pod as a kubelet leaves it; an init container is ready when it has ended well (seen on 1.34)."""
    states = {"pause": pause, "migrate": migrate, "refresh": refresh, "notify": notify}
    shown = [
        {"name": name, "state": state, "started": "running" in state, "ready": state is WELL or state is MIGRATED}
        for name, state in states.items()
    ]
    for each in shown:
        each |= {"image": "ledger:1", "imageID": ""}
    body = pod_body(phase=phase, **status)
    body["metadata"]["annotations"] = {names.CONTAINERS: ",".join(states)}
    body["status"] |= {"initContainerStatuses": shown[:3], "containerStatuses": shown[3:]}
    return body


def seen(*given: Any, of: Migration = HOOKED, failures: int = 0, **more: Any) -> Run:
    return read_run(job_body(of, failures=failures), [hooked_pod(*given, **more)])


AT_WORK: dict[str, tuple[tuple[Any, ...], str]] = {
    "the first hook": ((RUNS,), "is at hook pause"),
    "between it and the migration": ((WELL,), "is at work"),
    "the migration": ((WELL, RUNS), "is at work"),
    "between it and a hook": ((WELL, MIGRATED), "is at hook refresh, after the migration, whose revisions are applied"),
    "a hook after it": ((WELL, MIGRATED, RUNS), "is at hook refresh, after the migration"),
    "the last hook": ((WELL, MIGRATED, WELL, RUNS), "is at hook notify, after the migration"),
}


@pytest.mark.parametrize("where", AT_WORK)
def test_a_run_is_at_work_from_its_first_hook_to_its_last(where: str):
    states, words = AT_WORK[where]
    one = seen(*states)
    assert isinstance(state_of(one), Started)
    decision = decide(snapshot(HOOKED, one))
    assert isinstance(decision, Progress)
    assert words in decision.message
    assert isinstance(decide(snapshot(migration(spec(image="ledger:2")), one)), Progress), "it is waited for"


def test_a_run_with_hooks_has_not_started_before_its_first_hook():
    assert isinstance(state_of(seen(WAITS)), Unstarted)


def test_a_run_is_done_when_its_last_hook_has_ended_well():
    state = state_of(seen(WELL, MIGRATED, WELL, WELL, phase="Succeeded"))
    assert isinstance(state, Ended)
    assert (state.reason, state.next, state.report) == (Reason.UP_TO_DATE, Next.DONE, report())


ENDINGS: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[Reason, Next], str]] = {
    "a hook before it fails": (
        (terminated(3),),
        {},
        (Reason.HOOK_FAILED, Next.COUNTED),
        "exited 3 before the migration, which did not run; read its log: kubectl logs ledger-pod -c pause",
    ),
    "a hook after it fails": (
        (WELL, MIGRATED, WELL, terminated(4, "Error", SECRET)),
        {"phase": "Failed"},
        (Reason.HOOK_FAILED, Next.COUNTED),
        "Hook notify of pod ledger-pod exited 4 after the migration, whose revisions are applied; read its log",
    ),
    "a hook takes too much memory": (
        (WELL, MIGRATED, terminated(137, "OOMKilled")),
        {},
        (Reason.OUT_OF_MEMORY, Next.COUNTED),
        "Hook refresh ran out of memory; it is tried once more",
    ),
    "a hook takes too much memory again": (
        (terminated(137, "OOMKilled"),),
        {"failures": 1},
        (Reason.OUT_OF_MEMORY, Next.HUMAN),
        "raise resources.limits.memory of the container pause",
    ),
    "a hook's program is not in its image": (
        (terminated(128, "StartError", 'exec: "pause-workers": executable file not found in $PATH'),),
        {},
        (Reason.IMAGE_NOT_RUNNABLE, Next.HUMAN),
        'Hook pause of pod ledger-pod could not start (exec: "pause-workers": executable file not found in $PATH)',
    ),
    "the pod is evicted in the middle of a hook": (
        (WELL, MIGRATED, terminated(143)),
        {"phase": "Failed", "conditions": [DISRUPTED]},
        (Reason.EVICTED, Next.AGAIN),
        "Hook refresh of pod ledger-pod was evicted after the migration, whose revisions are applied: Eviction API",
    ),
    "the pod is evicted between two hooks": (
        (WELL, MIGRATED, WELL),
        {"phase": "Failed", "conditions": [DISRUPTED]},
        (Reason.EVICTED, Next.AGAIN),
        "was evicted after the migration",
    ),
    "a hook is killed": (
        (terminated(137),),
        {},
        (Reason.KILLED, Next.COUNTED),
        "Hook pause of pod ledger-pod was killed before the migration, which did not run",
    ),
    "the pod is gone in the middle of the first hook": (
        (WELL,),
        {"phase": "Failed"},
        (Reason.POD_LOST, Next.AGAIN),
        "is gone and left no report",
    ),
    "the pod is gone in the middle of the last hook": (
        (WELL, MIGRATED, WELL, RUNS),
        {"phase": "Failed"},
        (Reason.POD_LOST, Next.AGAIN),
        "is gone after the migration, whose revisions are applied",
    ),
    "the migration fails": (
        (WELL, terminated(30, "Error", encode_report(report(Exit.REVISION_FAILED)))),
        {},
        (Reason.REVISION_FAILED, Next.HUMAN),
        "Runner exited 30",
    ),
    "the migration leaves no report": ((WELL, terminated(1)), {}, (Reason.NO_REPORT, Next.HUMAN), "without a report"),
    "whoever started the runner hid its failure, and the hooks ran": (
        (WELL, terminated(0, "", encode_report(report(Exit.REVISION_FAILED))), WELL, terminated(4)),
        {},
        (Reason.REVISION_FAILED, Next.HUMAN),
        "Runner exited 30",
    ),
}


@pytest.mark.parametrize("situation", ENDINGS)
def test_a_run_with_hooks_that_has_ended(situation: str):
    states, more, meaning, words = ENDINGS[situation]
    one = seen(*states, **more)
    state = state_of(one)
    assert isinstance(state, Ended), state
    assert (state.reason, state.next) == meaning
    assert words in state.message
    assert SECRET not in state.message
    assert state.report == one.report, "what the runner told is not lost"


HELD_UP: dict[str, tuple[tuple[Any, ...], Reason, str]] = {
    "the first hook": ((UNPULLED,), Reason.IMAGE_PULL_FAILED, "Image of hook pause could not be pulled: not found"),
    "the migration": ((WELL, UNPULLED), Reason.IMAGE_PULL_FAILED, "Image could not be pulled"),
    "a hook after it": (
        (WELL, MIGRATED, UNPULLED),
        Reason.IMAGE_PULL_FAILED,
        "push it or mend spec.hooks; it waits after the migration, whose revisions are applied",
    ),
    "a hook that no user may run": (
        ({"waiting": {"reason": "CreateContainerConfigError", "message": "image will run as root"}},),
        Reason.POD_NOT_STARTED,
        "Hook pause could not start: CreateContainerConfigError: image will run as root",
    ),
}


@pytest.mark.parametrize("what", HELD_UP)
def test_a_container_that_cannot_start_says_so_and_the_run_may_be_superseded(what: str):
    states, reason, words = HELD_UP[what]
    one = seen(*states)
    state = state_of(one)
    assert isinstance(state, Unstarted)
    assert state.reason is reason
    assert words in state.message
    assert isinstance(decide(snapshot(migration(spec(image="ledger:2")), one)), Remove)


def test_a_hook_has_its_own_time_to_start():
    """Hooks may take long; only the wait for the next container counts."""
    of = migration(spec(hooks=BOTH, timeouts={"start": "30s"}))
    held_up = seen(WELL, MIGRATED, UNPULLED, of=of)
    assert isinstance(decide(snapshot(of, held_up)), Progress), "created 60 s ago, and the migration ended 10 s ago"
    late = decide(snapshot(of, held_up, now=ago(-30)))
    assert isinstance(late, Remove)
    assert late.ended is not None
    assert late.ended.reason is Reason.IMAGE_PULL_FAILED


def test_a_removed_run_whose_hook_could_not_start_is_not_taken_for_one_that_was_at_work():
    of = migration(spec(hooks=BOTH, timeouts={"start": "1s"}))
    removal = snapshot(of, seen(WELL, MIGRATED, UNPULLED, of=of))
    record = status_of(removal, decide(removal)).run
    assert record is not None
    assert (record.state, record.started_at) == ("Finished", None)


def test_an_init_container_of_the_template_at_work_is_no_hook_and_has_no_deadline():
    body = hooked_pod(WAITS)
    prepare = {"name": "prepare", "state": RUNS, "started": True, "ready": False}
    body["status"]["initContainerStatuses"].insert(0, prepare)
    pod = read_pod(body)
    assert (pod.is_initializing, pod.started_at) == (True, None)


def test_a_sidecar_that_has_died_does_not_stand_in_the_way():
    body = hooked_pod(WELL, RUNS)
    proxy = {"name": "proxy", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "started": False, "ready": False}
    body["status"]["initContainerStatuses"].insert(0, proxy)
    assert isinstance(state_of(read_run(job_body(HOOKED), [body])), Started)


def test_a_sidecar_at_work_does_not_hide_why_the_next_container_waits():
    body = hooked_pod(UNPULLED)
    proxy = {"name": "proxy", "state": RUNS, "started": True, "ready": True}
    body["status"]["initContainerStatuses"].insert(0, proxy)
    state = state_of(read_run(job_body(HOOKED), [body]))
    assert isinstance(state, Unstarted)
    assert state.reason is Reason.IMAGE_PULL_FAILED


# ---- what the status says

TAKEN = {
    "while a hook runs after it": (WELL, MIGRATED, RUNS),
    "while a hook cannot start": (WELL, MIGRATED, UNPULLED),
    "when a hook has failed": (WELL, MIGRATED, terminated(4)),
    "when all is done": (WELL, MIGRATED, WELL, WELL),
}


@pytest.mark.parametrize("when", TAKEN)
def test_gates_open_when_the_migration_has_ended(when: str):
    now = snapshot(HOOKED, seen(*TAKEN[when]))
    status = status_of(now, decide(now))
    assert (status.current_revisions, status.served_revisions, status.pending_count) == (("0002",), ("0002",), 0)


def test_a_failed_hook_after_the_migration_is_tried_again_and_nothing_is_ready():
    now = snapshot(HOOKED, seen(WELL, MIGRATED, terminated(4)), now=ago(9))
    decision = decide(now)
    assert isinstance(decision, Again)
    status = status_of(now, decision)
    conditions = {each.type: (each.status, each.reason) for each in status.conditions}
    assert conditions["Ready"] == ("False", "HookFailed")
    assert conditions["Reconciling"][0] == "True"
    assert [(each.to, each.outcome, each.reason) for each in status.history] == [(("0002",), "Failed", "HookFailed")]
    assert status.run is not None
    assert (status.run.state, status.run.outcome) == ("Finished", "Failed")


def test_what_the_status_knows_of_a_removed_run_outlives_the_pod_whose_hook_never_started():
    of = migration(spec(hooks=BOTH, timeouts={"start": "1s"}))
    now = snapshot(of, seen(WELL, MIGRATED, UNPULLED, of=of))
    status = status_of(now, decide(now))
    going = run(of, deleting=True, pod=read_pod(hooked_pod(WELL, MIGRATED, UNPULLED)), report=report())
    assert status.run is not None
    known = status.model_copy(update={"run": status.run.model_copy(update={"job": going.job})})
    assert isinstance(decide(snapshot(migration(of.spec, status=known), going)), Again)


HOOKS_MENDED = {"before": [PAUSE], "after": [REFRESH, NOTIFY | {"image": "curl:9"}]}
REMOVALS: dict[str, tuple[tuple[Any, ...], dict[str, Any], Reason]] = {
    "too late": ((WELL, MIGRATED, UNPULLED), {"timeouts": {"start": "1s"}}, Reason.IMAGE_PULL_FAILED),
    "never set up": ((WELL, MIGRATED), {"timeouts": {"start": "1s"}}, Reason.POD_NOT_STARTED),
    "its hook is mended": ((WELL, MIGRATED, UNPULLED), {"hooks": HOOKS_MENDED}, Reason.IMAGE_PULL_FAILED),
    "never set up, and mended": (
        (WELL, MIGRATED),
        {"hooks": HOOKS_MENDED, "timeouts": {"start": "1s"}},
        Reason.POD_NOT_STARTED,
    ),
    "suspended": ((WELL, MIGRATED, UNPULLED), {"suspend": True}, Reason.IMAGE_PULL_FAILED),
}


@pytest.mark.parametrize("why", REMOVALS)
def test_an_upgrade_whose_hook_never_started_is_in_the_history(why: str):
    states, asked, reason = REMOVALS[why]
    of = migration(spec(**{"hooks": BOTH, **asked}))
    now = snapshot(of, seen(*states, of=HOOKED if "hooks" in asked else of))
    decision = decide(now)
    assert isinstance(decision, Remove)
    (entry,) = status_of(now, decision).history
    assert (entry.from_, entry.to, entry.image) == (("0001",), ("0002",), "ledger:1")
    assert (entry.outcome, entry.reason, entry.finished_at) == ("Failed", reason, ago(10))
    again = snapshot(migration(of.spec, status=status_of(now, decision)), *now.runs)
    assert status_of(again, decide(again)).history == (entry,)


def test_a_downgrade_finds_the_image_of_an_upgrade_whose_hook_never_started():
    of = migration(spec(hooks=BOTH, suspend=True))
    now = snapshot(of, seen(WELL, MIGRATED, UNPULLED))
    down = spec(hooks=BOTH, downgrade={"to": "0001"})
    assert goal_of(snapshot(migration(down, status=status_of(now, decide(now)))), down).image == "ledger:1"


def test_what_never_moved_the_database_or_was_another_migration_s_is_not_in_the_history():
    other = migration(HOOKED.spec, uid=EARLIER_UID)
    mended = migration(spec(hooks=HOOKS_MENDED))
    for one in (seen(UNPULLED), seen(WELL, UNPULLED), seen(WELL, MIGRATED, UNPULLED, of=other)):
        now = snapshot(mended, one)
        decision = decide(now)
        assert isinstance(decision, Remove)
        assert status_of(now, decision).history == ()


def test_an_approved_plan_whose_hook_never_started_has_been_carried_out():
    of = migration(spec(hooks=BOTH, approval="Always", timeouts={"start": "1s"}))
    agreed = plan(of, approved=Approved(by="ann", at=ago(40)))
    agreed = replace(agreed, created_at=ago(50))
    pod = read_pod(hooked_pod(WELL, MIGRATED, UNPULLED))
    held_up = run(of, inputs=carrying_out(of, agreed), plan=agreed.name, pod=pod, report=report())
    now = snapshot(of, held_up, plans=(agreed,))
    decision = decide(now)
    assert isinstance(decision, Remove)
    assert was_carried_out(migration(of.spec, status=status_of(now, decision)), agreed)


def test_a_run_whose_hooks_all_ended_well_is_ready():
    now = snapshot(HOOKED, seen(WELL, MIGRATED, WELL, WELL))
    assert isinstance(decide(now), Done)


def test_a_container_that_is_never_set_up_does_not_hold_a_run_for_ever():
    of = migration(spec(hooks=BOTH, timeouts={"start": "30s"}))
    between = seen(WELL, MIGRATED, of=of)
    waits = decide(snapshot(of, between))
    assert isinstance(waits, Progress)
    assert waits.check_at == ago(-20), "30 s after the migration ended, 10 s ago"
    late = decide(snapshot(of, between, now=ago(-20)))
    assert isinstance(late, Remove)
    assert late.ended is not None
    assert late.ended.reason is Reason.POD_NOT_STARTED
    assert "is at hook refresh" in late.ended.message


def test_a_run_between_two_containers_is_not_stopped_by_suspend():
    between = seen(WELL, of=HOOKED)
    assert isinstance(decide(snapshot(migration(spec(hooks=BOTH, suspend=True)), between)), Progress)


def test_an_approved_plan_whose_hook_failed_is_carried_out_again_without_asking_again():
    of = migration(spec(hooks=BOTH, approval="Always"))
    agreed = plan(of, approved=Approved(by="ann", at=ago(40)))
    pod = read_pod(hooked_pod(WELL, MIGRATED, terminated(4)))
    failed = run(of, inputs=carrying_out(of, agreed), plan=agreed.name, pod=pod, report=report())
    first = snapshot(of, failed, plans=(agreed,), now=ago(9))
    known = migration(of.spec, status=status_of(first, decide(first)))
    again = decide(snapshot(known, failed, plans=(agreed,)))
    assert isinstance(again, Start)
    assert (again.plan, again.attempt, again.failures) == (agreed, 2, 1)
