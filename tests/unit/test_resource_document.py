"""docs/resource.md: it has every field of the spec and no other, and its examples are taken as they stand."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from revgate.control.resource.crd import schema_migration_crd
from revgate.control.resource.spec import Spec

DOCUMENT = (Path(__file__).parents[2] / "docs/resource.md").read_text(encoding="utf-8")
SCHEMA = schema_migration_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
ENDS = ("urlFrom", "directUrlFrom", "userFrom", "passwordFrom", "template", "xArgs")  # one row for all that is in it
ROWS = {
    field: line.split("|")[2].strip()
    for line in DOCUMENT.splitlines()
    if line.startswith("| `")
    for field in re.findall(r"`([\w.]+)`", line.split("|")[1])
}
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema["properties"].items():
        where = f"{path}.{name}".lstrip(".")
        if "properties" in inner and name not in ENDS:
            yield from fields(inner, where)
        else:
            yield where, inner


FIELDS = dict(fields(SCHEMA))


def test_every_field_has_a_row_and_every_row_a_field():
    assert sorted(ROWS) == sorted(FIELDS)


@pytest.mark.parametrize("field", [field for field, schema in FIELDS.items() if schema.get("default")])
def test_the_default_is_told_as_it_is(field):
    default = FIELDS[field]["default"]
    assert ROWS[field] == f"`{str(default).lower() if isinstance(default, bool) else default}`".replace("'", "")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_spec_without_a_word_that_nobody_reads(example):
    spec = yaml.safe_load(example)["spec"]
    known_in(SCHEMA, spec)
    Spec.model_validate({"database": {}} | spec)


def known_in(schema: dict[str, Any], given: dict[str, Any]) -> None:
    for name, value in given.items():
        inner = schema["properties"][name]
        if "properties" in inner and "x-kubernetes-preserve-unknown-fields" not in inner:
            known_in(inner, value)
