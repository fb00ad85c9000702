"""Every reason of the closed list, written by the real operator on a real API server.

A new reason is a line in one of three tables, or `test_every_reason_is_shown` fails: REPORTED, when a runner reports it
(with the test in which the real one does so, on a real database); SEEN, when it follows from what the kubelet or the
API server does; ELSEWHERE, when a test of its own shows it, in tests/cluster, tests/chart or tests/e2e.
"""

import ast
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from revgate.contract.exits import EXIT_TABLE, NEXT_BY_REASON, Exit, Next
from revgate.contract.reasons import Reason
from revgate.migration.backups.failed import BackupFailed
from revgate.migration.errors import MigrationError
from revgate.migration.plans.review import LintFailed
from support.api import Api
from support.kubelet import Kubelet, ended
from support.operator import Operator
from support.stage import Stage, done, report

pytest_plugins = ["support.operator_fixtures"]

Play = Callable[[Stage, str], object]
TESTS: Final = Path(__file__).parents[1]
LATER: Final = {"initialDelay": "1h", "maxDelay": "1h"}
INIT: Final = {"name": "certificates", "image": "registry.example/certificates:1"}
NOBODY: Final = "an error that nobody has thought of cannot be made"

REPORTED: Final = {
    Reason.UP_TO_DATE: "test_job_bundled::test_brings_an_empty_database_to_the_head",
    Reason.DATABASE_AHEAD: "test_job_history::test_says_ahead_when_the_image_is_rolled_back",
    Reason.DOWNGRADED: "test_job_downgrade::test_goes_down_and_says_how_far",
    Reason.DATABASE_UNREACHABLE: "test_job_connection::test_a_server_that_stays_down_is_unreachable",
    Reason.HOST_NOT_FOUND: "test_job_connection::test_an_unknown_host_is_waited_for_and_named",
    Reason.CONNECTION_LOST: "test_job_failures::test_a_lost_connection_may_be_tried_again",
    Reason.LOCK_HELD: "test_job_concurrency::test_names_the_session_that_holds_the_lock",
    Reason.LOCK_TIMEOUT: "test_job_concurrency::test_a_lock_timeout_names_who_is_in_the_way",
    Reason.CONFLICT: "test_job_failures::test_a_serialization_failure_may_be_tried_again",
    Reason.INTERRUPTED: "test_job_concurrency::test_sigterm_cancels_the_statement_and_rolls_back",
    Reason.AUTHENTICATION_FAILED: "test_job_connection::test_a_wrong_password_fails_at_once",
    Reason.DATABASE_NOT_FOUND: "test_job_connection::test_a_missing_database_fails_at_once",
    Reason.REVISION_FAILED: "test_job_endings::test_a_cancelled_task_in_a_revision_is_the_revisions_fault",
    Reason.PERMISSION_DENIED: "test_job_failures::test_a_missing_right_has_a_reason_of_its_own",
    Reason.UNKNOWN_TARGET: "test_job_endings::test_a_target_that_names_nothing_is_unknown",
    Reason.MULTIPLE_HEADS: "test_job_history::test_names_both_heads_when_the_target_is_the_head",
    Reason.UNKNOWN_REVISION: "test_job_history::test_refuses_a_database_that_went_another_way",
    Reason.EDITED_REVISION: "test_ledger_edited::"
    "test_a_job_ends_with_a_reason_of_its_own_and_goes_on_when_it_is_accepted",
    Reason.LEDGER_UNUSABLE: "test_ledger_edited::test_a_table_of_another_kind_in_the_ledgers_place_is_told",
    Reason.OWNED_BY_ANOTHER: "test_ledger_owner::test_a_job_is_refused_with_a_reason_and_takes_over_when_told",
    Reason.NO_SCRIPTS: "test_job_environments::test_says_what_was_looked_for_when_there_are_no_scripts",
    Reason.BROKEN_SCRIPTS: "test_job_environments::test_refuses_a_cycle_and_a_missing_parent",
    Reason.LINT_FAILED: "test_job_lint::test_an_error_stops_the_run_before_its_first_statement",
    Reason.ENVIRONMENT_FAILED: "test_job_endings::test_an_env_py_with_a_wrong_password_of_its_own_needs_a_human",
    Reason.WRONG_DATABASE: "test_job_environments::test_refuses_an_env_py_that_runs_the_revisions_past_our_connection",
    Reason.INVALID_DATABASE_URL: "test_job_connection::test_a_url_that_cannot_be_used_is_refused_without_being_shown",
    Reason.POOLER_REFUSED: "test_job_pooler::test_a_pooler_is_refused_with_what_to_do",
    Reason.BACKUP_FAILED: "test_backup_runs::test_a_job_without_its_backup_does_nothing_and_says_why",
    Reason.TIMED_OUT: "test_job_failures::test_a_limit_on_time_is_kept",
    Reason.RUNNER_BUG: NOBODY,
}
"""The test below plays the runner, by a report; the tests of tests/database here are those of the runner itself."""


