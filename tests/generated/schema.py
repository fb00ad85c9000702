"""Values that follow from a CRD's own schema: right ones, and for each field what is wrong there.

A new field is covered without a line here: its type, limits, enum, pattern and rules say what it takes.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import yaml

from support.cluster import LOCAL

Schema = Mapping[str, Any]
Path = tuple[str, ...]

WORDS: Final = (
    *(
        "head",
        "heads",
        "0001",
        "billing@head",
        "10m",
        "500ms",
        "1h30m",
        "0s",
        "2s",
        "ledger-db",
        "url",
        "PUBLIC",
        "app",
    ),
    *(
        "registry.example/ledger:1.2.0",
        "db.example",
        "db/alembic.ini",
        "shop:migrations",
        "none",
        "$user",
        "pg_x",
        "base",
    ),
    *(
        "Übung",
        "日本語",
        "🐘" * 5,
        "\u202egnp.exe",
        "a\u200bb",
        "e\u0301" * 9,
        "\ufeffx",
        "$(PATH)",
        "%(x)s",
        "{{ x }}",
    ),
    *("a b", " ", "\t", "'; DROP TABLE t; --", '"', "\\", "-rf", "--plan", "=", "../..", "a\nb", "9" * 31 + "h"),
    *("ledger'; x", "<script>", "\x7f", "null", "true", "1e400", "0x10"),
)
NUMBERS: Final = (-(2**63), -1, 0, 1, 2, 7, 2**31, 2**53 + 1, 2**63 - 1)
TIMES: Final = (
    *("0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
    *("2026-11-22T21:00:00", "2026-11-22T21:00:00.123456789+14:00", "2016-12-31T23:59:60Z", "2026-02-30T00:00:00Z"),
    *("2026-11-22T21:00:00Z",) * 12,
    *("2026-11-22 21:00:00Z", "2026-11-22", "9999-12-31T23:59:59-23:59"),
)
_MATCHES: Final = re.compile(r"self\.matches\('(.*?)'\)")
_SHARE: Final = 0.3


@dataclass(frozen=True)
class Field:
    """A field, or an item of a list or map (`*`), with its schema."""

    path: Path
    schema: Schema

    @cached_property
    def faults(self) -> list[tuple[str, Any]]:
        """What is never right here: a few words on it, and the value."""
        return [*_of_another_type(self.schema), *_beyond_limits(self.schema), *_inside(self.schema)]


def schema_of(plural: str, part: str) -> Schema:
    """Return the schema of `spec` or `status` of a generated CRD."""
    crd = yaml.safe_load((LOCAL.parent / f"crds/{plural}.yaml").read_text())
    found: Schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
    return found


def fields(schema: Schema, path: Path) -> Iterator[Field]:
    """Yield a field and all in it."""
    yield Field(path, schema)
    for name, inner in schema.get("properties", {}).items():
        yield from fields(inner, (*path, name))


def right(schema: Schema, chance: random.Random) -> Any:
    """Return a value that the schema takes; rules between several fields may still refuse it."""
    if "enum" in schema:
        return chance.choice(schema["enum"])
    match schema.get("type"):
        case "boolean":
            return chance.random() < _SHARE
        case "integer":
            least, most = schema.get("minimum", min(NUMBERS)), schema.get("maximum", max(NUMBERS))
            return chance.choice([least, most, *(n for n in NUMBERS if least <= n <= most)])
        case "string":
            return chance.choice([text for text in _texts(schema) if _is_taken(schema, text)] or [""])
        case "array":
            return [right(schema["items"], chance) for _ in range(chance.randint(0, min(3, schema.get("maxItems", 3))))]
        case _:
            return _right_object(schema, chance)


def _right_object(schema: Schema, chance: random.Random) -> dict[str, Any]:
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping):
        return {chance.choice(WORDS): right(values, chance) for _ in range(chance.randint(0, 3))}
    needed = schema.get("required", ())
    return {
        name: right(inner, chance)
        for name, inner in schema.get("properties", {}).items()
        if name in needed or chance.random() < _SHARE
    }


def _texts(schema: Schema) -> tuple[str, ...]:
    if schema.get("format") == "date-time":
        return TIMES
    longest = ("x" * schema["maxLength"], "é" * schema["maxLength"]) if "maxLength" in schema else ()
    return (*WORDS, "", *longest, str(schema.get("default", "")))


def _is_taken(schema: Schema, text: str) -> bool:
    most = schema.get("maxLength", len(text))
    if not schema.get("minLength", 0) <= len(text) <= most:
        return False
    return all(re.search(pattern, text) for pattern in _patterns(schema)) or text == schema.get("default")


def _patterns(schema: Schema) -> list[str]:
    rules = "\n".join(rule["rule"] for rule in schema.get("x-kubernetes-validations", ()))
    said = [text.replace("\\\\", "\\") for text in _MATCHES.findall(rules)]
    return [*said, *([schema["pattern"]] if "pattern" in schema else [])]


def _of_another_type(schema: Schema) -> Iterator[tuple[str, Any]]:
    values: dict[str, Any] = {"string": "x", "integer": 7, "boolean": True, "array": ["x"], "object": {"x": "y"}}
    for kind, value in values.items():
        if kind != schema.get("type"):
            yield f"{kind} for {schema.get('type')}", value
    if schema.get("type") == "integer":
        yield "a fraction", 1.5


def _beyond_limits(schema: Schema) -> Iterator[tuple[str, Any]]:
    if "enum" in schema:
        yield "another word", "Nonsense"
    if "maxLength" in schema:
        yield "too long", "x" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield "empty", ""
    for pattern in _patterns(schema):
        yield from ((f"{text!r} against {pattern}", text) for text in WORDS if not re.search(pattern, text))
    if "minimum" in schema:
        yield "too small", schema["minimum"] - 1
    if "maximum" in schema:
        yield "too large", schema["maximum"] + 1
        yield "far too large", 10**30
    if "maxItems" in schema:
        yield "too many", ["x"] * (schema["maxItems"] + 1)
    if "maxProperties" in schema:
        yield "too many", {f"k{n}": "" for n in range(schema["maxProperties"] + 1)}
    if "required" in schema:
        yield "nothing in it", {}


def _inside(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Say what is wrong in a list, or as a value of a map."""
    items, values = schema.get("items"), schema.get("additionalProperties")
    if items:
        yield from ((f"an item with {words}", [value]) for words, value in Field((), items).faults)
    if isinstance(values, Mapping):
        yield from ((f"a value with {words}", {"k": value}) for words, value in Field((), values).faults)
