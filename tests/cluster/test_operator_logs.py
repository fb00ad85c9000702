"""What the operator reads in the logs of runs: where a long run is, and what the database serves besides its heads."""

import json
from collections.abc import Callable

import httpx
import pytest

from revgate.contract import names
from revgate.contract.edges import digest_of, encode_edges
from revgate.contract.serves import Edge
from support.node import Node
from support.stage import MIGRATIONS, Stage, done

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]

LINES = encode_edges([Edge("0002", ("0001",)), Edge("0001", ())])
WITH_EDGES = {"edges": digest_of(LINES)}


@pytest.fixture
def write(stage: Stage, node: Node) -> Callable[..., None]:
    """Return a function that lets the container of a Job have written these lines."""

    def write(job: str, *lines: str) -> None:
        node.logs[stage.kubelet.pod_of(job), names.CONTAINER] = "".join(f"{line}\n" for line in lines)

    return write


def take(stage: Stage, node: Node, job: str) -> None:
    """Put a Job's pod on the node that has logs; what is on no node has none."""
    node.take(stage.api, stage.kubelet.pod_of(job))


def event(name: str, **values: str) -> str:
    return json.dumps(values | {"event": name, "timestamp": "2026-03-01T12:00:05.1Z"})


def test_a_run_that_takes_long_says_what_the_server_does_and_is_not_written_down_at_each_look(
    stage: Stage, node: Node, write: Callable[..., None]
):
    applied = stage.apply()
    job = stage.next_job()
    take(stage, node, job)
    build, wait = "41 % of ix_lines (building index: scanning table)", "waits for a lock held by pid 4711 (report)"
    begun = event("revision_started", revision="0003")
    write(job, begun, event("revision_progress", work="nothing of it"), event("revision_progress", work=build))
    stage.kubelet.start(job, seconds_ago=25)
    expected = f"Job {job} is at work: revision 0003 since 12:00:05 UTC, {build}"
    stage.until("The status says what the server does", lambda: stage.ready()["message"] == expected)

    for number in range(5):
        write(job, begun, event("revision_progress", work=f"{wait} {number}"))
        stage.api.patch("pods", stage.kubelet.pod_of(job), {"metadata": {"labels": {"looked": str(number)}}})
    stage.kubelet.finish(job, done())
    stage.until_true("Ready", "UpToDate")
    seen = stage.api.history(MIGRATIONS, "ledger", applied["metadata"]["resourceVersion"])
    told = [condition_of(each["object"]) for each in seen]
    assert [text for reason, text in told if reason == "Running"] == [expected], told


def condition_of(body: dict) -> tuple[str, str]:
    ready = next(each for each in body["status"]["conditions"] if each["type"] == "Ready")
    return ready["reason"], ready["message"]


def test_a_log_that_was_lost_is_made_up_for_by_one_run_that_only_looks(
    stage: Stage, node: Node, write: Callable[..., None], crd
):
    applied = stage.apply()
    first = stage.next_job()
    stage.kubelet.finish(first, done(**WITH_EDGES))
    second = stage.next_job(first)
    stage.until_true("Ready", "UpToDate")
    assert "--inspect" in args_of(stage, second)
    assert stage.status()["servedRevisions"] == ["0002"]
    assert stage.status()["observedBy"]["edgesLost"] is True
    answer = gate(stage, "0001")
    assert (answer.status_code, "cannot tell" in answer.text) == (409, True), answer.text

    take(stage, node, second)
    write(second, *LINES)
    stage.kubelet.finish(second, done("0002", **WITH_EDGES))
    stage.until("All that is served is known", lambda: stage.status()["servedRevisions"] == ["0002", "0001"])
    assert gate(stage, "0001").status_code == 200
    version = stage.settle()
    assert stage.jobs() == sorted([first, second])
    assert stage.migration()["metadata"]["resourceVersion"] == version
    assert "edgesLost" not in stage.status()["observedBy"]
    seen = stage.api.history(MIGRATIONS, "ledger", applied["metadata"]["resourceVersion"])
    ready = [each["object"] for each in seen if condition_of(each["object"])[0] == "UpToDate"]
    assert seen[-len(ready) :] == [each for each in seen if each["object"] in ready], "it never ceased to be ready"


def test_an_image_that_cannot_look_stays_ready_and_is_not_asked_again(stage: Stage):
    stage.apply()
    first = stage.next_job()
    stage.kubelet.finish(first, done(**WITH_EDGES))
    second = stage.next_job(first)
    stage.kubelet.end(second, 2, "")
    stage.until("The look is over", lambda: stage.status()["run"]["state"] == "Finished")
    version = stage.settle()
    stage.until_true("Ready", "UpToDate")
    assert stage.jobs() == sorted([first, second])
    assert stage.migration()["metadata"]["resourceVersion"] == version


def args_of(stage: Stage, job: str) -> list[str]:
    (container,) = stage.api.get("jobs", job)["spec"]["template"]["spec"]["containers"]
    return container["args"]


def gate(stage: Stage, revision: str) -> httpx.Response:
    address = stage.operator.address(f"/gate/{stage.api.namespace}/ledger")
    return httpx.get(address, params={"requires": revision})
