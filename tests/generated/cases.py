"""Resources by number: each number and seed make one case, whatever the cases before it were."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from generated.anything import ODD_WORDS, anything, damaged, deep
from generated.schema import Field, fields, right, schema_of
from revgate.contract import names
from support.stage import manifest

KEY: Final = {"secretKeyRef": {"name": "that-exists-nowhere", "key": "url"}}
PARTS: Final = {"host": "db.example", "name": "ledger", "userFrom": KEY, "passwordFrom": KEY}
BASES: Final[tuple[dict[str, Any], ...]] = ({"database": {"urlFrom": KEY}}, {"database": PARTS})
SPEC: Final = schema_of(names.PLURAL, "spec")
FIELDS: Final = tuple(field for field in fields(SPEC, ("spec",)) if len(field.path) > 1)
WITH_FAULTS: Final = tuple(field for field in FIELDS if field.faults)
_AT_WORK: Final = 0.1  # of the valid ones: each has a Job and a pod
_DEPTHS: Final = (15, 60, 101, 400, 950, 1000, 3000, 9000, 12_000)
_SIZES: Final = (10_000, 100_000, 1_000_000, 1_500_000, 3_500_000)
_RARE: Final = (12, 6, 2, 1, 1)


@dataclass(frozen=True, slots=True)
class Case:
    """A manifest as it is sent. `field` is what a refusal has to name; with it, it must be refused."""

    number: int
    kind: str
    what: str
    text: bytes
    field: str = ""

    @property
    def name(self) -> str:
        return f"g{self.number}"


def chance_of(seed: int, number: int, what: str = "") -> random.Random:
    """Return the chance of a case, which is the same each time and in each order."""
    return random.Random(f"{seed}/{number}/{what}")  # noqa: S311  no secret


def case_of(number: int, seed: int) -> Case:
    """Return a case: three of ten are valid, four have one thing wrong, three are hostile."""
    chance = chance_of(seed, number)
    place = number // 10 * 4 + number % 10
    match number % 10:
        case 0 | 1 | 2 | 3:
            return _nearly_valid(number, place, chance)
        case 4 | 5 | 6:
            field = FIELDS[(number // 10 * 3 + number % 10) % len(FIELDS)]
            body = _valid(number, chance, field)
            return Case(number, "valid", f"with {'.'.join(field.path)}", _text(body))
        case _:
            return _hostile(number, chance)


def _valid(number: int, chance: random.Random, *wanted: Field) -> dict[str, Any]:
    """Return a migration with some fields set, as the schema takes them."""
    spec = copy.deepcopy(chance.choice(BASES)) | {"suspend": chance.random() > _AT_WORK}
    body = manifest(f"g{number}", **spec)
    for field in (*wanted, *chance.sample(FIELDS, k=chance.choice([0, 1, 2]) if wanted else 0)):
        tries_for_ever = field.path[:2] == ("spec", "retry") and not spec["suspend"]  # as often as the spec says
        if field.path[-1] != "suspend" and not tries_for_ever:
            _set(body, field.path, right(field.schema, chance))
    return body


def _nearly_valid(number: int, place: int, chance: random.Random) -> Case:
    field = WITH_FAULTS[place % len(WITH_FAULTS)]
    body = _valid(number, chance)
    if chance.randrange(8) == 0:
        _set(body, (*field.path[:-1], "fieldThatIsNone"), "x")
        return Case(number, "nearly", "an unknown field", _text(body), "fieldThatIsNone")
    words, value = chance.choice(field.faults)
    _set(body, field.path, value)
    inside = "" if value else (field.schema.get("required") or [""])[0]
    return Case(number, "nearly", f"{'.'.join(field.path)}: {words}", _text(body), inside or field.path[-1])


def _hostile(number: int, chance: random.Random) -> Case:
    what, text = chance.choice(_KINDS)(number, chance)
    return Case(number, "hostile", what, text)


def _long(number: int, chance: random.Random) -> tuple[str, bytes]:
    body, size = _valid(number, chance), chance.choices(_SIZES, weights=_RARE)[0]
    texts = [field for field in FIELDS if field.schema.get("type") == "string"]
    place = ("spec", "job", "template", "spec", "a") if chance.randrange(2) else chance.choice(texts).path
    _set(body, place, chance.choice("xé🐘\u0000") * size)
    return f"{size} characters in {'.'.join(place)}", _text(body)


def _deep(number: int, chance: random.Random) -> tuple[str, bytes]:
    body, levels = _valid(number, chance), chance.choice(_DEPTHS)
    place = chance.choice(
        [("spec", "job", "template", "spec"), ("spec", "job", "template", "metadata", "a"), ("spec",)]
    )
    inner = deep(levels, chance.choice(["{}", "[]"]) if len(place) > 4 else "{}")
    _set(body, (*place, "deep"), "HERE")
    return f"{levels} levels in {'.'.join(place)}", _text(body).replace(b'"HERE"', inner.encode())


def _template(number: int, chance: random.Random) -> tuple[str, bytes]:
    """Not suspended: the operator has to make a Job of it, and most are refused."""
    body = _valid(number, chance)
    part = chance.choice(["spec", "metadata"])
    body["spec"].setdefault("job", {})["template"] = {part: {key: anything(chance) for key in _some_keys(chance)}}
    body["spec"]["suspend"] = False
    return "a template that is anything", _text(body)


def _confused(number: int, chance: random.Random) -> tuple[str, bytes]:
    body = _valid(number, chance)
    return "anything somewhere in the spec", _text(body | {"spec": damaged(chance, body["spec"])})


def _odd_words(number: int, chance: random.Random) -> tuple[str, bytes]:
    body, texts = _valid(number, chance), [field for field in FIELDS if field.schema.get("type") == "string"]
    for field in chance.sample(texts, k=3):
        _set(body, field.path, chance.choice(ODD_WORDS))
    return "odd words", _text(body)


def _labelled(number: int, chance: random.Random) -> tuple[str, bytes]:
    body = _valid(number, chance)
    name = chance.choice(
        [f"g{number}"] * 3 + ["n" * 64, "n" * 253, f"g{number}.a.b", "G", "-", "", "a/b", "é", "..", 7]
    )
    labels = {label: str(chance.choice(ODD_WORDS)) for label in (names.RUN_OF, names.MANAGED_BY, names.UID)}
    odd = {names.RETRY: "x" * chance.choice([1, 200_000, 300_000]), "é": 7, "": None}
    notes = dict(chance.sample(sorted(odd.items()), k=1))
    owner = [{"apiVersion": "v1", "kind": chance.choice(["Pod", "Nonsense"]), "name": "x", "uid": 7}]
    metadata = {"name": name, "labels": labels, "annotations": notes, "ownerReferences": owner}
    return "odd metadata", _text(
        body | {"metadata": dict(chance.sample(sorted(metadata.items()), k=2)) | {"name": name}}
    )


def _not_json(number: int, chance: random.Random) -> tuple[str, bytes]:
    text = _text(_valid(number, chance))
    other = {"another version": ("v1alpha1", "v9")}
    what = chance.choice(
        [*other, "cut off", "1e400", "NaN", "half a character", "twice", "an end that is none", "empty", "a list"]
    )
    if what in other:
        return what, text.replace(*(each.encode() for each in other[what]))
    held = text.replace(b'"suspend": ', b'"historyLimit": %s, "suspend": ')
    return what, {
        "1e400": held.replace(b"%s", b"1e400"),
        "NaN": held.replace(b"%s", b"NaN"),
        "half a character": text.replace(b"that-exists", b"that-\xff-exists"),
        "cut off": text[:-20],
        "twice": text.replace(b'"spec": {', b'"spec": {"suspend": 7, "suspend": [], '),
        "an end that is none": text + b"}",
        "empty": b"",
        "a list": b"[" + text + b"]",
    }[what]


_KINDS: Final = (_long, _deep, _template, _template, _template, _confused, _odd_words, _labelled, _not_json)


def _some_keys(chance: random.Random) -> Iterator[str]:
    lists = ("containers", "initContainers", "volumes", "tolerations", "labels", "annotations", "imagePullSecrets")
    yield from chance.sample(lists, k=chance.randint(1, 3))


def _set(body: Any, path: tuple[str, ...], value: Any) -> None:
    """Set a field, and make what it stands in."""
    for name in path[:-1]:
        inner = body.get(name)
        body[name] = inner if isinstance(inner, dict) else {}
        body = body[name]
    body[path[-1]] = value


def _text(body: Any) -> bytes:
    return json.dumps(body).encode()
