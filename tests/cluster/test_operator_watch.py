"""What a watch brings, however long it is."""

from support.stage import MIGRATIONS, Stage

pytest_plugins = ["support.operator_fixtures"]


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
