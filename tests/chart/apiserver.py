"""What a test asks of its API server, as this user or that one."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.cluster import Cluster

REPOSITORY = Path(__file__).parents[2]
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@dataclass(frozen=True)
class ApiServer:
    """A running control plane, and the verbs of a test. An empty `user` is the administrator."""

    cluster: Cluster

    def kubectl(self, *words: str, stdin: str = "") -> str:
        return self.cluster.kubectl(*words, stdin=stdin).stdout

    def refusal(self, *words: str, stdin: str = "") -> str:
        """Return what kubectl says when it fails; empty when it does not."""
        done = self.cluster.kubectl(*words, stdin=stdin, check=False)
        return done.stderr if done.returncode else ""

    def read(self, kind: str, name: str, namespace: str = "") -> dict[str, Any]:
        """Return an object, empty when there is none."""
        found = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found", *_in(namespace))
        return json.loads(found) if found.strip() else {}

    def list(self, kinds: str, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
        return json.loads(self.kubectl("get", kinds, "-o", "json", "-l", selector, *_in(namespace)))["items"]

    def new_namespace(self, prefix: str = "test", *, restricted: bool = False) -> str:
        name = f"{prefix}-{secrets.token_hex(3)}"
        metadata = {"name": name, "labels": RESTRICTED if restricted else {}}
        self.create("", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return name

    def create(self, namespace: str, body: dict[str, Any]) -> None:
        assert self.refused_to_create(namespace, body) == ""

    def refused_to_create(self, namespace: str, body: dict[str, Any], user: str = "", *options: str) -> str:
        return self.refusal("create", "-f", "-", *_in(namespace), *_as(user), *options, stdin=json.dumps(body))

    def refused_to_patch(self, namespace: str, name: str, patch: dict[str, Any], user: str = "", *options: str) -> str:
        words = ("patch", "schemamigration", name, "--type=merge", "--patch", json.dumps(patch))
        return self.refusal(*words, *_in(namespace), *_as(user), *options)

    def allow(self, namespace: str, user: str, role: str) -> None:
        """Bind a ClusterRole to a user in a namespace."""
        words = ("create", "rolebinding", f"{user}-{role}", f"--user={user}", f"--clusterrole={role}")
        self.kubectl(*words, *_in(namespace))

    def can(self, user: str, verb: str, resource: str, *options: str) -> bool:
        done = self.cluster.kubectl("auth", "can-i", verb, resource, *_as(user), *options, check=False)
        return done.stdout.strip() == "yes"


def migration(name: str = "ledger", **spec: Any) -> dict[str, Any]:
    source = {"urlFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}
    return {
        "apiVersion": "revgate.io/v1alpha1",
        "kind": "SchemaMigration",
        "metadata": {"name": name},
        "spec": {"image": "registry.example/ledger:1", "database": source, **spec},
    }


def _in(namespace: str) -> tuple[str, ...]:
    return ("-n", namespace) if namespace else ()


def _as(user: str) -> tuple[str, ...]:
    return ("--as", user) if user else ()
