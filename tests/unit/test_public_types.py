"""The types of the public API, checked by mypy as a user would."""

import re
import subprocess
import sys
from pathlib import Path

TYPING = Path(__file__).parents[1] / "typing"


def mypy(file: Path, tmp_path: Path) -> str:
    """Run mypy --strict on a file, against the installed package and with no settings of ours."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(file)]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False).stdout


def test_the_whole_public_api_has_precise_types_for_both_kinds_of_engine(tmp_path: Path):
    assert "Success: no issues found" in mypy(TYPING / "api.py", tmp_path)


def test_what_is_wrong_is_refused_line_by_line(tmp_path: Path):
    file = TYPING / "mistakes.py"
    said = mypy(file, tmp_path)
    found = {int(number) for number in re.findall(r":(\d+): error", said)}
    meant = {at for at, line in enumerate(file.read_text().splitlines(), 1) if line.endswith("# error")}
    assert found == meant, said
