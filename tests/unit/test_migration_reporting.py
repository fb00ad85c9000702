import pytest

from revgate.migration.errors import Interrupted
from revgate.migration.failures import Flight
from revgate.migration.findings import Findings
from revgate.migration.reporting import failure


@pytest.mark.parametrize(
    ("findings", "kept"),
    [
        pytest.param(
            Findings(read_again=True, current=("a1",), pending=("a2",)),
            "it was rolled back",
            id="pending still",
        ),
        pytest.param(Findings(read_again=True, current=("a2",)), "it was committed", id="the signal came after COMMIT"),
        pytest.param(
            Findings(current=("a1",), pending=("a2",)),
            "whether it was committed could not be seen",
            id="the server did not answer any more",
        ),
    ],
)
def test_what_became_of_an_interrupted_revision_is_told_only_when_it_was_seen(findings, kept):
    findings.flight = Flight("a2", "a2_change.py")
    message = failure(Interrupted("Run was interrupted by SIGTERM"), findings, ()).message
    assert message == f"Run was interrupted by SIGTERM during Revision a2 (a2_change.py); {kept}"
