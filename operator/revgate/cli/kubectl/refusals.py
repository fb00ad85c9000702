"""What kubectl says when it fails, as one sentence with the next step. Pure."""

import re
from collections.abc import Callable
from typing import Final

from revgate.cli.kubectl.errors import ConflictError, ForbiddenError, NotFoundError, PluginError

_LOG_LINE: Final = re.compile(r"^[EWIF]\d{4} ")  # of kubectl's client library, the same thing up to five times
_RIGHT: Final = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_POLICY: Final = re.compile(r"ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: (.*)")


def refusal_of(stderr: str) -> PluginError:
    """Return the error that kubectl's last words mean."""
    lines = [line for line in stderr.splitlines() if line.strip() and not _LOG_LINE.match(line)]
    said = lines[-1].strip() if lines else "kubectl failed and did not say why"
    for pattern, make in _REFUSALS:
        if found := pattern.search(said):
            return make(found)
    return PluginError(said.removeprefix("error: ").removeprefix("Error from server "))


def _forbidden(found: re.Match[str]) -> PluginError:
    if policy := _POLICY.search(found[1]):
        return ForbiddenError(policy[1])
    right = _RIGHT.search(found[1])
    if not right:
        return ForbiddenError(found[1])
    resource = ".".join(filter(None, (right["resource"], right["group"])))
    place = f"in namespace {right['namespace']}" if right["namespace"] else "in all namespaces"
    return ForbiddenError(
        f"User {right['user']} may not {right['verb']} {resource} {place}: bind a role there that has this verb on it"
    )


def _unreachable(found: re.Match[str]) -> PluginError:
    return PluginError(
        f"Cluster was not reached: {found[0]}; `kubectl config current-context` and `kubectl cluster-info` show "
        "which cluster is meant"
    )


_REFUSALS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], PluginError]], ...]] = (
    (re.compile(r"\(NotFound\): (.*)"), lambda found: NotFoundError(found[1])),
    (re.compile(r"\(Forbidden\): (.*)"), _forbidden),
    (re.compile(r"\(Conflict\): (.*)"), lambda found: ConflictError(found[1])),
    (
        re.compile(r'the server doesn\'t have a resource type "(\w+)\.?"?'),
        lambda found: PluginError(
            f"Cluster does not know {found[1]}: install revgate's CRDs with `kubectl apply --server-side -f "
            "deploy/crds`, or choose another cluster with --context"
        ),
    ),
    (
        re.compile(r'context "?(.*?)"? does not exist|context was not found for specified context: (.*)'),
        lambda found: PluginError(
            f"Context {found[1] or found[2]} does not exist: `kubectl config get-contexts` lists what there is"
        ),
    ),
    (
        re.compile(r"must be logged in|\(Unauthorized\)|Unauthorized"),
        lambda _: PluginError("Cluster did not accept your login: log in to it again, or choose another --context"),
    ),
    (
        re.compile(r"(The connection to the server|Unable to connect to the server|dial tcp|i/o timeout|EOF$).*"),
        _unreachable,
    ),
)
