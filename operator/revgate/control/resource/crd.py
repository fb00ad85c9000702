"""The CRD, generated from the types of spec and status: pydantic's JSON schema made structural."""

from collections.abc import Iterable
from typing import Any, Final

from revgate.contract import names
from revgate.contract.reasons import Reason
from revgate.control.resource.model import rules
from revgate.control.resource.record import Status
from revgate.control.resource.spec import Spec

_DROPPED: Final = ("title", "$defs")
_EPOCH: Final = "1970-01-01T00:00:00Z"

# No status would count as ready for Helm and Flux (cluster facts, 1), so the API server fills one in at once.
_WAITING: Final = {
    "type": "Ready",
    "status": "Unknown",
    "reason": Reason.PENDING.value,
    "message": "Waiting for the operator to look at this migration",
    "lastTransitionTime": _EPOCH,
}

_COLUMNS: Final = (
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', 0),
    ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', 0),
    ("Current", "string", ".status.currentRevisions[*]", 0),
    ("Target", "string", ".status.targetRevisions[*]", 0),
    ("Pending", "integer", ".status.pendingCount", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Image", "string", ".status.observedImage", 1),
    ("Message", "string", '.status.conditions[?(@.type=="Ready")].message', 1),
)


def schema_migration_crd() -> dict[str, Any]:
    """Return the CustomResourceDefinition of SchemaMigration, as a manifest."""
    return crd_of(names.KIND, names.PLURAL, names.SHORT_NAME, _COLUMNS, _root(), {"status": {}})


def crd_of(
    kind: str,
    plural: str,
    short_name: str,
    columns: Iterable[tuple[str, str, str, int]],
    root: dict[str, Any],
    subresources: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the CustomResourceDefinition of one of our kinds.

    Args:
        kind: in the singular, with capitals.
        plural: in small letters.
        short_name: for the command line.
        columns: name, type, JSON path and priority of each printer column.
        root: the schema of the whole object.
        subresources: those that are switched on.
    """
    version = {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        **({"subresources": subresources} if subresources else {}),
        "additionalPrinterColumns": [
            {"name": name, "type": type_, "jsonPath": path} | ({"priority": priority} if priority else {})
            for name, type_, path, priority in columns
        ],
        "schema": {"openAPIV3Schema": root},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short_name],
            },
            "versions": [version],
        },
    }


def object_of(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object of ours with these properties beside those that every object has."""
    return {
        "type": "object",
        "description": description,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            **properties,
        },
    }


def _root() -> dict[str, Any]:
    status = _without_defaults(structural(Status.model_json_schema(by_alias=True)))
    status["default"] = {"conditions": [_WAITING]}
    root = object_of(
        "An Alembic history applied to one database",
        {"spec": structural(Spec.model_json_schema(by_alias=True)), "status": _with_condition_map(status)},
    )
    name = ("self.metadata.name.size() <= 63", "a migration's name has at most 63 characters: pods carry it in a label")
    return root | rules(name)


def structural(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a pydantic JSON schema as Kubernetes wants it: references inlined, no null, no title."""
    expanded: dict[str, Any] = _expand(schema, schema.get("$defs", {}))
    return expanded


def _expand(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_expand(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    merged = _without_indirection(node, definitions)
    expanded = {
        key: _named(value, definitions) if key == "properties" else _expand(value, definitions)
        for key, value in merged.items()
        if not _is_dropped(key, value)
    }
    if isinstance(expanded.get("default"), dict) and "properties" in expanded:
        expanded["default"] = {}  # the fields have defaults of their own, and the API server fills them in
    if expanded.get("x-kubernetes-preserve-unknown-fields"):
        expanded["type"] = "object"
    return expanded


def _is_dropped(key: str, value: Any) -> bool:
    """Whether Kubernetes has no use for it; of additionalProperties it wants to know what a map's values are."""
    return (
        key in _DROPPED
        or (key == "default" and value is None)
        or (key == "additionalProperties" and not isinstance(value, dict))
    )


def _named(properties: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {name: _expand(value, definitions) for name, value in properties.items()}


def _without_indirection(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, and take the one real choice of an optional field; what stands beside it wins."""
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        return _without_indirection({**target, **{k: v for k, v in node.items() if k != "$ref"}}, definitions)
    choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    if choices:
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _without_indirection({**choices[0], **rest}, definitions)
    return node


def _without_defaults(node: Any) -> Any:
    """Status holds what the operator wrote and nothing that the API server made up."""
    if isinstance(node, list):
        return [_without_defaults(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_defaults(value) for key, value in node.items() if key != "default"}
    return node


def _with_condition_map(status: dict[str, Any]) -> dict[str, Any]:
    conditions = status["properties"]["conditions"]
    conditions |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
    return status
