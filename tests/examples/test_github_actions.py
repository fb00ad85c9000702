"""The workflow for GitHub Actions: it keeps to GitHub's schema, and its steps do what they say on a real database."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples.place import Postgresql
from examples.process import EXAMPLES, WITHIN, environment, run, succeed

FOLDER = EXAMPLES / "github_actions"
WORKFLOW = FOLDER / "deploy.yml"
VALIDATE = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")  # what GitHub runs for `shell: bash`
URLS = ("postgresql+psycopg://postgres@localhost:5432/ledger", "${{ secrets.DATABASE_URL }}")


@dataclass(frozen=True)
class Job:
    """A job of the workflow on a runner of our own: this process's Python, and a database of a test's own."""

    fields: dict[str, Any]
    place: Postgresql
    summary: Path

    def runs(self, *names: str) -> list[subprocess.CompletedProcess[str]]:
        """Run the steps with these names, or all, up to the first that fails."""
        done: list[subprocess.CompletedProcess[str]] = []
        for step in self.fields["steps"]:
            if "run" in step and (not names or step["name"] in names):
                done.append(self._run(step))
                if done[-1].returncode:
                    break
        return done

    def _run(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        written = {**self.fields.get("env", {}), **step.get("env", {})}
        given = {name: self.place.url for name, value in written.items() if value in URLS}
        assert given.keys() == written.keys(), f"Step {step['name']} has an environment that nobody gives it"
        variables = environment(**given, GITHUB_SHA="0" * 40, GITHUB_STEP_SUMMARY=str(self.summary))
        return subprocess.run(
            [*BASH, step["run"]], cwd=FOLDER, env=variables, capture_output=True, text=True, check=False, timeout=WITHIN
        )


@pytest.fixture
def jobs(postgresql: Postgresql, tmp_path: Path) -> dict[str, Job]:
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert workflow["defaults"]["run"]["shell"] == "bash"
    return {name: Job(fields, postgresql, tmp_path / "summary") for name, fields in workflow["jobs"].items()}


def test_it_keeps_to_the_schema() -> None:
    succeed(FOLDER, *VALIDATE, str(WORKFLOW))


def test_a_typing_error_would_be_found(tmp_path: Path) -> None:
    broken = tmp_path / "deploy.yml"
    broken.write_text(WORKFLOW.read_text().replace("timeout-minutes:", "timeout_minutes:"))
    assert run(FOLDER, *VALIDATE, str(broken)).returncode == 1


def test_its_steps_rehearse_and_then_migrate(jobs: dict[str, Job]) -> None:
    rehearsal = jobs["rehearse"].runs()
    assert [done.returncode for done in rehearsal] == [0, 0, 0, 0], rehearsal[-1].stderr
    assert rehearsal[-1].stdout.splitlines() == ["Current version: 0008", "✓ No pending migrations"]
    jobs["deploy"].place.query("DROP OWNED BY CURRENT_USER CASCADE")
    jobs["deploy"].place.query("CREATE SCHEMA IF NOT EXISTS public")
    deployment = jobs["deploy"].runs()
    assert [done.returncode for done in deployment] == [0, 0, 0, 0, 0], deployment[-1].stderr
    assert "CREATE TABLE account_aggregates" in jobs["deploy"].summary.read_text()
    assert deployment[-1].stdout == f"Deploying {'0' * 40}\n"
    assert jobs["deploy"].place.versions == [("0008",)]


def test_a_pending_revision_keeps_the_app_from_going_out(jobs: dict[str, Job]) -> None:
    assert [done.returncode for done in jobs["deploy"].runs("Nothing is pending", "Deploy")] == [1]


def test_a_failed_migration_keeps_the_app_from_going_out(jobs: dict[str, Job]) -> None:
    jobs["deploy"].place.query("CREATE TABLE accounts (mine integer)")
    assert [done.returncode for done in jobs["deploy"].runs("Migrate", "Deploy")] == [1]


def test_the_secret_is_seen_only_where_it_is_needed(jobs: dict[str, Job]) -> None:
    given = [step["name"] for step in jobs["deploy"].fields["steps"] if "secrets." in str(step)]
    assert given == ["Show what will run", "Migrate", "Nothing is pending"]
    assert "env" not in jobs["deploy"].fields
    assert "PASSWORD" not in WORKFLOW.read_text().upper()
