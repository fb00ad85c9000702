"""JSON that is anything at all, out of words that the operator looks for: what stands where everything is allowed."""

import json
import random
from typing import Any, Final

from generated.schema import NUMBERS, TIMES, WORDS

KEYS: Final = (
    *("metadata", "spec", "labels", "annotations", "containers", "initContainers", "volumes", "volumeMounts", "env"),
    *("name", "image", "args", "command", "mountPath", "value", "valueFrom", "resources", "limits", "memory"),
    *("tolerations", "imagePullSecrets", "topologySpreadConstraints", "nodeSelector", "securityContext", "affinity"),
    *("restartPolicy", "terminationGracePeriodSeconds", "activeDeadlineSeconds", "livenessProbe", "", "a/b", "é"),
    *("terminationMessagePath", "emptyDir", "serviceAccountName", "priority", "schedulingGates", "hostNetwork"),
)
ODD_WORDS: Final = (*WORDS, *TIMES, "migrate", "tmp", "/tmp", "\u0000", "x\u0000y", "\ud800", "\udfff", "\uffff")
ODD_NUMBERS: Final = (*NUMBERS, 2**64, 10**40, -0.0, 0.5, 1e308, 5e-324)


def anything(chance: random.Random, depth: int = 4) -> Any:
    """Return any JSON value."""
    kind = chance.randrange(10 if depth else 5)
    match kind:
        case 0:
            return None
        case 1:
            return chance.random() < 0.5
        case 2:
            return chance.choice(ODD_NUMBERS)
        case 3 | 4:
            return chance.choice(ODD_WORDS)
        case 5 | 6:
            return [anything(chance, depth - 1) for _ in range(chance.randint(0, 4))]
        case _:
            return {chance.choice(KEYS): anything(chance, depth - 1) for _ in range(chance.randint(0, 5))}


def damaged(chance: random.Random, value: Any) -> Any:
    """Return a copy in which something, somewhere, is anything."""
    copy = json.loads(json.dumps(value))
    places = list(_places(copy))
    for holder, at in chance.sample(places, k=min(len(places), chance.randint(1, 3))):
        holder[at] = anything(chance)
    return copy


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for at, inner in items:
        yield value, at
        yield from _places(inner)


def deep(levels: int, kind: str = "{}") -> str:
    """Return the text of JSON that is nested so deep."""
    opening = '{"a":' if kind == "{}" else "["
    return opening * levels + "1" + kind[1] * levels
