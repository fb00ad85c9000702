"""The FastAPI example behind uvicorn: it migrates when it starts, and /health knows where the schema is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from examples.later import migrate_beyond
from examples.place import Place, Postgresql
from examples.process import EXAMPLES, Started, started, transcript
from support.waiting import eventually

FOLDER = EXAMPLES / "fastapi_basic"
UVICORN = ("uvicorn", "main:app", "--port", "0")
HEALTHY = {"status": "healthy", "schema_version": "0008", "expected_version": "0008", "pending_migrations": []}


def get(replica: Started, path: str) -> httpx.Response:
    address = replica.says(r"Uvicorn running on (http://\S+)")[1]
    return httpx.get(f"{address}{path}", timeout=20)


@contextmanager
def serving(log: Path, url: str) -> Iterator[Started]:
    with started(log, FOLDER, *UVICORN, DATABASE_URL=url) as replica:
        yield replica


def test_replicas_that_start_at_once_all_serve_a_schema_that_was_migrated_once(place: Place, tmp_path: Path) -> None:
    with serving(tmp_path / "one", place.async_url) as one, serving(tmp_path / "two", place.async_url) as two:
        for replica in (one, two):
            answer = get(replica, "/health")
            assert (answer.status_code, answer.json()) == (200, HEALTHY), replica.output
        assert place.versions == [("0008",)]
        place.query("INSERT INTO currencies (code, name) VALUES ('EUR', 'Euro')")
        place.query("INSERT INTO accounts (code, name, type, currency_code) VALUES ('cash', 'Cash', 'asset', 'EUR')")
        assert [get(replica, "/accounts").json() for replica in (one, two)] == [["cash"], ["cash"]]


def test_health_follows_the_schema(place: Place, tmp_path: Path) -> None:
    with serving(tmp_path / "log", place.async_url) as replica:
        assert get(replica, "/health").text == dict(transcript("fastapi_basic"))["curl localhost:8000/health"].strip()
        place.query("UPDATE alembic_version SET version_num = '0006'")
        answer = get(replica, "/health")
        behind = {"status": "degraded", "schema_version": "0006", "pending_migrations": ["0007", "0008"]}
        assert (answer.status_code, answer.json()) == (503, HEALTHY | behind)
        place.query("UPDATE alembic_version SET version_num = '0008'")
        with ThreadPoolExecutor(8) as probes:
            answers = list(probes.map(lambda _: get(replica, "/health").status_code, range(16)))
        assert answers == [200] * 16


def test_a_release_that_was_rolled_back_serves_on_the_newer_schema(postgresql: Postgresql, tmp_path: Path) -> None:
    migrate_beyond(tmp_path, postgresql)
    with serving(tmp_path / "log", postgresql.async_url) as replica:
        answer = get(replica, "/health")
        assert (answer.status_code, answer.json()) == (200, HEALTHY | {"schema_version": "0009"})


def test_a_database_that_goes_away_and_an_end_that_closes_the_connections(
    postgresql: Postgresql, tmp_path: Path
) -> None:
    with serving(tmp_path / "log", postgresql.async_url) as replica:
        replica.says("Uvicorn running on")
        with postgresql.away():
            answer = get(replica, "/health")
            assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
        assert get(replica, "/health").json() == HEALTHY
        assert get(replica, "/accounts").json() == []
        assert postgresql.connections > 0
        replica.stop()
        assert "Application shutdown complete" in replica.output
        eventually("No connection is left", lambda: postgresql.connections == 0, 10)
        assert postgresql.database.password not in replica.output


def test_it_does_not_serve_a_schema_that_could_not_be_migrated(postgresql: Postgresql, tmp_path: Path) -> None:
    postgresql.query("CREATE TABLE accounts (mine integer)")
    with serving(tmp_path / "log", postgresql.async_url) as replica:
        assert replica.ends() != 0
    assert "already exists" in replica.output
    assert "currencies" not in postgresql.tables


def test_it_does_not_start_with_a_wrong_password_and_does_not_show_it(postgresql: Postgresql, tmp_path: Path) -> None:
    with serving(tmp_path / "log", postgresql.with_password("not-this-one", postgresql.async_url)) as replica:
        assert replica.ends() != 0
    assert "Application startup failed" in replica.output
    assert "not-this-one" not in replica.output
