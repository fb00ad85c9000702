"""The verb `why`: what a pod waits for, of all that revgate may hold it by."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from revgate.cli.kubectl.errors import NotFoundError, PluginError
from revgate.cli.kubectl.facts import Fact, fact_lines
from revgate.cli.kubectl.gated_pod import GatedPod, pod_of
from revgate.cli.kubectl.held import verdict_of
from revgate.cli.kubectl.looking_up import migration_named, missing
from revgate.cli.kubectl.migration import Migration
from revgate.cli.kubectl.next_step import OPERATOR, next_step
from revgate.cli.kubectl.options import bare_name
from revgate.cli.kubectl.paint import Colour, painter
from revgate.cli.kubectl.program import Kubectl
from revgate.cli.kubectl.status_text import colour_of
from revgate.cli.printing import terminal_columns
from revgate.contract import names
from revgate.contract.serves import Answer

EPILOG: Final = """\
Examples:
  kubectl revgate why shop-7d4b9c6f5-x2x9z
  for pod in $(kubectl get pods -o name --field-selector status.phase=Pending)
  do kubectl revgate why $pod; done"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the pod."""
    parser.add_argument("pod", metavar="POD", help="the app's pod, or pod/NAME")


def run(kubectl: Kubectl, args: argparse.Namespace) -> int:
    """Print what holds the pod, and what its migration is doing about it."""
    name = bare_name(args.pod)
    try:
        pod = pod_of(kubectl.get("pods", name))
    except NotFoundError:
        raise missing(kubectl, "pods", "Pod", name) from None
    facts = [("Pod", f"{pod.namespace}/{pod.name}", Colour.TITLE), *_held(kubectl, pod)]
    print(*fact_lines(facts, terminal_columns(), painter()), sep="\n")
    return 0


def _held(kubectl: Kubectl, pod: GatedPod) -> Iterator[Fact]:
    if pod.has_gate:
        yield "Held", f"by its scheduling gate {names.SCHEDULING_GATE}", Colour.WAITING
        yield from _by_gate(kubectl, pod)
    elif pod.init and (said := _inside(kubectl, pod)):
        yield "Held", f"by its init container {pod.init}", Colour.WAITING
        yield "", said, Colour.PLAIN
        yield from _if_named(kubectl, pod)
    else:
        yield "Held", f"by nothing of revgate; it is {pod.body.get('status', {}).get('phase', 'Unknown')}", Colour.GOOD
        yield "", pod.trouble, Colour.PLAIN


def _by_gate(kubectl: Kubectl, pod: GatedPod) -> Iterator[Fact]:
    lacks = [
        *([] if pod.migration else [f"label {names.MIGRATION}"]),
        *([] if pod.requires else [f"annotation {names.REQUIRES}"]),
    ]
    if lacks:
        yield (
            "",
            f"It has no {' and no '.join(lacks)}: nobody can lift the gate; add it to the pod template",
            Colour.BAD,
        )
        return
    yield "Requires", ", ".join(pod.requires), Colour.PLAIN
    try:
        migration = migration_named(kubectl, pod.migration)
    except NotFoundError as error:
        own = f"A pod waits for a migration of its own namespace: create it, or correct label {names.MIGRATION}"
        yield from (("Answer", str(error), Colour.BAD), ("", own, Colour.PLAIN))
        return
    except PluginError as error:
        yield "Answer", str(error), Colour.BAD
        return
    verdicts = [verdict_of(migration, revision) for revision in pod.requires]
    held = [verdict for verdict in verdicts if verdict.answer is not Answer.YES]
    yield from (("Answer", f"{each.answer.capitalize()}: {each.message}", Colour.PLAIN) for each in held or verdicts)
    if held:
        yield from _migration(migration)
    else:
        yield (
            "Next",
            f"The operator lifts the gate at once; if it does not, see whether it runs: {OPERATOR}",
            Colour.PLAIN,
        )


def _inside(kubectl: Kubectl, pod: GatedPod) -> str:
    """Return what the init container says; "" when it has let the pod go."""
    if pod.is_waiting_inside:
        return kubectl.last_line(pod.name, pod.init) or "It has said nothing yet"
    if pod.said_inside:
        return pod.said_inside
    reason = pod.not_started
    return f"It has not started: {reason}" if reason else ""


def _if_named(kubectl: Kubectl, pod: GatedPod) -> Iterator[Fact]:
    """Tell of the migration, where a label says which it is; the init container asks the database and needs none."""
    if not pod.migration:
        return
    try:
        yield from _migration(migration_named(kubectl, pod.migration))
    except PluginError as error:
        yield "Migration", str(error), Colour.BAD


def _migration(migration: Migration) -> Iterator[Fact]:
    ready = migration.ready
    yield "Migration", f"{migration.name}: {ready.reason}", colour_of(migration)
    yield "", ready.message, Colour.PLAIN
    yield "Next", str(next_step(migration, datetime.now(UTC))), Colour.PLAIN
