"""What a run depends on, taken back from a user's pod template: all else is theirs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from revgate.contract import names
from revgate.contract.report import MOST_BYTES
from revgate.control.runs.overlay import CONTAINERS, value_of

_OURS: Final = ("name", "image", "args", "terminationMessagePath", "terminationMessagePolicy")
_ENDS_A_RUN: Final = ("livenessProbe", "startupProbe", "restartPolicy", "restartPolicyRules")
_THEIRS: Final = ("HOME",)
_MESSAGES_OF_A_POD: Final = 12288  # bytes that a kubelet keeps of all termination messages together
_INJECTED: Final = 4  # containers that a service mesh and its like may add to a pod, unseen from here

Item = Mapping[str, Any]


def with_ours(pod: Item, ours: Item) -> dict[str, Any]:
    """Return the pod with one try, time to roll back, and our containers as the spec has them, in their order.

    No deadline, which would take the report with the pod, and no probe, which would end the run.

    Args:
        pod: a pod's spec, ours with a template laid over it.
        ours: the same without the template.
    """
    least = ours["terminationGracePeriodSeconds"]
    grace = pod.get("terminationGracePeriodSeconds")
    kept = {field: value for field, value in pod.items() if field != "activeDeadlineSeconds"}
    full = kept | {
        "restartPolicy": ours["restartPolicy"],
        "terminationGracePeriodSeconds": max(grace, least) if isinstance(grace, int) else least,
        "containers": _with_containers(pod.get("containers"), ours["containers"]),
        "volumes": _with(pod.get("volumes"), ours["volumes"][1:], "name"),
    }
    if "initContainers" in ours:
        full["initContainers"] = _with_init_containers(pod.get("initContainers"), ours["initContainers"])
    return _with_room_for_reports(full)


def _with_init_containers(theirs: Any, ours: Sequence[Item]) -> Any:
    """Put theirs before ours: what they prepare, and sidecars, are for all of ours."""
    full = _with_containers(theirs, ours)
    if not isinstance(full, list):
        return full
    order = [each["name"] for each in ours]
    found = {value_of(each): each for each in full}
    return [*(each for each in full if value_of(each) not in order), *(found[name] for name in order if name in found)]


def _with_containers(theirs: Any, ours: Sequence[Item]) -> Any:
    """What is no list of containers stays what it is: the API server has words for that."""
    if theirs is None:
        return list(ours)
    if not isinstance(theirs, list):
        return theirs
    held = {each["name"]: each for each in ours}
    return [_taken_back(each, held[value_of(each)]) if value_of(each) in held else each for each in theirs]


def _with_room_for_reports(pod: dict[str, Any]) -> dict[str, Any]:
    """Tell the runner what the kubelet will keep of its report: the more containers a pod has, the less."""
    lists = [(field, pod[field]) for field in CONTAINERS if isinstance(pod.get(field), list)]
    room = _MESSAGES_OF_A_POD // (_INJECTED + sum(len(each) for _, each in lists))
    if room >= MOST_BYTES:
        return pod
    told = {"name": names.REPORT_BYTES, "value": str(room)}
    return pod | {
        field: [
            {**each, "env": _with(each.get("env"), [told], "name")} if value_of(each) == names.CONTAINER else each
            for each in containers
        ]
        for field, containers in lists
    }


def _taken_back(theirs: Item, ours: Item) -> dict[str, Any]:
    kept = {field: value for field, value in theirs.items() if field not in _ENDS_A_RUN}
    if ours["name"] != names.CONTAINER:
        return kept | {field: ours[field] for field in _OURS if field in ours}
    env = [variable for variable in ours["env"] if variable["name"] not in _THEIRS]
    return kept | {
        **{field: ours[field] for field in _OURS},
        "env": _with(theirs.get("env"), env, "name"),
        "volumeMounts": _with(theirs.get("volumeMounts"), ours["volumeMounts"][1:], "mountPath"),
    }


def _with(theirs: Any, ours: Iterable[Item], key: str) -> list[Any]:
    """Put ours in the place of theirs of the same name, else behind them; of /tmp they may have another volume."""
    held = {item[key]: item for item in ours}
    known = theirs if isinstance(theirs, list) else []
    named = [value_of(item, key) for item in known]
    return [
        *(held.get(name, item) for name, item in zip(named, known, strict=True)),
        *(item for name, item in held.items() if name not in named),
    ]
