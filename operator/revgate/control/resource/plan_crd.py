"""The CRD of SchemaPlan, generated from its types."""

from typing import Any, Final

from revgate.contract import names
from revgate.control.resource.crd import crd_of, object_of, structural
from revgate.control.resource.plan_resource import PlanSpec

_COLUMNS: Final = (
    ("Migration", "string", ".spec.migration", 0),
    ("From", "string", ".spec.from[*]", 0),
    ("To", "string", ".spec.to[*]", 0),
    ("Destructive", "boolean", ".spec.destructive", 0),
    ("Approved", "string", ".spec.approved.by", 0),
    ("Rejected", "string", ".spec.rejected.by", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
)


def schema_plan_crd() -> dict[str, Any]:
    """Return the CustomResourceDefinition of SchemaPlan, as a manifest."""
    spec = structural(PlanSpec.model_json_schema(by_alias=True))
    root = object_of("What an upgrade would do to a database; approving it lets it be done", {"spec": spec})
    return crd_of(names.PLAN_KIND, names.PLANS, names.PLAN_SHORT_NAME, _COLUMNS, root)
