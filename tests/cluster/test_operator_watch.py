"""What happened while nobody watched is found out: a deletion is told once, and never to who was not there."""

from support.cluster import Cluster
from support.stage import MIGRATIONS, Stage

pytest_plugins = ["support.operator_fixtures"]


def test_a_deletion_that_no_watch_told_of_is_found_out_by_the_next_list(stage: Stage, crd: Cluster):
    stage.operator.may_fail = True
    stage.apply()
    job = stage.bring_to_ready()
    stage.settle()
    stage.operator.freeze()
    try:
        stage.delete()
        crd.kill("apiserver")  # a new one does not know what happened before it began: the old version is gone
        crd.start("apiserver")
        assert stage.api.get(MIGRATIONS, "ledger") is None
        assert stage.jobs() == [job]
    finally:
        stage.operator.thaw()
    stage.until("The Job of a deleted migration is removed", lambda: not stage.jobs())


def test_an_object_that_is_longer_than_a_piece_of_the_stream_is_seen(stage: Stage):
    """Lines of a watch are as long as their objects: 300 KiB of annotations in two objects that come together."""
    stage.apply()
    job = stage.next_job()
    stage.api.patch("jobs", job, {"metadata": {"annotations": {"example.com/much": "x" * 200_000}}})
    stage.kubelet.start(job)
    stage.until_true("Reconciling", "Running")
    stage.api.patch(MIGRATIONS, "ledger", {"metadata": {"annotations": {"example.com/much": "y" * 200_000}}})
    stage.apply("other")
    stage.bring_to_ready("other")
