"""What keeps a container from starting, and what the API server refuses: named, survived, and mended by itself."""

from support.api import Api
from support.stage import Stage
from support.waiting import eventually

pytest_plugins = ["support.operator_fixtures"]

QUICK = {"initialDelay": "500ms", "maxDelay": "1s"}


def quota(api: Api, what: str) -> None:
    limit = {what: "0"}
    api.create("resourcequotas", {"metadata": {"name": "none"}, "spec": {"hard": limit}})
    eventually("The quota counts", lambda: (api.get("resourcequotas", "none") or {}).get("status", {}).get("hard"))


def test_a_missing_secret_is_named_and_nothing_is_restarted(stage: Stage):
    stage.apply(retry=QUICK)
    job = stage.next_job()
    stage.kubelet.keep_waiting(job, "CreateContainerConfigError", 'secret "ledger-db" not found')
    message = stage.until_true("Reconciling", "SecretNotFound")
    assert "Secret ledger-db was not found" in message
    version = stage.migration()["metadata"]["resourceVersion"]
    stage.kubelet.keep_waiting(job, "CreateContainerConfigError", 'secret "ledger-db" not found')
    assert stage.jobs() == [job]
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    assert stage.jobs() == [job]
    assert stage.migration()["metadata"]["resourceVersion"] != version
    stage.bring_to_ready()


def test_a_secret_without_the_key_is_named(stage: Stage):
    stage.apply()
    said = "couldn't find key url in Secret shop/ledger-db"
    stage.kubelet.keep_waiting(stage.next_job(), "CreateContainerConfigError", said)
    assert "Key url was not found in Secret ledger-db" in stage.until_true("Reconciling", "SecretKeyNotFound")


def test_an_image_that_cannot_be_pulled_is_named(stage: Stage):
    stage.apply()
    job = stage.next_job()
    stage.kubelet.keep_waiting(job, "ErrImagePull", 'failed to resolve "registry.example/ledger:1.2.0": not found')
    assert "registry.example/ledger:1.2.0" in stage.until_true("Reconciling", "ImagePullFailed")


def test_a_pod_that_no_node_takes_says_what_the_scheduler_says(stage: Stage):
    stage.apply()
    stage.kubelet.leave_unscheduled(stage.next_job(), "0/3 nodes are available: 3 Insufficient memory.")
    assert "Insufficient memory" in stage.until_true("Reconciling", "Unschedulable")


def test_a_job_that_does_not_start_in_time_is_removed_and_tried_again(stage: Stage):
    stage.apply(timeouts={"start": "2s"}, retry=QUICK)
    first = stage.next_job()
    stage.kubelet.keep_waiting(first, "CreateContainerConfigError", 'secret "ledger-db" not found')
    second = stage.next_job(first)
    assert stage.jobs() == [second]
    assert stage.status()["run"]["attempt"] == 2
    assert stage.status()["run"].get("failures", 0) == 0
    stage.kubelet.start(second)
    stage.until_true("Reconciling", "Running")
    stage.bring_to_ready()


def test_why_it_did_not_start_is_still_said_when_the_job_is_away(stage: Stage):
    stage.apply(timeouts={"start": "2s"}, retry={"maxDelay": "1h"})
    stage.kubelet.keep_waiting(stage.next_job(), "CreateContainerConfigError", 'secret "ledger-db" not found')
    stage.until("The Job is removed", lambda: not stage.jobs())
    message = stage.until_true("Reconciling", "SecretNotFound")
    assert "no container started within 2s" in message
    stage.until("A next try has a time", lambda: stage.status().get("nextRetryTime"))
    assert stage.status()["run"]["state"] == "Finished"


def test_a_quota_without_pods_is_named_and_the_run_goes_on_when_it_is_raised(stage: Stage):
    quota(stage.api, "pods")
    stage.apply()
    job = stage.next_job()
    message = stage.until_true("Reconciling", "PodNotCreated")
    assert "exceeded quota: none" in message
    stage.api.delete("resourcequotas", "none")
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.bring_to_ready()
    assert stage.jobs() == [job]


def test_a_quota_without_jobs_is_named_and_the_job_is_tried_again(stage: Stage):
    quota(stage.api, "count/jobs.batch")
    stage.apply(retry=QUICK)
    message = stage.until_true("Reconciling", "PodNotCreated")
    assert "exceeded quota: none" in message
    stage.api.delete("resourcequotas", "none")
    stage.bring_to_ready()


def test_a_template_that_the_api_server_refuses_stalls_until_it_is_mended(stage: Stage):
    volumes = [{"name": "ca", "configMapp": {"name": "ca"}}]
    stage.apply(job={"template": {"spec": {"volumes": volumes}}})
    message = stage.until_true("Stalled", "JobRefused")
    assert 'unknown field "spec.template.spec.volumes[1].configMapp"' in message
    assert stage.jobs() == []
    stage.apply(job={"template": {"spec": {"volumes": None}}})
    stage.bring_to_ready()


def test_a_template_with_a_thousand_faults_still_fits_a_status(stage: Stage):
    tolerations = [{"key": f"k{n}", "operator": "Sometimes", "effect": "Maybe"} for n in range(1000)]
    stage.apply(job={"template": {"spec": {"tolerations": tolerations}}})
    message = stage.until_true("Stalled", "JobRefused")
    assert "tolerations[0]" in message
    assert len(message) <= 1024
    assert len(stage.status()["run"]["message"]) <= 1024


def test_a_foreign_job_with_our_name_is_a_conflict(stage: Stage):
    stage.apply(retry=QUICK)
    first = stage.next_job()
    stage.operator.stop()
    foreign = stage.api.get("jobs", first)["spec"]["template"]["spec"]
    stage.api.delete("jobs", first)
    name = first.removesuffix("-1") + "-2"
    stage.api.create("jobs", {"metadata": {"name": name}, "spec": {"template": {"spec": foreign}}})
    stage.operator.start()
    message = stage.until_true("Stalled", "JobConflict")
    assert f"Job {name} belongs to somebody else" in message
    stage.api.delete("jobs", name)
    stage.annotate("1")
    stage.bring_to_ready()