def waits(reason: str, message: str = "") -> Play:
    return lambda stage, job: stage.kubelet.keep_waiting(job, reason, message)


def ends(code: int, message: str = "", reason: str = "") -> Play:
    return lambda stage, job: stage.kubelet.end(job, code, message, reason)


def is_evicted(stage: Stage, job: str) -> None:
    stage.kubelet.start(job)
    stage.kubelet.evict(job, 137)


def goes_with_its_pod(stage: Stage, job: str) -> None:
    stage.kubelet.start(job)
    stage.api.delete("jobs", job)


def fails_to_begin(stage: Stage, job: str) -> None:
    stage.kubelet.show(job, {"certificates": ended(3)}, phase="Failed")


SEEN: Final[dict[Reason, tuple[dict[str, Any], Play | None]]] = {
    Reason.STARTING: ({}, waits("ContainerCreating")),
    Reason.RUNNING: ({}, lambda stage, job: stage.kubelet.start(job)),
    Reason.SUSPENDED: ({"suspend": True}, None),
    Reason.KILLED: ({}, ends(137)),
    Reason.EVICTED: ({}, is_evicted),
    Reason.POD_LOST: ({}, goes_with_its_pod),
    Reason.INIT_FAILED: ({"job": {"template": {"spec": {"initContainers": [INIT]}}}}, fails_to_begin),
    Reason.OUT_OF_MEMORY: ({}, ends(137, reason="OOMKilled")),
    Reason.SECRET_NOT_FOUND: ({}, waits("CreateContainerConfigError", 'secret "ledger-db" not found')),
    Reason.SECRET_KEY_NOT_FOUND: (
        {},
        waits("CreateContainerConfigError", "couldn't find key url in Secret shop/ledger-db"),
    ),
    Reason.IMAGE_PULL_FAILED: ({}, waits("ImagePullBackOff", 'Back-off pulling image "x"')),
    Reason.POD_NOT_STARTED: ({}, waits("CreateContainerError", "no such device")),
    Reason.UNSCHEDULABLE: ({}, lambda stage, job: stage.kubelet.leave_unscheduled(job, "0/3 nodes are available")),
    Reason.INVALID_SPEC: ({"timeouts": {"start": "9999999h"}}, None),
    Reason.JOB_REFUSED: ({"job": {"template": {"spec": {"volumes": [7]}}}}, None),
    Reason.IMAGE_NOT_RUNNABLE: ({}, ends(128, 'exec: "revgate": executable file not found', "StartError")),
    Reason.NO_REPORT: ({}, ends(1)),
}
"""A spec, and what becomes of its Job's pod; None where there is no Job."""

ELSEWHERE: Final = {
    Reason.PENDING: "cluster/test_operator_crd.py::test_what_nobody_has_looked_at_yet_is_not_ready",
    Reason.WAITING_FOR_PREVIOUS_RUN: "cluster/test_operator_changes.py::"
    "test_another_spec_waits_for_a_run_that_has_started_and_then_runs",
    Reason.PLANNED: "e2e/test_approval.py::test_in_mode_plan_nothing_is_done",
    Reason.AWAITING_APPROVAL: "cluster/test_helm_wait.py::"
    "test_an_approval_by_the_plugin_lets_the_operator_and_helm_go_on",
    Reason.PLAN_REJECTED: "e2e/test_approval.py::"
    "test_a_plan_that_nobody_wants_is_rejected_and_another_spec_makes_another",
    Reason.PLAN_CHANGED: "cluster/test_operator_plans.py::test_a_plan_that_is_another_now_is_said_to_have_changed",
    Reason.DRIFTED: "cluster/test_operator_plans.py::test_a_database_that_is_not_where_it_was_brought_has_drifted",
    Reason.WAITING_FOR_OLD_PODS: "cluster/test_operator_floors.py::"
    "test_nobody_waits_for_pods_that_the_floor_does_not_end",
    Reason.HOOK_FAILED: "cluster/test_operator_hooks.py::"
    "test_a_hook_that_fails_before_the_migration_is_named_and_all_is_tried_again",
    Reason.POD_NOT_CREATED: "cluster/test_operator_waits.py::"
    "test_a_quota_without_pods_is_named_and_the_run_goes_on_when_it_is_raised",
    Reason.JOB_CONFLICT: "cluster/test_operator_waits.py::test_a_foreign_job_with_our_name_is_a_conflict",
    Reason.RETRY_LIMIT_REACHED: "cluster/test_operator_runs.py::test_failures_that_count_end_at_the_limit",
}


