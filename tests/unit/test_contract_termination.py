"""The file of the termination message: whoever writes one means the same."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from revgate.cli import settled_report
from revgate.cli.settled import Settled
from revgate.contract import names
from revgate.contract.reasons import Reason
from revgate.contract.report import Report
from revgate.contract.termination import termination_file
from revgate.gate.announce import Announcer
from revgate.migration.reporting import write_report

Writer = Callable[[Mapping[str, str]], None]


def gate(environ: Mapping[str, str]) -> None:
    Announcer(termination_file(environ)).say("Database is at 0008")


def runner(environ: Mapping[str, str]) -> None:
    write_report(Report(0, Reason.UP_TO_DATE, "Database is at 0008"), environ)


def runner_with_nothing_to_do(environ: Mapping[str, str]) -> None:
    settled_report.report(Settled("0008", ()), environ)


@pytest.fixture(params=[gate, runner, runner_with_nothing_to_do])
def write(request: pytest.FixtureRequest) -> Writer:
    writer: Writer = request.param
    return writer


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kubernetes' own file, elsewhere."""
    monkeypatch.setattr(names, "TERMINATION_MESSAGE_PATH", str(tmp_path / "own"))
    return tmp_path / "own"


def test_the_file_that_is_named_is_written_and_made(write: Writer, own: Path, tmp_path: Path):
    own.touch()
    write({names.TERMINATION_MESSAGE: str(tmp_path / "named")})
    assert "Database is at 0008" in (tmp_path / "named").read_text()
    assert own.read_text() == ""


def test_kubernetes_own_file_is_written_where_it_is(write: Writer, own: Path):
    own.touch()
    write({names.TERMINATION_MESSAGE: ""})
    assert "Database is at 0008" in own.read_text()


def test_no_file_is_made_on_a_laptop(write: Writer, own: Path):
    write({})
    assert not own.exists()


def test_what_is_no_file_is_left_alone(write: Writer, own: Path, capfd: pytest.CaptureFixture[str]):
    own.mkdir()
    write({})
    assert list(own.iterdir()) == []
    assert "not written" not in capfd.readouterr().err


def test_a_file_that_cannot_be_written_stops_nobody(write: Writer, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    write({names.TERMINATION_MESSAGE: str(tmp_path / "no" / "folder")})
    assert not (tmp_path / "no").exists()
