"""What faults happen to: two operators on a control plane, a node, a database server, and teams that migrate."""

import secrets
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
from psycopg import sql

from faults.operators.history import RELEASES, image_of, make_releases
from faults.operators.link import Link
from faults.operators.node import RunningNode
from faults.operators.replicas import Replica, make_replicas
from revgate.contract import names
from support.api import Api, connected
from support.cluster import LOCAL, Cluster
from support.node import running_node
from support.servers import Database, Server
from support.stage import MIGRATIONS, manifest

CRDS = LOCAL.parent / "crds"
RETRY = {"initialDelay": "1s", "maxDelay": "3s", "limit": 100}
TIMEOUTS = {"start": "20s"}
_SECONDS = 3.0  # a request of a test: an API server without etcd keeps it waiting


@dataclass
class Tenant:
    """A database, and the migrations that bring it forward: one, or two that share its history."""

    database: Database  # as who is not behind the link sees it
    migrations: tuple[str, ...]
    extra: dict[str, Any]  # of their specs
    may_go_back: bool  # to an older release
    release: int = 1
    password: str = field(default="", repr=False)  # the one that holds, when it was changed

    @property
    def may_be_owned(self) -> bool:
        """Whether only one of its migrations may have the history: two do, where no ledger says whose it is."""
        return len(self.migrations) > 1 and not self.extra

    @property
    def secret(self) -> str:
        return f"db-{self.migrations[0]}"

    def as_it_is(self) -> Database:
        return replace(self.database, password=self.password or self.database.password)


@dataclass
class Scene:
    """All of it, in one round: a namespace with tenants of its own."""

    cluster: Cluster
    server: Server
    link: Link
    node: RunningNode
    replicas: tuple[Replica, Replica]
    home: Api  # of the Lease
    api: Api
    tenants: list[Tenant] = field(default_factory=list)
    away: set[str] = field(default_factory=set)  # what was taken away on purpose

    # ---- a round

    def open_round(self) -> None:
        """Make a namespace with new databases, and let everybody migrate to their first release."""
        self.api = new_namespace(self.api.client)
        self.node.move(self.api)
        self.tenants = [
            self._tenant("shop"),
            self._tenant("desk"),
            self._tenant("till", approval="Always"),
            self._tenant("left", "right", ledger={"enabled": False}),
            self._tenant("north", "south"),
        ]
        for tenant in self.tenants:
            self.write_secret(tenant)
            for name in tenant.migrations:
                self.create(tenant, name)

    def close_round(self) -> None:
        for tenant in self.tenants:
            self.server.drop_database(tenant.database)
        self.tenants = []

    def _tenant(self, *migrations: str, **extra: Any) -> Tenant:
        shares = len(migrations) > 1
        return Tenant(self.server.new_database(), migrations, extra, may_go_back=not shares)

    # ---- done by the teams

    def create(self, tenant: Tenant, name: str) -> None:
        source = {"urlFrom": {"secretKeyRef": {"name": tenant.secret, "key": "url"}}}
        usual = {"image": image_of(tenant.release), "database": source, "retry": RETRY, "timeouts": TIMEOUTS}
        self.api.create(MIGRATIONS, manifest(name, **usual, **tenant.extra))

    def edit(self, name: str, **spec: Any) -> None:
        self.api.patch(MIGRATIONS, name, {"spec": spec})

    def annotate(self, name: str, value: str) -> None:
        self.api.patch(MIGRATIONS, name, {"metadata": {"annotations": {names.RETRY: value}}})

    def release(self, tenant: Tenant, number: int) -> None:
        """Roll a release out, or back: to all migrations of a database."""
        tenant.release = max(RELEASES[0], min(RELEASES[-1], number))
        for name in tenant.migrations:
            self.edit(name, image=image_of(tenant.release))

    def approve(self) -> None:
        """Approve every plan that waits for it, as a person does."""
        for plan in self.api.find(names.PLANS):
            spec = plan["spec"]
            if spec["needsApproval"] and not spec.get("approved"):
                approved = {"by": "admin", "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
                self.api.patch(names.PLANS, plan["metadata"]["name"], {"spec": {"approved": approved}})

    def write_secret(self, tenant: Tenant) -> None:
        url = replace(tenant.as_it_is(), port=self.link.port).url
        body = {"metadata": {"name": tenant.secret}, "data": {"url": b64encode(url.encode()).decode()}}
        if self.api.get("secrets", tenant.secret):
            self.api.patch("secrets", tenant.secret, body)
        else:
            self.api.create("secrets", body)

    def change_password(self, tenant: Tenant, password: str) -> None:
        role, word = sql.Identifier(tenant.database.user), sql.Literal(password)
        with self.server._connect() as connection:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, word))

    # ---- chosen by chance

    def tenant(self, chance: Random) -> Tenant:
        return chance.choice(self.tenants)

    def one(self, chance: Random) -> tuple[Tenant, str]:
        tenant = self.tenant(chance)
        return tenant, chance.choice(tenant.migrations)

    # ---- seen

    def migrations(self) -> dict[str, dict[str, Any]]:
        return {each["metadata"]["name"]: each for each in self.api.find(MIGRATIONS)}

    def is_quiet(self) -> bool:
        """Whether no Job is at work, and no pod."""
        jobs = [job.get("status", {}).get("active") for job in self.api.find("jobs")]
        return not any(jobs) and not self.node.at_work()

    def writes(self) -> dict[tuple[str, str], int]:
        """Return how many requests that write the operators have made."""
        return dict(self.replicas[0].calls_so_far() + self.replicas[1].calls_so_far())


@contextmanager
def opened(cluster: Cluster, server: Server, folder: Path) -> Iterator[Scene]:
    """Set everything up on a control plane, start the operators, and take all of it down again."""
    cluster.define(CRDS)
    with ExitStack() as stack:
        client, nodes_client = (stack.enter_context(connected(cluster)) for _ in range(2))
        client.timeout = nodes_client.timeout = httpx.Timeout(_SECONDS)
        api = new_namespace(client)
        (folder / "pods").mkdir()
        kubelet = stack.enter_context(running_node(cluster, client, folder))
        node = RunningNode(Api(nodes_client, api.namespace), kubelet, make_releases(folder / "app"), folder / "pods")
        link = Link(server.port)
        stack.callback(link.close)
        replicas = make_replicas(cluster, api, folder)
        thread = node.start()
        try:
            for replica in replicas:
                replica.start()
            yield Scene(cluster, server, link, node, replicas, home=api, api=api)
        finally:
            for replica in replicas:
                replica.operator.kill()
            node.stop()
            thread.join()


def new_namespace(client: httpx.Client) -> Api:
    """Make a namespace and wait for the account of its pods."""
    name = f"faults-{secrets.token_hex(4)}"
    client.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
    deadline = time.monotonic() + 30
    while not client.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").is_success:
        assert time.monotonic() < deadline, "The namespace has no service account"
        time.sleep(0.05)
    return Api(client, name)
