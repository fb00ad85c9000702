"""The CRD of SchemaPlan, generated from its types."""

from typing import Any, Final

from revgate.contract import names
from revgate.control.crd import structural
from revgate.control.plan_resource import PlanSpec

_COLUMNS: Final = (
    ("Migration", "string", ".spec.migration"),
    ("From", "string", ".spec.from[*]"),
    ("To", "string", ".spec.to[*]"),
    ("Destructive", "boolean", ".spec.destructive"),
    ("Approved", "string", ".spec.approved.by"),
    ("Rejected", "string", ".spec.rejected.by"),
    ("Age", "date", ".metadata.creationTimestamp"),
)


def schema_plan_crd() -> dict[str, Any]:
    """Return the CustomResourceDefinition of SchemaPlan, as a manifest."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLANS}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.PLAN_KIND,
                "listKind": f"{names.PLAN_KIND}List",
                "plural": names.PLANS,
                "singular": names.PLAN_KIND.lower(),
                "shortNames": [names.PLAN_SHORT_NAME],
            },
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [
                        {"name": name, "type": kind, "jsonPath": path} for name, kind, path in _COLUMNS
                    ],
                    "schema": {"openAPIV3Schema": _root()},
                }
            ],
        },
    }


def _root() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What an upgrade would do to a database; approving it lets it be done",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(PlanSpec.model_json_schema(by_alias=True)),
        },
    }
