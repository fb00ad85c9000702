"""What kubectl 1.34 says when it fails, and the sentence that it becomes."""

import pytest

from revgate.cli.kubectl.errors import ConflictError, ForbiddenError, NotFoundError, PluginError
from revgate.cli.kubectl.refusals import refusal_of

RESOURCE = "schemaplans.revgate.io"
NOISE = 'E1122 18:54:15.690752    4268 memcache.go:265] "Unhandled Error" err="couldn\'t get API group list"\n'

SAID = {
    f'Error from server (NotFound): {RESOURCE} "p" not found': (NotFoundError, f'{RESOURCE} "p" not found'),
    f'Error from server (Forbidden): {RESOURCE} "p" is forbidden: User "dev" cannot patch resource "schemaplans" in '
    'API group "revgate.io" in the namespace "shop"': (
        ForbiddenError,
        f"User dev may not patch {RESOURCE} in namespace shop: bind a role there that has this verb on it",
    ),
    'Error from server (Forbidden): pods is forbidden: User "dev" cannot list resource "pods" in API group "" at the '
    "cluster scope": (ForbiddenError, "User dev may not list pods in all namespaces: bind a role there that has this"),
    f'Error from server (Forbidden): {RESOURCE} "p" is forbidden: ValidatingAdmissionPolicy \'revgate-approved-by-'
    "caller' with binding 'revgate' denied request: approved.by must be dev": (
        ForbiddenError,
        "approved.by must be dev",
    ),
    'Error from server (Forbidden): pods "p" is forbidden: exceeded quota: none': (ForbiddenError, "exceeded quota"),
    f'Error from server (Conflict): Operation cannot be fulfilled on {RESOURCE} "p": the object has been modified': (
        ConflictError,
        "the object has been modified",
    ),
    'error: the server doesn\'t have a resource type "schemamigrations"': (
        PluginError,
        "Cluster does not know schemamigrations: install revgate's CRDs",
    ),
    'error: context "prod" does not exist': (PluginError, "Context prod does not exist: `kubectl config get-contexts`"),
    "error: You must be logged in to the server (Unauthorized)": (PluginError, "Cluster did not accept your login"),
    f"{NOISE}{NOISE}The connection to the server localhost:8080 was refused - did you specify the right host?": (
        PluginError,
        "Cluster was not reached: The connection to the server localhost:8080 was refused",
    ),
    "Unable to connect to the server: dial tcp: lookup nowhere.example: no such host": (
        PluginError,
        "Cluster was not reached: Unable to connect to the server: dial tcp: lookup nowhere.example: no such host",
    ),
    'The SchemaPlan "p" is invalid: spec: Invalid value: "object": a rejected plan stays rejected': (
        PluginError,
        'The SchemaPlan "p" is invalid: spec: Invalid value: "object": a rejected plan stays rejected',
    ),
    "error: stat /nowhere: no such file or directory": (PluginError, "stat /nowhere: no such file or directory"),
    NOISE: (PluginError, "kubectl failed and did not say why"),
    "": (PluginError, "kubectl failed and did not say why"),
}


@pytest.mark.parametrize("said", SAID)
def test_what_kubectl_says_becomes_one_sentence(said: str):
    kind, sentence = SAID[said]
    error = refusal_of(said)
    assert type(error) is kind
    assert sentence in str(error)
    assert "\n" not in str(error)
