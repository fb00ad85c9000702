"""Where a run stands, read from bodies as a real kubelet and a real Job controller write them."""

import pytest

from revgate.contract.exits import EXIT_TABLE, Exit, Next
from revgate.contract.reasons import Reason
from revgate.contract.report import encode_report
from revgate.control.deciding.endings import Ended, Started, Unstarted, state_of
from revgate.control.observing.pod_reading import read_pod
from revgate.control.observing.reading import read_run
from support.builders import DIGEST, ago, job_body, migration, pod_body, report, terminated, time_of

DISRUPTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: 3 Insufficient memory.",
}
BACKOFF = {
    "type": "Failed",
    "status": "True",
    "reason": "BackoffLimitExceeded",
    "message": "Job has reached the specified backoff limit",
    "lastTransitionTime": time_of(ago(5)),
}
COMPLETE = {"type": "Complete", "status": "True", "lastTransitionTime": time_of(ago(5))}
EVICTED = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi."


def seen(*pods, **job_status):
    return read_run(job_body(migration(), **job_status), pods)


def waits(reason, message=""):
    return {"waiting": {"reason": reason, "message": message}}


def cut(text):
    """The kubelet shares 12 KB among the containers of a pod, and keeps the beginning."""
    return text[:60]


# ---- not started

UNSTARTED = {
    "no pod yet": ((), Reason.STARTING, "Waiting for Job"),
    "a pod without any status": ((pod_body() | {"status": {"phase": "Pending"}},), Reason.STARTING, "Waiting for Job"),
    "a container is being created": ((pod_body(waits("ContainerCreating")),), Reason.STARTING, "Waiting for Job"),
    "an init container is at work": ((pod_body(waits("PodInitializing")),), Reason.STARTING, "Waiting for Job"),
    "the image does not exist": (
        (pod_body(waits("ErrImagePull", 'rpc error: code = NotFound desc = "ledger:1": not found')),),
        Reason.IMAGE_PULL_FAILED,
        "not found",
    ),
    "the image does not exist for a while": (
        (pod_body(waits("ImagePullBackOff", 'Back-off pulling image "ledger:1"')),),
        Reason.IMAGE_PULL_FAILED,
        "mend spec.image",
    ),
    "the image has an impossible name": (
        (pod_body(waits("InvalidImageName", 'couldn\'t parse image name "Ledger:1": repository name must be lower')),),
        Reason.IMAGE_PULL_FAILED,
        "Ledger:1",
    ),
    "the image may not be pulled and is not there": (
        (pod_body(waits("ErrImageNeverPull", 'Container image "ledger:1" is not present with pull policy of Never')),),
        Reason.IMAGE_PULL_FAILED,
        "not present",
    ),
    "the Secret is missing": (
        (pod_body(waits("CreateContainerConfigError", 'secret "ledger-db" not found')),),
        Reason.SECRET_NOT_FOUND,
        "Secret ledger-db was not found",
    ),
    "the Secret lacks the key": (
        (pod_body(waits("CreateContainerConfigError", "couldn't find key url in Secret shop/ledger-db")),),
        Reason.SECRET_KEY_NOT_FOUND,
        "Key url was not found in Secret ledger-db",
    ),
    "a Secret of a volume is missing": (
        (pod_body(waits("CreateContainerConfigError", 'references non-existent secret key: "ca.crt"')),),
        Reason.POD_NOT_STARTED,
        "ca.crt",
    ),
    "the image runs as root": (
        (
            pod_body(
                waits(
                    "CreateContainerConfigError",
                    'container has runAsNonRoot and image will run as root (pod: "ledger_shop(uid)", container: m)',
                )
            ),
        ),
        Reason.POD_NOT_STARTED,
        "runAsNonRoot",
    ),
    "no node has room": ((pod_body(conditions=[UNSCHEDULABLE]),), Reason.UNSCHEDULABLE, "Insufficient memory"),
}


@pytest.mark.parametrize("situation", UNSTARTED)
def test_a_container_that_has_not_started(situation):
    pods, reason, words = UNSTARTED[situation]
    state = state_of(seen(*pods))
    assert isinstance(state, Unstarted), state
    assert state.reason is reason
    assert words in state.message


def test_what_a_runtime_says_over_many_lines_becomes_one():
    state = state_of(seen(pod_body(waits("ErrImagePull", "failed to pull\n\n  and unpack\timage: " + "x" * 5000))))
    assert isinstance(state, Unstarted)
    assert "failed to pull and unpack image" in state.message
    assert len(state.message) < 600


# ---- at work


def test_a_running_container_has_started():
    state = state_of(seen(pod_body({"running": {"startedAt": time_of(ago(20))}}, phase="Running")))
    assert state == Started(ago(20))


def test_a_running_container_that_is_about_to_be_evicted_is_still_at_work():
    running = pod_body({"running": {"startedAt": time_of(ago(20))}}, phase="Running", conditions=[DISRUPTED])
    assert isinstance(state_of(seen(running)), Started)


def test_of_two_pods_the_newer_one_tells():
    old = pod_body(terminated(1), phase="Failed")
    new = pod_body({"running": {"startedAt": time_of(ago(20))}}, phase="Running")
    new["metadata"] |= {"name": "newer", "creationTimestamp": time_of(ago(25))}
    assert isinstance(state_of(seen(old, new)), Started)


# ---- over

