"""The Docker example: its entrypoint as a script, and its compose file."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import yaml

from examples.later import migrate_beyond
from examples.place import Place, Postgresql
from examples.process import EXAMPLES, Started, run, started, succeed

FOLDER = EXAMPLES / "docker"
COMPOSE = FOLDER / "docker-compose.yml"
APP = ("./entrypoint.sh", "python", "app.py")
LISTENS = r"Listening on port (\d+)"


def health(app: Started) -> tuple[int, dict]:
    answer = httpx.get(f"http://127.0.0.1:{app.says(LISTENS)[1]}/health", timeout=20)
    return answer.status_code, answer.json()


def test_the_entrypoint_migrates_and_becomes_the_app(place: Place, tmp_path: Path) -> None:
    with started(tmp_path / "log", FOLDER, *APP, DATABASE_URL=place.url, PORT="0") as app:
        assert health(app) == (200, {"schema_version": "0008", "expected_version": "0008"})
        place.query("UPDATE alembic_version SET version_num = '0007'")
        assert health(app) == (503, {"schema_version": "0007", "expected_version": "0008"})
        assert app.stop() == 0  # the app itself got the signal


def test_a_release_that_was_rolled_back_comes_up_on_the_newer_schema(postgresql: Postgresql, tmp_path: Path) -> None:
    migrate_beyond(tmp_path, postgresql)
    with started(tmp_path / "log", FOLDER, *APP, DATABASE_URL=postgresql.url, PORT="0") as app:
        assert health(app) == (200, {"schema_version": "0009", "expected_version": "0008"})


def test_the_entrypoint_waits_until_the_database_answers(postgresql: Postgresql, tmp_path: Path) -> None:
    tracing = ("bash", "-x", *APP)
    with started(tmp_path / "log", FOLDER, *tracing, DATABASE_URL=postgresql.url, PORT="0") as app:
        with postgresql.away():
            app.says("sleep 1")
            assert "Listening" not in app.output
        assert health(app)[0] == 200


def test_the_entrypoint_says_why_it_gives_up(postgresql: Postgresql) -> None:
    with postgresql.away():
        done = run(FOLDER, *APP, DATABASE_URL=postgresql.url, DATABASE_WAIT_SECONDS="0", PORT="0")
    assert (done.returncode, done.stdout) == (1, "")
    assert postgresql.database.name in done.stderr
    assert done.stderr.endswith("The database did not answer within 0 s\n")
    assert postgresql.database.password not in done.stderr


def test_the_app_does_not_come_up_when_a_revision_failed(postgresql: Postgresql) -> None:
    postgresql.query("CREATE TABLE accounts (mine integer)")
    done = run(FOLDER, *APP, DATABASE_URL=postgresql.url, PORT="0")
    assert done.returncode == 1
    assert "already exists" in done.stderr
    assert "Listening" not in done.stdout
    alone = run(FOLDER, "python", "app.py", DATABASE_URL=postgresql.url, PORT="0")
    assert (alone.returncode, alone.stdout, len(alone.stderr.splitlines())) == (1, "", 1), alone.stderr


def test_the_entrypoint_needs_a_database() -> None:
    done = run(FOLDER, *APP)
    assert done.returncode == 1
    assert "DATABASE_URL: Set it to the database" in done.stderr


class TestCompose:
    def test_it_keeps_to_the_schema(self) -> None:
        succeed(FOLDER, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))

    def test_a_typing_error_would_be_found(self, tmp_path: Path) -> None:
        broken = tmp_path / "docker-compose.yml"
        broken.write_text(COMPOSE.read_text().replace("depends_on:", "depend_on:"))
        assert run(FOLDER, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(broken)).returncode == 1

    def test_its_environment_and_its_health_checks_work(self, postgresql: Postgresql, tmp_path: Path) -> None:
        services = yaml.safe_load(COMPOSE.read_text())["services"]
        variables = _as_compose_gives_them(services["app"]["environment"], postgresql)
        with started(tmp_path / "log", FOLDER, *APP, PORT="0", **variables) as app:
            port = app.says(LISTENS)[1]
            command = [word.replace(":8000", f":{port}") for word in services["app"]["healthcheck"]["test"][1:]]
            succeed(FOLDER, *command)
            postgresql.query("UPDATE alembic_version SET version_num = '0007'")
            assert run(FOLDER, *command).returncode == 1
        ready = services["db"]["healthcheck"]["test"][1:]
        server = {"PGHOST": postgresql.database.host, "PGPORT": str(postgresql.database.port)}
        succeed(FOLDER, *ready, **server)


def _as_compose_gives_them(values: Mapping[str, str], place: Postgresql) -> dict[str, str]:
    database = place.database
    there = f"{database.user}@{database.host}:{database.port}/{database.name}"
    given = {name: value.replace("ledger@db:5432/ledger", there) for name, value in values.items()}
    assert there in given["DATABASE_URL"]
    return {name: database.password if "POSTGRES_PASSWORD" in value else value for name, value in given.items()}
