"""The CRD: small, structural, described, and one with what the operator reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from revgate.control.resource.crd import schema_migration_crd

ROOT = Path(__file__).parents[2]
CRD = schema_migration_crd()
VERSION = CRD["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]
OBVIOUS = {
    *("type", "status", "reason", "message", "lastTransitionTime", "observedGeneration"),  # every condition
    *("startedAt", "finishedAt", "outcome", "job"),
}


def fields(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from fields(inner, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")


SPEC = dict(fields(SCHEMA["properties"]["spec"], "spec"))
STATUS = dict(fields(SCHEMA["properties"]["status"], "status"))


def test_the_crd_is_small():
    assert len(json.dumps(CRD)) < 64 * 1024
    assert len(yaml.safe_dump(CRD)) < 64 * 1024


@pytest.mark.parametrize("copy", ["deploy/crds", "charts/revgate/crds"])
def test_the_generated_file_is_up_to_date(copy):
    assert yaml.safe_load((ROOT / copy / "schemamigrations.yaml").read_text()) == CRD


@pytest.mark.parametrize("path", [path for path in SPEC | STATUS if not path.endswith("[]")])
def test_every_field_is_described_or_obvious(path):
    assert path.split(".")[-1] in OBVIOUS or (SPEC | STATUS)[path].get("description")


@pytest.mark.parametrize("path", SPEC | STATUS)
def test_every_field_is_structural(path):
    schema = (SPEC | STATUS)[path]
    assert schema.get("type"), schema
    assert not {"$ref", "$defs", "anyOf", "allOf", "oneOf", "title"} & schema.keys()
    assert schema.get("additionalProperties", {"type": "string"}).get("type") == "string", "a map of what?"
    assert schema["type"] != "array" or "items" in schema


def test_the_status_holds_only_what_the_operator_wrote_and_the_first_condition():
    assert [path for path, schema in STATUS.items() if "default" in schema] == ["status"]
    (condition,) = STATUS["status"]["default"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Ready", "Unknown", "Pending")


def test_no_pod_spec_is_embedded():
    template = SPEC["spec.job.template"]["properties"]
    assert set(template) == {"metadata", "spec"}
    assert all(part["x-kubernetes-preserve-unknown-fields"] and "properties" not in part for part in template.values())


def test_conditions_are_a_map_by_type():
    conditions = STATUS["status.conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


def test_status_is_a_subresource():
    assert VERSION["subresources"] == {"status": {}}


def test_every_rule_has_a_message_for_a_person():
    rules = [rule for schema in SPEC.values() for rule in schema.get("x-kubernetes-validations", ())]
    assert rules
    for rule in rules:
        assert not rule["message"].endswith(".")
        assert " " in rule["message"]


def test_every_text_that_a_rule_looks_at_has_an_end_so_that_its_cost_has_one():
    for path, schema in SPEC.items():
        if "x-kubernetes-validations" in schema and schema["type"] == "string":
            assert "maxLength" in schema, path


def test_the_columns_are_those_that_people_look_for():
    columns = {column["name"]: column for column in VERSION["additionalPrinterColumns"]}
    assert [name for name, column in columns.items() if not column.get("priority")] == [
        *("Ready", "Reason", "Current", "Target", "Pending", "Age")
    ]
    assert [name for name, column in columns.items() if column.get("priority")] == ["Image", "Message"]