WHOLE = encode_report(report(Exit.INTERRUPTED, message="Runner was interrupted after revision 0004"))
ENDED = {
    "killed for memory": (
        (pod_body(terminated(137, "OOMKilled"), phase="Failed"),),
        (Reason.OUT_OF_MEMORY, Next.COUNTED),
        "out of memory",
    ),
    "killed by a signal": (
        (pod_body(terminated(137), phase="Failed"),),
        (Reason.KILLED, Next.COUNTED),
        "killed before it could report",
    ),
    "ended by SIGTERM without a word": (
        (pod_body(terminated(143), phase="Failed"),),
        (Reason.KILLED, Next.COUNTED),
        "killed before it could report",
    ),
    "the image lacks the program": (
        (
            pod_body(
                terminated(
                    128,
                    "StartError",
                    'failed to create containerd task: failed to create shim task: exec: "revgate": executable file '
                    "not found in $PATH: unknown",
                ),
                phase="Failed",
            ),
        ),
        (Reason.IMAGE_NOT_RUNNABLE, Next.HUMAN),
        "executable file not found",
    ),
    "docker's word for the same": (
        (pod_body(terminated(127, "ContainerCannotRun", "no such file"), phase="Failed"),),
        (Reason.IMAGE_NOT_RUNNABLE, Next.HUMAN),
        "no such file",
    ),
    "a crash": ((pod_body(terminated(1), phase="Failed"),), (Reason.NO_REPORT, Next.HUMAN), "kubectl logs ledger-pod"),
    "an exit with 0 and no report": (
        (pod_body(terminated(0, "Completed"), phase="Succeeded"),),
        (Reason.NO_REPORT, Next.HUMAN),
        "exited 0 without a report",
    ),
    "a report that a sidecar's share cut off": (
        (pod_body(terminated(0, "Completed", cut(encode_report(report()))), phase="Succeeded"),),
        (Reason.NO_REPORT, Next.HUMAN),
        "without a report",
    ),
    "evicted while it ran, with a report": (
        (pod_body(terminated(40, "Error", WHOLE), phase="Failed", conditions=[DISRUPTED]),),
        (Reason.EVICTED, Next.AGAIN),
        "after revision 0004",
    ),
    "evicted while it ran, killed": (
        (pod_body(terminated(137), phase="Failed", conditions=[DISRUPTED]),),
        (Reason.EVICTED, Next.AGAIN),
        "Eviction API: evicting",
    ),
    "evicted by the kubelet before it ran": (
        (pod_body(phase="Failed", reason="Evicted", message=EVICTED) | {},),
        (Reason.EVICTED, Next.AGAIN),
        "low on resource",
    ),
    "the pod ended and nobody knows how": ((pod_body(phase="Failed"),), (Reason.POD_LOST, Next.AGAIN), "is gone"),
}


@pytest.mark.parametrize("situation", ENDED)
def test_a_container_that_has_ended(situation):
    pods, meaning, words = ENDED[situation]
    state = state_of(seen(*pods))
    assert isinstance(state, Ended), state
    assert (state.reason, state.next) == meaning
    assert words in state.message


@pytest.mark.parametrize("code", Exit)
def test_the_exit_table_says_what_a_report_means(code):
    state = state_of(seen(pod_body(terminated(code, "Error", encode_report(report(code))))))
    assert isinstance(state, Ended)
    assert (state.reason, state.next) == (EXIT_TABLE[code].reason, EXIT_TABLE[code].next)
    assert state.report == report(code)
    assert state.finished_at == ago(10)


def test_a_report_may_name_a_finer_reason_than_its_code_does():
    said = report(Exit.CONFIGURATION, reason=Reason.POOLER_REFUSED)
    state = state_of(seen(pod_body(terminated(Exit.CONFIGURATION, "Error", encode_report(said)))))
    assert isinstance(state, Ended)
    assert (state.reason, state.next) == (Reason.POOLER_REFUSED, Next.HUMAN)


def test_a_report_that_was_left_before_the_memory_ran_out_still_counts():
    over = terminated(137, "OOMKilled", encode_report(report(Exit.REVISION_FAILED)))
    state = state_of(seen(pod_body(over)))
    assert isinstance(state, Ended)
    assert state.reason is Reason.REVISION_FAILED


def test_out_of_memory_twice_says_what_to_raise():
    run = read_run(job_body(migration(), attempt=2, failures=1), [pod_body(terminated(137, "OOMKilled"))])
    state = state_of(run)
    assert isinstance(state, Ended)
    assert state.next is Next.HUMAN
    assert "resources.limits.memory" in state.message


@pytest.mark.parametrize("condition", [BACKOFF, COMPLETE], ids=["Failed", "Complete"])
def test_a_job_that_is_over_without_its_pod_left_no_report(condition):
    state = state_of(seen(conditions=[condition]))
    assert isinstance(state, Ended)
    assert (state.reason, state.next, state.finished_at) == (Reason.POD_LOST, Next.AGAIN, ago(5))


def test_the_pod_tells_its_end_before_the_job_does():
    ended = pod_body(terminated(0, "Completed", encode_report(report())), phase="Running")
    assert isinstance(state_of(seen(ended, active=1)), Ended)


# ---- reading


def test_the_image_is_named_with_the_digest_that_the_kubelet_found():
    assert read_pod(pod_body()).image == f"ledger:1@{DIGEST}"


def test_only_the_container_migrate_counts():
    body = pod_body({"running": {"startedAt": time_of(ago(20))}})
    sidecar = {"name": "proxy", "state": terminated(1)}
    body["status"]["containerStatuses"].insert(0, sidecar)
    assert read_pod(body).terminated is None


def test_labels_that_somebody_broke_do_not_stop_the_operator():
    body = job_body(migration())
    body["metadata"]["labels"] |= {"revgate.io/attempt": "many", "revgate.io/failures": "-1"}
    run = read_run(body, [])
    assert (run.attempt, run.failures) == (0, 0)
