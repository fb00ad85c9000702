"""`kubectl revgate` as a person runs it: in this process, with the real kubectl on a real API server."""

import io
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from revgate.cli.kubectl import complete, main
from revgate.contract import names
from support.api import Api
from support.cluster import Cluster
from support.stage import manifest
from support.waiting import eventually

PLAN = "ledger-1a2b3c4d5e"
JOB = "ledger-9f8e7d6c5b-1"
START = datetime.now(UTC)
IMAGE = "registry.example/ledger@sha256:" + "cd" * 32


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.out.splitlines()]


@dataclass(frozen=True)
class Plugin:
    """The verbs, in one namespace. `read` takes what was printed since the last time."""

    api: Api
    read: Callable[[], Any]

    def run(self, *words: str) -> Said:
        return self._end(lambda: main.main([*words, "-n", self.api.namespace]))

    def anywhere(self, *words: str) -> Said:
        """Run a verb without a namespace."""
        return self._end(lambda: main.main(words))

    def ok(self, *words: str) -> Said:
        said = self.run(*words)
        assert (said.code, said.err) == (0, ""), said
        return said

    def refused(self, *words: str) -> str:
        """Run a verb that must end with one sentence and 1; return the sentence."""
        said = self.run(*words)
        assert said.code == 1, said
        assert len(said.err.splitlines()) == 1, said
        return said.err.strip()

    def completes(self, *words: str) -> list[str]:
        """Return what a shell would offer for the last word."""
        said = self._end(lambda: complete.main(["-n", self.api.namespace, *words]))
        *found, flags = said.lines
        assert (said.code, flags) == (0, ":4"), said
        return [line.partition("\t")[0] for line in found]

    def _end(self, start: Callable[[], int]) -> Said:
        self.read()
        try:
            code = start()
        except SystemExit as end:  # argparse ends so
            code = int(end.code or 0)
        printed = self.read()
        return Said(code, printed.out, printed.err)


class Person(io.StringIO):
    """Standard input with a person at it, who does something and then types an answer."""

    def __init__(self, answer: str, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__(f"{answer}\n")
        self._meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:
        self._meanwhile()
        return super().readline(size)


@dataclass(frozen=True)
class Written:
    """Writes what an operator writes, where none runs."""

    api: Api

    def migration(self, name: str = "ledger", *, spec: Any = None, **status: Any) -> None:
        """Create a migration with this status; its generation is observed unless the status says otherwise."""
        self.api.create(names.PLURAL, manifest(name, **(spec or {})))
        self.status(name, **status)

    def status(self, name: str = "ledger", **status: Any) -> None:
        generation = self.api.get(names.PLURAL, name)["metadata"]["generation"]
        self.api.patch(names.PLURAL, name, {"status": {"observedGeneration": generation} | status}, "status")

    def plan(self, name: str = PLAN, **fields: Any) -> None:
        """Create the plan of a migration."""
        labels = {names.RUN_OF: "ledger"}
        kind = {"apiVersion": names.API_VERSION, "kind": names.PLAN_KIND}
        self.api.create(
            names.PLANS, {**kind, "metadata": {"name": name, "labels": labels}, "spec": plan_spec(**fields)}
        )

    def awaiting(self, **fields: Any) -> None:
        """Create a migration that waits for the approval of its plan."""
        self.migration(**standing("AwaitingApproval", f"Plan {PLAN} waits for approval"), **read(), plan=PLAN)
        self.plan(**fields)


def standing(reason: str, message: str = "", ready: str = "False", true: str = "Reconciling") -> dict[str, Any]:
    """The conditions of a status."""
    states = {"Ready": ready, "Reconciling": "False", "Stalled": "False"} | ({true: "True"} if true else {})
    condition = {"reason": reason, "message": message, "lastTransitionTime": "2026-03-01T12:00:00Z"}
    return {"conditions": [{"type": kind, "status": state, **condition} for kind, state in states.items()]}


def read(current: str = "0003", target: str = "0005", served: tuple[str, ...] = ("0003", "0002")) -> dict[str, Any]:
    """What a run saw of the database."""
    return {
        "currentRevisions": [current],
        "targetRevisions": [target],
        "pendingRevisions": ["0004", "0005"] if current != target else [],
        "pendingCount": 2 if current != target else 0,
        "servedRevisions": list(served),
        "observedAt": ago(),
        "observedBy": {"job": JOB, "createdAt": ago(seconds=-5)},
        "observedImage": IMAGE,
    }


def plan_spec(**fields: Any) -> dict[str, Any]:
    """A plan of two revisions that destroys a table."""
    late = "Table balances is dropped, with its rows"
    first = {"revision": "0004", "message": "Add currency", "sql": "ALTER TABLE accounts ADD COLUMN currency TEXT;\n"}
    second = {"revision": "0005", "message": "Drop balances", "notRendered": "it asks the database while it runs"}
    second |= {"destroys": ["table balances"], "findings": [{"rule": "drop-table", "level": "error", "message": late}]}
    usual = {"migration": "ledger", "hash": "ab" * 32, "from": ["0003"], "to": ["0005"], "image": IMAGE}
    usual |= {"destructive": True, "needsApproval": True, "truncated": False, "revisions": [first, second]}
    return usual | fields


def run(state: str, **fields: Any) -> dict[str, Any]:
    """The newest run of a status; it began days ago and took 3 seconds."""
    times = {"startedAt": ago()} if state != "Unstarted" else {}
    times |= {"finishedAt": ago(seconds=3)} if state == "Finished" else {}
    return {"run": {"job": JOB, "uid": "1", "inputs": "1", "attempt": 1, "state": state, **times, **fields}}


def grant(cluster: Cluster, api: Api, user: str, rights: Mapping[str, Sequence[str]]) -> None:
    """Give a user these verbs on these resources in the namespace, and wait until they count."""
    groups = {names.PLURAL: names.GROUP, names.PLANS: names.GROUP}
    rules = [{"apiGroups": [groups.get(of, "")], "resources": [of], "verbs": verbs} for of, verbs in rights.items()]
    name = f"{user.partition('@')[0]}-{secrets.token_hex(2)}"
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}}
    cluster.kubectl("create", "-f", "-", "-n", api.namespace, stdin=json.dumps({**kind, "rules": rules}))
    cluster.kubectl("create", "rolebinding", name, f"--role={name}", f"--user={user}", "-n", api.namespace)
    of, verbs = next(iter(rights.items()))
    asked = ("auth", "can-i", verbs[0], ".".join(filter(None, (of, groups.get(of)))), "--as", user, "-n", api.namespace)
    eventually("The role counts", lambda: cluster.kubectl(*asked, check=False).stdout.strip() == "yes")


def ago(days: float = 5, seconds: float = 0) -> str:
    """Return a time that is so many days and some hours ago: a test may take minutes and still find the same age."""
    return (START - timedelta(days=days, hours=6) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parsed(said: Said) -> Any:
    return json.loads(said.out)
