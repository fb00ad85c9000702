"""What a run depends on, taken back from a user's pod template: all else is theirs."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from revgate.contract import names

_OURS: Final = ("name", "image", "args", "terminationMessagePath", "terminationMessagePolicy")
_ENDS_A_RUN: Final = ("livenessProbe", "startupProbe", "restartPolicy", "restartPolicyRules")
_THEIRS: Final = ("HOME",)

Item = Mapping[str, Any]


def with_ours(pod: Item, ours: Item) -> dict[str, Any]:
    """Return the pod with one try, time to roll back, and our container as the spec has it.

    No deadline, which would take the report with the pod, and no probe, which would end the run.

    Args:
        pod: a pod's spec, ours with a template laid over it.
        ours: the same without the template.
    """
    least = ours["terminationGracePeriodSeconds"]
    grace = pod.get("terminationGracePeriodSeconds")
    kept = {field: value for field, value in pod.items() if field != "activeDeadlineSeconds"}
    return kept | {
        "restartPolicy": ours["restartPolicy"],
        "terminationGracePeriodSeconds": max(grace, least) if isinstance(grace, int) else least,
        "containers": _with_container(pod.get("containers"), ours["containers"][0]),
        "volumes": _with(pod.get("volumes"), ours["volumes"][1:], "name"),
    }


def _with_container(theirs: Any, ours: Item) -> Any:
    """What is no list of containers stays what it is: the API server has words for that."""
    if theirs is None:
        return [ours]
    if not isinstance(theirs, list):
        return theirs
    return [_taken_back(each, ours) if _is_ours(each) else each for each in theirs]


def _is_ours(container: Any) -> bool:
    return isinstance(container, Mapping) and container.get("name") == names.CONTAINER


def _taken_back(theirs: Item, ours: Item) -> dict[str, Any]:
    kept = {field: value for field, value in theirs.items() if field not in _ENDS_A_RUN}
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
    named = [item.get(key) if isinstance(item, Mapping) else None for item in known]
    return [
        *(held.get(name, item) for name, item in zip(named, known, strict=True)),
        *(item for name, item in held.items() if name not in named),
    ]
