"""A cluster with the operator and a PostgreSQL in it, as a user has them, and the verbs of a test about it."""

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from support.cluster import Cluster
from support.waiting import eventually

RUNNER = "localhost/revgate-runner:dev"
MARKER = "mark%er@p/4ss'w\"d"
"""Every test database has this password; at the end everything that the cluster shows is searched for it."""

_RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}


@dataclass(frozen=True)
class CloudDatabase:
    """A database in the cluster's PostgreSQL."""

    name: str
    password: str = MARKER
    host: str = "postgres.databases"

    @property
    def url(self) -> str:
        return f"postgresql://{self.name}:{quote(self.password, safe='')}@{self.host}:5432/{self.name}"


@dataclass(frozen=True)
class World:
    """The cluster, and what a test does to it and sees of it."""

    cluster: Cluster

    def kubectl(self, *words: str, stdin: str | None = None, check: bool = True) -> str:
        return self.cluster.kubectl(*words, stdin=stdin, check=check).stdout

    def apply(self, namespace: str, *objects: dict[str, Any]) -> None:
        """Apply objects in a namespace; one that names its own goes there."""
        named = [{**each, "metadata": {"namespace": namespace, **each["metadata"]}} for each in objects]
        items = {"apiVersion": "v1", "kind": "List", "items": named}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(items))

    def namespace(self, name: str, *, restricted: bool = True) -> str:
        labels = _RESTRICTED if restricted else {}
        self.apply("", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        return name

    def get(self, namespace: str, kind: str, name: str) -> dict[str, Any]:
        found = self.kubectl("get", "-n", namespace, kind, name, "-o", "json", "--ignore-not-found")
        return json.loads(found) if found.strip() else {}

    def objects(self, namespace: str, kind: str, selector: str = "") -> list[dict[str, Any]]:
        chosen = ["-l", selector] if selector else []
        return json.loads(self.kubectl("get", "-n", namespace, kind, *chosen, "-o", "json"))["items"]

    def sql(self, database: str, statement: str, server: str = "postgres") -> str:
        """Run a statement as superuser inside the server's pod; return the unaligned rows."""
        words = ["psql", "-h", "/tmp", "-U", "postgres", "-d", database, "-XtAc", statement]
        environment = ["env", f"PGPASSWORD={self._admin_password}"]
        return self.kubectl("exec", "-n", "databases", f"deploy/{server}", "--", *environment, *words).strip()

    def sql_script(self, script: str, server: str = "postgres") -> None:
        """Run statements one by one, each in a transaction of its own; \\c changes the database."""
        words = ["psql", "-h", "/tmp", "-U", "postgres", "-d", "postgres", "-Xqv", "ON_ERROR_STOP=1"]
        environment = ["env", f"PGPASSWORD={self._admin_password}"]
        self.kubectl("exec", "-i", "-n", "databases", f"deploy/{server}", "--", *environment, *words, stdin=script)

    @property
    def _admin_password(self) -> str:
        return "admin-password-of-a-throw-away-server"

    def database(self, name: str, server: str = "postgres") -> CloudDatabase:
        return self.databases([name], server)[0]

    def databases(self, names: Sequence[str], server: str = "postgres") -> list[CloudDatabase]:
        """Make databases, each with an owner of its own, in one go."""
        word = MARKER.replace("'", "''")
        roles = [f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{word}'" for name in names]
        databases = [f'CREATE DATABASE "{name}" OWNER "{name}"' for name in names]
        self.sql("postgres", "; ".join(roles), server)
        script = ";\n".join(databases)
        self.sql_script(script, server)
        return [CloudDatabase(name, host=f"{server}.databases") for name in names]

    def tables(self, database: str) -> list[str]:
        """Return the names of the tables in the schema public, sorted."""
        names = self.sql(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return sorted(names.splitlines())

    def ledger(self, database: str) -> dict[str, str]:
        """Return the state that the ledger gives each revision."""
        rows = self.sql(database, "SELECT revision, state FROM revgate.revision_log")
        return dict(sorted(row.split("|") for row in rows.splitlines()))

    def secret(self, namespace: str, url: str, name: str = "db") -> None:
        self.apply(namespace, secret(url, name))

    def migrate(self, namespace: str, name: str = "ledger", **spec: Any) -> None:
        self.apply(namespace, migration(name, **spec))

    def migration(self, namespace: str, name: str = "ledger") -> dict[str, Any]:
        return self.get(namespace, "smig", name)

    def reason(self, namespace: str, name: str = "ledger") -> tuple[str, str, str]:
        """Return which of Ready, Reconciling, Stalled is True, the reason and the message."""
        found = self.migration(namespace, name)
        conditions = {each["type"]: each for each in found.get("status", {}).get("conditions", [])}
        current = found.get("status", {}).get("observedGeneration") == found.get("metadata", {}).get("generation")
        true = next((kind for kind, each in conditions.items() if each["status"] == "True"), "") if current else "old"
        ready = conditions.get("Ready", {})
        return true, ready.get("reason", ""), ready.get("message", "")

    def until(self, namespace: str, true: str, reason: str, name: str = "ledger", timeout: float = 90) -> str:
        """Wait until a migration stands as said; return the message."""

        def look() -> str:
            seen = self.reason(namespace, name)
            return seen[2] if seen[:2] == (true, reason) else ""

        sentence = f"{namespace}/{name} has {true}=True, reason {reason}"
        return eventually(sentence, look, timeout, lambda: self.picture(namespace))

    def jobs(self, namespace: str, name: str = "ledger") -> list[dict[str, Any]]:
        return self.objects(namespace, "jobs", f"revgate.io/run-of={name}")

    def running_pod(self, namespace: str, name: str = "ledger", timeout: float = 60) -> dict[str, Any]:
        """Wait until the runner of a migration is at work; return its pod."""

        def look() -> dict[str, Any]:
            pods = self.objects(namespace, "pods", f"revgate.io/run-of={name}")
            return next((pod for pod in pods if pod["status"].get("phase") == "Running"), {})

        return eventually(f"a pod of {namespace}/{name} is running", look, timeout, lambda: self.picture(namespace))

    def until_sleeping(self, database: str, server: str = "postgres") -> None:
        """Wait until a revision is in the middle of its long statement."""
        asleep = (
            "SELECT count(*) FROM pg_stat_activity"
            f" WHERE datname = '{database}' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        )
        eventually(
            f"a revision is at work in {database}",
            lambda: self.sql("postgres", asleep, server) != "0",
        )

    def kill(self, pod: dict[str, Any]) -> None:
        """SIGKILL every process of a pod's containers, from outside."""
        processes = _processes_of(pod)
        assert processes, f"Pod {pod['metadata']['name']} has no process"
        for pid in processes:
            os.kill(pid, signal.SIGKILL)

    def picture(self, namespace: str) -> str:
        look = self.kubectl("get", "-n", namespace, "smig,jobs,pods", "-o", "wide", check=False)
        described = self.kubectl("describe", "-n", namespace, "smig", check=False)
        events = self.kubectl("get", "-n", namespace, "events", check=False)
        logs = self.kubectl(
            "logs", "-n", namespace, "-l", "app.kubernetes.io/managed-by=revgate", "--tail=15", "--prefix", check=False
        )
        return "\n".join((look, described[-3000:], events[-3000:], logs[-3000:]))


def namespace(name: str) -> dict[str, Any]:
    """Return a namespace that enforces the restricted Pod Security Standard."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": _RESTRICTED}}


def secret(url: str, name: str = "db", key: str = "url") -> dict[str, Any]:
    """Return a Secret with a database's URL."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: url}}


def within(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return an object of a namespace."""
    return {**body, "metadata": {**body["metadata"], "namespace": name}}


def migration(name: str = "ledger", **spec: Any) -> dict[str, Any]:
    """Return a SchemaMigration; without a database it takes the url in the Secret db."""
    source = {"urlFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}
    return {
        "apiVersion": "revgate.io/v1alpha1",
        "kind": "SchemaMigration",
        "metadata": {"name": name},
        "spec": {"database": source, **spec},
    }


def _processes_of(pod: dict[str, Any]) -> list[int]:
    """Processes whose control group is that of one of the pod's containers."""
    statuses = pod["status"].get("containerStatuses", [])
    containers = [each["containerID"].rpartition("/")[2] for each in statuses if each.get("containerID")]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            group = (folder / "cgroup").read_text()
        except OSError:
            continue
        if any(container in group for container in containers):
            found.append(int(folder.name))
    return found