def every(kind: type[MigrationError]) -> Iterator[type[MigrationError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from every(each)


CODES: Final = {each.reason: each.exit for each in (*every(MigrationError), LintFailed, BackupFailed)}
"""Exit codes by the runner's own errors; what is no error ends with 0."""


@pytest.fixture(scope="module")
def all_applied(client: httpx.Client, operator_process: Operator) -> Stage:
    """One migration for each reason, all at once: they do not wait for each other's Jobs."""
    namespace = f"test-{secrets.token_hex(4)}"
    client.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).raise_for_status()
    api = Api(client, namespace)
    operator_process.start()
    stage = Stage(api, Kubelet(api), operator_process)
    asked = {Reason.DOWNGRADED: {"downgrade": {"to": "0001"}}} | {reason: spec for reason, (spec, _) in SEEN.items()}
    for reason in (*REPORTED, *SEEN):
        stage.apply(name_of(reason), retry=LATER, **asked.get(reason, {}))
    return stage


def name_of(reason: Reason) -> str:
    return reason.name.lower().replace("_", "-")


def true_for(reason: Reason) -> str:
    """The condition that is True, as the exit table has it."""
    on_the_way = {Reason.SUSPENDED: "", Reason.STARTING: "Reconciling", Reason.RUNNING: "Reconciling"}
    after = {Next.DONE: "Ready", Next.HUMAN: "Stalled"}
    return on_the_way.get(reason, after.get(NEXT_BY_REASON.get(reason, Next.HUMAN), "Reconciling"))


@pytest.mark.parametrize("reason", REPORTED, ids=str)
def test_what_the_runner_reports_is_the_reason(all_applied: Stage, reason: Reason):
    stage, name = all_applied, name_of(reason)
    code = CODES.get(reason, Exit.DONE)
    told = report(code, reason=reason) if code else done(reason=reason)
    stage.kubelet.finish(stage.next_job(name=name), told)
    assert told.message in told_with(stage, reason)


@pytest.mark.parametrize("reason", SEEN, ids=str)
def test_what_becomes_of_job_and_pod_is_the_reason(all_applied: Stage, reason: Reason):
    _, play = SEEN[reason]
    if play:
        play(all_applied, all_applied.next_job(name=name_of(reason)))
    assert re.match(r"[A-Z0-9].*[^.]$", told_with(all_applied, reason), re.DOTALL)


def told_with(stage: Stage, reason: Reason) -> str:
    """Wait for the reason and for the one condition that is True with it; return the message."""
    name = name_of(reason)
    ready = stage.until_reason(reason, name)
    true = [each["type"] for each in stage.status(name)["conditions"] if each["status"] == "True"]
    assert true == list(filter(None, [true_for(reason)])), stage.migration(name)
    return str(ready["message"])


def test_every_reason_is_shown():
    """A new reason needs a test that produces it: the docstring of this module says where its line goes."""
    tables = (REPORTED, SEEN, ELSEWHERE)
    assert set().union(*tables) == set(Reason)
    assert sum(map(len, tables)) == len(Reason), "A reason is in one table"


@pytest.mark.parametrize("reason", [each for each in REPORTED if REPORTED[each] != NOBODY], ids=str)
def test_the_runner_is_seen_to_report_it(reason: Reason):
    module, _, name = REPORTED[reason].partition("::")
    known = [code for code, ending in EXIT_TABLE.items() if ending.reason is reason and code]
    words = [rf"Reason\.{reason.name}\b", rf"\b{reason}\b", *(rf"Exit\.{Exit(code).name}\b" for code in known)]
    assert re.search("|".join(words), source_of(TESTS / "database" / f"{module}.py", name))


@pytest.mark.parametrize("reason", ELSEWHERE, ids=str)
def test_what_is_shown_elsewhere_is_shown_there(reason: Reason):
    path, _, name = ELSEWHERE[reason].partition("::")
    assert re.search(rf"\bReason\.{reason.name}\b|\b{reason}\b", source_of(TESTS / path, name))


def source_of(path: Path, name: str) -> str:
    """Return the text of a test and of its module's own helpers that it calls."""
    module = ast.parse(path.read_text())
    functions = {each.name: ast.unparse(each) for each in module.body if isinstance(each, ast.FunctionDef)}
    return functions[name] + "".join(text for other, text in functions.items() if f"{other}(" in functions[name])
