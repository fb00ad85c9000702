"""SchemaPlans: made from what a plan run told, and read back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from revgate.contract import names
from revgate.contract.planned import PlanDocument, digest_in
from revgate.control.deciding.inputs import digest
from revgate.control.observing.snapshot import Migration, Plan
from revgate.control.resource.plan_resource import FoundInPlan, PlanSpec, RevisionInPlan
from revgate.control.resource.spec import Spec
from revgate.control.runs.job import stem_of


def plan_of(migration: Migration, spec: Spec, document: PlanDocument, image: str) -> PlanSpec:
    """Return the plan that a run told, of an image with its digest where that is known."""
    return PlanSpec(
        migration=migration.key.name,
        hash=document.hash(digest_in(image)),
        from_=document.before,
        to=document.target,
        image=image,
        destructive=document.destructive,
        needs_approval=needs_approval(spec, destructive=document.destructive),
        truncated=document.truncated,
        revisions=tuple(
            RevisionInPlan(
                revision=one.revision,
                message=one.message,
                checksum=one.checksum,
                sql=one.sql,
                not_rendered=one.not_rendered,
                destroys=one.destroys,
                findings=tuple(FoundInPlan(rule=f.rule, level=f.level, message=f.message) for f in one.findings),
            )
            for one in document.revisions
        ),
    )


def needs_approval(spec: Spec, *, destructive: bool) -> bool:
    """Say whether a person has to approve a plan."""
    return spec.approval == "Always" or (spec.approval == "Destructive" and destructive)


def plan_name(migration: Migration, inputs: str, plan: PlanSpec) -> str:
    """Return a name that only this plan of this spec can have."""
    return f"{stem_of(migration)}-{digest([migration.uid, inputs, plan.hash])[:10]}"


def plan_body(migration: Migration, inputs: str, plan: PlanSpec) -> dict[str, Any]:
    """Return the manifest. It goes with its migration: a plan is no run that must be seen to its end."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.PLAN_KIND,
        "metadata": {
            "name": plan_name(migration, inputs, plan),
            "namespace": migration.key.namespace,
            "labels": {
                names.MANAGED_BY: names.MANAGER,
                names.RUN_OF: migration.key.name,
                names.UID: migration.uid,
                names.INPUTS: inputs,
            },
            "ownerReferences": [
                {
                    "apiVersion": names.API_VERSION,
                    "kind": names.KIND,
                    "name": migration.key.name,
                    "uid": migration.uid,
                }
            ],
        },
        "spec": plan.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def read_plans(bodies: Iterable[Mapping[str, Any]], uid: str) -> tuple[Plan, ...]:
    """Return the plans of a migration, newest first; one that nobody can read is none."""
    plans = [plan for body in bodies if (plan := _read(body)) is not None and plan.uid == uid]
    return tuple(sorted(plans, key=lambda plan: (plan.created_at, plan.name), reverse=True))


def _read(body: Mapping[str, Any]) -> Plan | None:
    metadata = body["metadata"]
    labels = metadata.get("labels") or {}
    try:
        spec = PlanSpec.model_validate(body.get("spec"))
    except ValidationError:
        return None
    return Plan(
        name=metadata["name"],
        object_uid=metadata["uid"],
        uid=labels.get(names.UID, ""),
        inputs=labels.get(names.INPUTS, ""),
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        spec=spec,
    )
