"""The verb `logs`: what the runner wrote, as long as its pod is there."""

import argparse
from typing import Any, Final

from revgate.cli.kubectl.errors import PluginError
from revgate.cli.kubectl.looking_up import migration_named
from revgate.cli.kubectl.migration import Migration
from revgate.cli.kubectl.options import add_name, bare_name
from revgate.cli.kubectl.pod import waiting_of
from revgate.cli.kubectl.program import Kubectl
from revgate.contract import names

EPILOG: Final = """\
Examples:
  kubectl revgate logs ledger
  kubectl revgate logs ledger -f            # follow it
  kubectl revgate logs ledger --previous    # of the run before the newest"""

_JOB: Final = "batch.kubernetes.io/job-name"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the migration and which run."""
    add_name(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run has ended")
    parser.add_argument("-p", "--previous", action="store_true", help="of the run before the newest")
    parser.add_argument("--tail", type=int, default=-1, metavar="LINES", help="the last lines only")


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Let kubectl print the log."""
    migration = migration_named(kubectl, bare_name(args.name))
    pods = kubectl.find("pods", f"{names.RUN_OF}={migration.name}")
    pod = _previous(migration, pods) if args.previous else _newest(migration, pods)
    if reason := waiting_of(pod, names.CONTAINER):
        raise PluginError(f"Pod {pod['metadata']['name']} has no log yet, its container has not started: {reason}")
    words = ["logs", pod["metadata"]["name"], f"--container={names.CONTAINER}", f"--tail={args.tail}"]
    kubectl.show(*words, *(["--follow"] if args.follow else []))
    return 0


def _newest(migration: Migration, pods: list[dict[str, Any]]) -> dict[str, Any]:
    if migration.run is None:
        raise PluginError(f"Migration {migration.name} had no run yet: {migration.ready.message}")
    for pod in pods:
        if pod["metadata"]["labels"].get(_JOB) == migration.run.job:
            return pod
    raise PluginError(_gone(migration))


def _previous(migration: Migration, pods: list[dict[str, Any]]) -> dict[str, Any]:
    newest = migration.run.job if migration.run else ""
    before = [pod for pod in pods if pod["metadata"]["labels"].get(_JOB) != newest]
    if not before:
        raise PluginError(
            f"No pod of an earlier run of migration {migration.name} is there: "
            f"`kubectl revgate history {migration.address}` shows how runs ended"
        )
    return max(before, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))


def _gone(migration: Migration) -> str:
    run = migration.run
    if run is None or run.state != "Finished":
        return f"Job {run.job if run else ''} has no pod: `kubectl revgate status {migration.address}` says why"
    said = f"; it ended with {run.reason}: {run.message}" if run.message else f"; it ended with {run.reason}"
    return (
        f"Pod of Job {run.job} is gone, and its log with it{said}; a finished Job is kept for "
        "spec.job.ttlSecondsAfterFinished"
    )
