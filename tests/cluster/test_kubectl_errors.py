"""What `kubectl revgate` says when something is wrong: one sentence, and 1."""

from pathlib import Path

import pytest
import yaml

from revgate.cli.kubectl.verbs import VERBS
from support.cluster import Cluster
from support.plugin import Plugin, Written

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]

STRANGER = "stranger@example.com"


@pytest.fixture
def config(crd: Cluster) -> dict:
    """The kubeconfig, to be changed and written to another file."""
    return yaml.safe_load(crd.kubeconfig.read_text())


def test_a_name_that_is_nearly_right_is_suggested(revgate: Plugin, written: Written):
    written.migration("ledger")
    here = revgate.api.namespace
    assert revgate.refused("status", "ledgr") == (
        f"SchemaMigration ledgr was not found in namespace {here}: did you mean ledger?"
    )
    assert revgate.refused("suspend", "zzz") == (
        f"SchemaMigration zzz was not found in namespace {here}: there are ledger"
    )


def test_an_empty_namespace_is_said_to_be_empty(revgate: Plugin):
    assert "which has none: choose another one with -n" in revgate.refused("retry", "ledger")
    assert "Pod app was not found" in revgate.refused("why", "app")


def test_a_missing_right_is_named(revgate: Plugin, written: Written):
    written.migration()
    here = revgate.api.namespace
    assert revgate.refused("status", "ledger", "--as", STRANGER) == (
        f"User {STRANGER} may not get schemamigrations.revgate.io in namespace {here}: "
        "bind a role there that has this verb on it"
    )
    said = revgate.anywhere("status", "-A", f"--as={STRANGER}")
    assert said.err.startswith(f"User {STRANGER} may not list schemamigrations.revgate.io in all namespaces: ")


def test_kubectl_may_be_missing(revgate: Plugin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert revgate.refused("status") == "kubectl was not found: install it, or put its folder on the PATH"
    assert revgate.refused("logs", "ledger").startswith("kubectl was not found")


def test_a_kubectl_that_prints_something_else_is_doubted(
    revgate: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "kubectl").write_text("#!/bin/sh\necho Welcome to prod\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert revgate.refused("status", "ledger").startswith("kubectl printed no JSON but 'Welcome to prod': ")


def test_a_cluster_that_does_not_answer_is_said(revgate: Plugin, config: dict, tmp_path: Path):
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    assert revgate.refused("status", "--kubeconfig", write(config, tmp_path)).startswith("Cluster was not reached: ")


def test_a_login_that_is_not_accepted_is_said(revgate: Plugin, config: dict, tmp_path: Path):
    config["users"][0]["user"] = {"token": "nobody's"}
    refusal = revgate.refused("status", "--kubeconfig", write(config, tmp_path))
    assert refusal.startswith("Cluster did not accept your login: ")


def test_a_context_that_does_not_exist_is_named(revgate: Plugin):
    assert revgate.refused("status", "--context=prod").startswith("Context prod does not exist: `kubectl config")


def test_a_kubeconfig_that_is_not_there_is_named(revgate: Plugin):
    assert "/nowhere/config" in revgate.refused("status", "--kubeconfig=/nowhere/config")


def test_the_namespace_of_the_context_counts(revgate: Plugin, written: Written, config: dict, tmp_path: Path):
    written.migration()
    config["contexts"][0]["context"]["namespace"] = revgate.api.namespace
    said = revgate.anywhere("status", "--kubeconfig", write(config, tmp_path))
    assert said.lines[1].startswith("ledger ")
    unknown = revgate.anywhere("status", "other", "--kubeconfig", write(config, tmp_path))
    assert f"in namespace {revgate.api.namespace}: " in unknown.err


def test_options_of_kubectl_may_stand_before_the_verb(revgate: Plugin, written: Written):
    written.migration("status")
    said = revgate.anywhere("-n", revgate.api.namespace, "status", "status")
    assert said.lines[0] == f"Migration  {revgate.api.namespace}/status"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["stauts"], "Command stauts is unknown: did you mean status?"),
        (["frobnicate"], "Command frobnicate is unknown: see `kubectl revgate --help`"),
        (["status", "--wide"], "Unrecognized arguments: --wide: see `kubectl revgate status --help`"),
        (["reject", "ledger"], "The following arguments are required: --why: see `kubectl revgate reject --help`"),
        (["reject", "ledger", "--why", " "], "A rejection needs a reason: pass --why"),
        (["status", "ledger", "-A"], "A name means one namespace: leave out the name, or -A"),
    ],
)
def test_a_wrong_word_is_one_sentence(revgate: Plugin, words: list[str], sentence: str):
    assert revgate.refused(*words) == sentence


def test_the_help_names_every_verb_and_each_has_its_own(revgate: Plugin):
    shown = revgate.anywhere("--help").out
    for verb, summary in VERBS.items():
        assert f"  {verb:8} {summary}" in shown
        own = revgate.anywhere(verb, "--help")
        assert own.out.startswith(f"Usage: kubectl revgate {verb} ")
        assert max(map(len, [*own.lines, *shown.splitlines()])) <= 80
    assert revgate.anywhere().err == shown
    assert revgate.anywhere("--version").out.startswith("revgate ")


def test_a_shell_is_offered_verbs_names_and_options(revgate: Plugin, written: Written):
    written.migration("ledger")
    written.migration("orders")
    assert revgate.completes("sta") == ["status"]
    assert revgate.completes("") == sorted(VERBS)
    assert revgate.completes("status", "le") == ["ledger"]
    assert revgate.completes("status", "--out") == ["--output"]
    assert {"--output", "--namespace"} < set(revgate.completes("status", "ledger", ""))
    assert revgate.completes("why", "o") == []
    assert revgate.api.namespace in revgate.completes("status", "-n", revgate.api.namespace[:6])


def write(config: dict, folder: Path) -> str:
    (folder / "config").write_text(yaml.safe_dump(config))
    return str(folder / "config")
