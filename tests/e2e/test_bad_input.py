"""Whatever a user gets wrong ends in a reason of its own that says what to do; mended, it goes on by itself."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from support.project import Project, Revision, slow, table
from support.waiting import eventually
from support.world import RUNNER, CloudDatabase, World, migration, namespace, secret, within

GOOD = Project("app", (Revision("a1", table("one")),))
HALF = Project(
    "app", (Revision("a1", table("one")), Revision("b2", f"{table('two')}\nraise ValueError('no such thing')", "a1"))
)
TWO_HEADS = Project(
    "app", (Revision("a1", table("one")), Revision("b2", table("two"), "a1"), Revision("c3", table("three"), "a1"))
)
BROKEN = Project("app", (Revision("a1", "pass\n\nimport nothing_of_this_name"), Revision("b2", "(", "a1")))
HUNGRY = Project(
    "app",
    (Revision("a1", "hoard = bytearray(512 * 1024 * 1024)\nhoard[::4096] = b'x' * len(hoard[::4096])"),),
    resources={"limits": {"memory": "128Mi"}, "requests": {"memory": "64Mi"}},
)


@dataclass(frozen=True)
class Case:
    """A situation, and how it must stand: which condition is True, the reason, and words that the message must have."""

    true: str
    reason: str
    words: tuple[str, ...]
    spec: dict[str, Any] = field(default_factory=dict)
    project: Project | None = None
    url: str = ""  # format with the database's name and the right URL; "" for the right one, "-" for no Secret
    sql: str = ""  # run in the database first
    template: dict[str, Any] | None = None


CASES = {
    "wrong-password": Case(
        "Reconciling",
        "AuthenticationFailed",
        ("password",),
        url="postgresql://{name}:not-the-one@postgres.databases/{name}",
    ),
    "unknown-host": Case(
        "Reconciling", "HostNotFound", ("nowhere.databases",), url="postgresql://{name}:x@nowhere.databases/{name}"
    ),
    "server-refuses": Case(
        "Reconciling",
        "DatabaseUnreachable",
        ("postgres.databases",),
        url="postgresql://{name}:x@postgres.databases:1/{name}",
    ),
    "unknown-database": Case("Reconciling", "DatabaseNotFound", ("absent",), url="{url}_absent"),
    "malformed-url": Case("Stalled", "InvalidDatabaseUrl", ("URL",), url="postgres is great"),
    "secret-missing": Case("Reconciling", "SecretNotFound", ("db", "create it"), url="-"),
    "key-missing": Case(
        "Reconciling",
        "SecretKeyNotFound",
        ("other", "db"),
        spec={"database": {"urlFrom": {"secretKeyRef": {"name": "db", "key": "other"}}}},
    ),
    "image-missing": Case(
        "Reconciling", "ImagePullFailed", ("localhost/no-such-image",), spec={"image": "localhost/no-such-image:1"}
    ),
    "image-without-revgate": Case(
        "Stalled",
        "ImageNotRunnable",
        ("revgate",),
        spec={"image": "localhost/postgres:15"},
    ),
    "image-without-scripts": Case("Stalled", "NoScripts", ("ALEMBIC_CONFIG",), spec={"image": RUNNER}),
    "unknown-target": Case("Stalled", "UnknownTarget", ("0042",), spec={"targetRevision": "0042"}),
    "two-heads": Case("Stalled", "MultipleHeads", ("b2", "c3", "merge"), project=TWO_HEADS),
    "broken-scripts": Case("Stalled", "BrokenScripts", ("b2.py",), project=BROKEN),
    "raises-half-way": Case("Stalled", "RevisionFailed", ("b2", "no such thing"), project=HALF),
    "unknown-revision": Case(
        "Stalled",
        "UnknownRevision",
        ("ffff",),
        sql="CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);"
        "INSERT INTO alembic_version VALUES ('ffff'); GRANT ALL ON alembic_version TO PUBLIC",
    ),
    "never-starts": Case(
        "Reconciling",
        "Unschedulable",
        ("node",),
        spec={"timeouts": {"start": "5s"}},
        template={"spec": {"nodeSelector": {"no": "such-node"}}},
    ),
    "pod-refused": Case(
        "Reconciling",
        "PodNotCreated",
        ("privileged",),
        template={
            "spec": {
                "containers": [
                    {"name": "migrate", "securityContext": {"privileged": True, "allowPrivilegeEscalation": True}}
                ]
            }
        },
    ),
    "job-refused": Case("Stalled", "JobRefused", ("spec.job",), template={"spec": {"containers": "many"}}),
    "out-of-memory": Case("Stalled", "OutOfMemory", ("memory",), project=HUNGRY),
    "takes-too-long": Case(
        "Stalled",
        "TimedOut",
        ("total",),
        project=Project("app", (Revision("a1", slow("one", 60)),)),
        spec={"timeouts": {"total": "3s"}},
    ),
}


@pytest.fixture(scope="module")
def cases(world: World) -> World:
    """Apply all cases at once: they do not disturb each other, and waiting for them together is shorter."""
    names = [f"bad-{name}" for name in CASES]
    databases = {each.name: each for each in world.databases([name.replace("-", "_") for name in names])}
    for name, case in CASES.items():
        if case.sql:
            world.sql(f"bad_{name}".replace("-", "_"), case.sql)
    world.apply("", *map(namespace, names))
    parts = [_objects(case, databases[f"bad_{name}".replace("-", "_")]) for name, case in CASES.items()]
    world.apply("", *(within(name, each) for name, objects in zip(names, parts, strict=True) for each in objects))
    return world


def _objects(case: Case, database: CloudDatabase) -> list[dict[str, Any]]:
    spec: dict[str, Any] = {"retry": {"initialDelay": "2s", "maxDelay": "10s"}, **case.spec}
    if case.project:
        spec |= {"image": RUNNER, "job": {"template": case.project.template}}
    if case.template:
        spec |= {"job": {"template": case.template}}
    return [
        *([] if case.url == "-" else [secret(case.url.format(name=database.name, url=database.url) or database.url)]),
        *([case.project.config_map] if case.project else []),
        migration(**spec),
    ]


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_ends_in_a_reason_of_its_own_that_says_what_to_do(cases: World, name: str) -> None:
    case = CASES[name]
    message = cases.until(f"bad-{name}", case.true, case.reason, timeout=150)
    assert all(word in message for word in case.words), message


def test_a_revision_that_raised_left_nothing_behind(cases: World) -> None:
    cases.until("bad-raises-half-way", "Stalled", "RevisionFailed")
    assert "two" not in cases.tables("bad_raises_half_way")
    assert cases.sql("bad_raises_half_way", "SELECT version_num FROM alembic_version") == "a1"
    status = cases.migration("bad-raises-half-way")["status"]
    assert (status["currentRevisions"], status["pendingRevisions"]) == (["a1"], ["b2"])


@pytest.mark.parametrize(
    ("name", "mended"),
    [("wrong-password", {}), ("secret-missing", {}), ("key-missing", {"key": "other"}), ("unknown-host", {})],
)
def test_once_the_secret_is_mended_the_migration_goes_on_by_itself(
    cases: World, name: str, mended: dict[str, str]
) -> None:
    where = f"bad-{name}"
    case = CASES[name]
    cases.until(where, case.true, case.reason, timeout=150)
    generation = cases.migration(where)["metadata"]["generation"]
    url = _right_url(where.replace("-", "_"))
    key = mended.get("key", "url")
    cases.apply(where, secret(url, key=key))
    cases.until(where, "Ready", "UpToDate", timeout=180)
    assert cases.migration(where)["metadata"]["generation"] == generation


def test_nothing_loops_hot_while_a_human_is_waited_for(cases: World) -> None:
    for name, case in CASES.items():
        if case.true != "Stalled":
            continue
        cases.until(f"bad-{name}", case.true, case.reason, timeout=150)
    stalled = [f"bad-{name}" for name, case in CASES.items() if case.true == "Stalled"]
    before = {name: cases.migration(name)["metadata"]["resourceVersion"] for name in stalled}
    eventually("ten seconds of the cluster's clock have passed", _after(cases, 10), timeout=60)
    assert {name: cases.migration(name)["metadata"]["resourceVersion"] for name in stalled} == before


def test_the_operator_survived_all_of_it(cases: World) -> None:
    for pod in cases.objects("revgate-system", "pods"):
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
        log = cases.kubectl("logs", "-n", "revgate-system", pod["metadata"]["name"])
        assert "pass failed" not in log


def _right_url(name: str) -> str:
    return CloudDatabase(name).url


def _after(world: World, seconds: int):
    end = world.sql("postgres", f"SELECT now() + interval '{seconds} s'")
    return lambda: world.sql("postgres", f"SELECT now() > '{end}'") == "t"
