"""Between a plan and the run that carries it out: what was told, and whether a person has to say yes."""

from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from revgate.contract.exits import Next
from revgate.contract.planned import digest_in
from revgate.contract.reasons import Reason
from revgate.control.deciding.decision import Await, Stall, Tell
from revgate.control.deciding.endings import Ended
from revgate.control.observing.plans import needs_approval, plan_name, plan_of
from revgate.control.observing.snapshot import Migration, Plan, Run, Snapshot
from revgate.control.resource.plan_resource import PlanSpec
from revgate.control.resource.record import RunRecord
from revgate.control.resource.spec import Spec

_MOST_NAMED: Final = 3


def held_back(migration: Migration, spec: Spec, plan: Plan) -> Await | Stall | None:
    """Return why a plan may not be carried out now; None when it may."""
    said = plan.spec
    if said.rejected:
        why = f": {said.rejected.why}" if said.rejected.why else ""
        return Stall(Reason.PLAN_REJECTED, f"Plan {plan.name} was rejected by {said.rejected.by}{why}")
    if spec.mode == "Plan":
        return Await(plan.name, Reason.PLANNED, f"Plan {plan.name} {_says(said)}; nothing is done in mode Plan")
    if said.approved is None and needs_approval(spec, destructive=said.destructive):
        how = f"approve it: kubectl revgate approve {migration.key.name} -n {migration.key.namespace}"
        return Await(plan.name, Reason.AWAITING_APPROVAL, f"Plan {plan.name} {_says(said)}; {how}")
    return None


def was_carried_out(migration: Migration, plan: Plan) -> bool:
    """Say whether a run of this plan, and not of an earlier one of its name, has moved the database."""
    done = (entry.finished_at for entry in migration.status.history if entry.plan == plan.name)
    return any(at is not None and at > plan.created_at for at in done)


def told(snapshot: Snapshot, spec: Spec, run: Run | RunRecord | None) -> Tell | None:
    """Return what a plan run told, to be written down; None when that is lost."""
    if not isinstance(run, Run) or run.document is None:
        return None
    migration, asked = snapshot.migration, spec.image or snapshot.image
    digest = digest_in(run.pod.image) if run.pod else ""
    image = f"{asked.partition('@')[0]}@{digest}" if digest else asked  # a node may know it by another name
    try:
        plan = plan_of(migration, spec, run.document, image)
    except ValidationError:
        return None  # whoever writes a pod's log may write what no plan is
    return Tell(plan_name(migration, run.inputs, plan), run.inputs, plan)


def lost_plan(ended: Ended) -> Ended:
    """Return how a plan run ended whose plan nobody has: it is told again."""
    message = f"{ended.message}, and the plan is gone with its log; it is made again"
    return replace(ended, reason=Reason.POD_LOST, next=Next.AGAIN, message=message)


def _says(plan: PlanSpec) -> str:
    """Return what a plan would do, in a few words."""
    count = len(plan.revisions)
    if not count:
        return f"records in the ledger what is applied, up to {', '.join(plan.to)}"
    places = f"{', '.join(plan.from_) or 'base'} to {', '.join(plan.to)}"
    return f"applies {count} revision{'' if count == 1 else 's'}, {places}{_loss(plan)}"


def _loss(plan: PlanSpec) -> str:
    lost = [what for one in plan.revisions for what in one.destroys]
    if not plan.destructive:
        return ""
    if not lost:
        return ", and may take data away: not all of its SQL is known"
    return f", and takes away {', '.join(lost[:_MOST_NAMED])}{' and more' if len(lost) > _MOST_NAMED else ''}"
