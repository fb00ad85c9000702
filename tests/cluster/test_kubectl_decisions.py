"""`kubectl revgate plan`, `approve` and `reject`: about the plan that was shown, by the caller, once."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from revgate.contract import names
from support.cluster import Cluster
from support.plugin import IMAGE, PLAN, Person, Plugin, Written, grant, plan_spec, standing

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]

DBA = "dba@example.com"
DECISIONS = [("approve",), ("reject", "--why", "not today")]


def decided(revgate: Plugin, name: str = PLAN) -> dict[str, Any]:
    """Return what was written into a plan."""
    spec = revgate.api.get(names.PLANS, name)["spec"]
    return {word: spec[word] for word in ("approved", "rejected") if word in spec}


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a person in front of the terminal."""
    return lambda *of: monkeypatch.setattr(sys, "stdin", Person(*of))


def test_a_plan_is_shown_with_its_sql_and_what_it_destroys(revgate: Plugin, written: Written):
    written.awaiting()
    here = revgate.api.namespace
    assert revgate.ok("plan", "ledger").lines == [
        f"Plan       {PLAN} of migration {here}/ledger",
        "Upgrade    0003 -> 0005, 2 revisions",
        "           Destructive: it takes data away",
        f"Image      {IMAGE}",
        f"Approval   Waits for it: `kubectl revgate approve ledger -n {here}`",
        "",
        "0004  Add currency",
        "    ALTER TABLE accounts ADD COLUMN currency TEXT;",
        "",
        "0005  Drop balances",
        "  destroys   table balances",
        "  error      Table balances is dropped, with its rows (drop-table)",
        "    SQL is not shown: it asks the database while it runs",
    ]


def test_a_migration_without_a_plan_says_when_there_is_one(revgate: Plugin, written: Written):
    written.migration(**standing("UpToDate", ready="True", true="Ready"))
    refusal = revgate.refused("plan", "ledger")
    assert refusal.startswith("Migration ledger has no plan: plans are made with spec.mode Plan or with spec.approval")
    written.status(plan=PLAN)
    assert revgate.refused("plan", "ledger").startswith(f"SchemaPlan {PLAN} of migration ledger was deleted")


def test_an_approval_names_the_caller_as_the_api_server_knows_him(revgate: Plugin, written: Written):
    written.awaiting()
    said = revgate.ok("approve", "ledger", "--yes")
    assert said.lines[0].startswith(f"Plan       {PLAN}")
    assert f"Plan {PLAN} was approved by admin: " in said.lines[-1]
    assert decided(revgate)["approved"]["by"] == "admin"
    assert revgate.refused("approve", "ledger", "--yes") == f"Plan {PLAN} was approved by admin already"
    assert revgate.refused("reject", "ledger", "--why=late", "--yes") == f"Plan {PLAN} was approved by admin already"
    assert "Approval   Approved by admin " in revgate.ok("plan", "ledger").out


def test_a_rejection_has_its_reason(revgate: Plugin, written: Written):
    written.awaiting()
    why = 'it\'s 100% wrong: "balances" are $needed'
    revgate.ok("reject", "ledger", "--yes", "--why", why)
    assert decided(revgate)["rejected"].items() >= {"by": "admin", "why": why}.items()
    assert revgate.refused("approve", "ledger", "-y") == f"Plan {PLAN} was rejected by admin: {why}"


@pytest.mark.parametrize("words", DECISIONS)
def test_a_person_is_asked_and_may_say_no(
    revgate: Plugin, written: Written, answering: Callable[..., None], words: Any
):
    written.awaiting()
    answering("")
    verb, *more = words
    assert revgate.refused(verb, "ledger", *more) == "Nothing was changed"
    assert decided(revgate) == {}
    answering("yes")
    revgate.ok(verb, "ledger", *more)
    assert decided(revgate)


def test_where_nobody_can_be_asked_nothing_is_approved(revgate: Plugin, written: Written):
    written.awaiting()
    assert revgate.refused("approve", "ledger").startswith("Nobody can be asked here: ")
    assert decided(revgate) == {}


@pytest.mark.parametrize("words", DECISIONS)
def test_a_plan_that_changed_while_it_was_read_is_not_decided_about(
    revgate: Plugin, written: Written, answering: Callable[..., None], words: Any
):
    written.awaiting()
    touch = {"metadata": {"annotations": {"touched": "yes"}}}
    answering("y", lambda: revgate.api.patch(names.PLANS, PLAN, touch))
    verb, *more = words
    refusal = revgate.refused(verb, "ledger", *more)
    assert refusal.startswith(f"Migration ledger changed meanwhile, SchemaPlan {PLAN} was written to, and nothing was")
    assert decided(revgate) == {}


def test_another_plan_that_came_meanwhile_is_not_approved_unread(
    revgate: Plugin, written: Written, answering: Callable[..., None]
):
    written.awaiting()
    written.plan("ledger-ffffffffff", hash="cd" * 32)
    answering("y", lambda: written.status(plan="ledger-ffffffffff"))
    assert "its plan is ledger-ffffffffff now" in revgate.refused("approve", "ledger")
    assert (decided(revgate), decided(revgate, "ledger-ffffffffff")) == ({}, {})


def test_only_the_plan_that_is_named_is_approved(revgate: Plugin, written: Written):
    written.awaiting()
    refusal = revgate.refused("approve", "ledger", "--yes", "--plan", "ledger-0000000000")
    assert refusal == f"Plan of migration ledger is {PLAN} and not ledger-0000000000: read it first"
    revgate.ok("approve", "ledger", "--yes", f"--plan=splan/{PLAN}")
    assert decided(revgate)


def test_a_plan_of_an_older_spec_is_not_approved(revgate: Plugin, written: Written):
    written.awaiting()
    revgate.api.patch(names.PLURAL, "ledger", {"spec": {"targetRevision": "0004"}})
    assert "the operator has not looked at it yet" in revgate.refused("approve", "ledger", "--yes")
    assert decided(revgate) == {}


def test_a_plan_that_needs_no_approval_gets_none(revgate: Plugin, written: Written):
    written.awaiting(needsApproval=False, destructive=False, revisions=plan_spec()["revisions"][:1])
    assert "Approval   Not needed" in revgate.ok("plan", "ledger").out
    assert f"Plan {PLAN} needs no approval" in revgate.refused("approve", "ledger", "--yes")


def test_who_may_read_but_not_patch_plans_is_told_so(revgate: Plugin, written: Written, crd: Cluster):
    written.awaiting()
    grant(crd, revgate.api, DBA, {"schemamigrations": ["get"], "schemaplans": ["get"]})
    refusal = revgate.refused("approve", "ledger", "--yes", "--as", DBA)
    assert refusal == (
        f"User {DBA} may not patch schemaplans.revgate.io in namespace {revgate.api.namespace}: "
        "bind a role there that has this verb on it"
    )


def test_who_may_patch_plans_approves_without_any_right_on_migrations_but_to_read(
    revgate: Plugin, written: Written, crd: Cluster
):
    written.awaiting()
    grant(crd, revgate.api, DBA, {"schemamigrations": ["get"], "schemaplans": ["get", "patch"]})
    revgate.ok("approve", "ledger", "--yes", "--as", DBA)
    assert decided(revgate)["approved"]["by"] == DBA
    assert "may not patch schemamigrations" in revgate.refused("suspend", "ledger", "--as", DBA)
