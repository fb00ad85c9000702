"""Images, compose files and workflows: read as their programs read them, and whatever they start of ours is started."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from documents.blocks import text_of
from documents.places import Place
from documents.replaced import shell_for
from documents.running_shell import Done, bash, script

DOCKERFILE = {"Пример с Docker": "Пример с Docker 2", "Пример 4: Docker + PostgreSQL + CI/CD": "Docker Wait-for-DB"}
ENTRYPOINT = "Пример 4: Docker + PostgreSQL + CI/CD 2"
COMPOSE = {"Пример с Docker 3": "postgres", "Пример 4: Docker + PostgreSQL + CI/CD 3": "appuser"}
WORKFLOWS = ("CI/CD Pipeline", "Пример 4: Docker + PostgreSQL + CI/CD 4")
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "ENTRYPOINT", "CMD"}
FILES = {"requirements.txt", "entrypoint.sh", "docker/entrypoint.sh", "."}  # that the document shows or names


def instructions(dockerfile: str) -> dict[str, list[str]]:
    """Return the arguments of each instruction of a Dockerfile without continued lines."""
    found: dict[str, list[str]] = {}
    for line in re.sub(r"(?m)^\s*#.*$", "", dockerfile).split("\n"):
        if line:
            name, _, rest = line.partition(" ")
            found.setdefault(name, []).append(rest)
    return found


@pytest.mark.parametrize("key", DOCKERFILE)
def test_an_image_runs_its_entrypoint_which_migrates_and_then_runs_the_app(postgresql, key):
    image = instructions(text_of(key))
    assert set(image) <= INSTRUCTIONS
    assert {line.split()[0] for line in image["COPY"]} <= FILES
    assert json.loads(image["ENTRYPOINT"][0]) == ["/entrypoint.sh"]
    (postgresql.folder / "app.py").write_text("print('The app runs')\n", encoding="utf-8")
    done = script(postgresql, text_of(DOCKERFILE[key]), *json.loads(image["CMD"][0]))
    assert (done.returncode, postgresql.version()) == (0, "0008"), done
    assert done.stdout.endswith("The app runs\n")


@pytest.mark.parametrize("spoiled", [False, True], ids=["all is well", "a revision fails"])
def test_the_long_entrypoint_waits_migrates_verifies_and_starts_the_app(postgresql, spoiled):
    if spoiled:
        postgresql.execute("CREATE TABLE account_aggregates (id integer)")
    address = make_url(postgresql.plain_url)
    done = script(
        postgresql, text_of(ENTRYPOINT), "echo", "The app runs", DB_HOST=str(address.host), DB_PORT=str(address.port)
    )
    assert "PostgreSQL готов\nВыполнение миграций...\n" in done.stdout
    assert ("CREATE TABLE accounts" in done.stderr) is True  # --echo
    if spoiled:
        # `set -e` ends the script before it asks for $?
        assert (done.returncode, "✗ Миграции не удались" in done.stdout) == (1, False)
    else:
        assert done.stdout.endswith(
            "✓ Миграции выполнены успешно\nПроверка версии схемы...\nCurrent version: 0008\n"
            "=== Запуск приложения ===\nThe app runs\n"
        )


@pytest.mark.parametrize(("key", "made"), COMPOSE.items())
def test_a_compose_file_waits_for_a_healthy_database_and_names_it(key, made):
    services = yaml.safe_load(text_of(key))["services"]
    for name, need in services["app"]["depends_on"].items():
        assert need == {"condition": "service_healthy"}
        assert "pg_isready" in " ".join(services[name]["healthcheck"]["test"])
    url, database = make_url(services["app"]["environment"]["DATABASE_URL"]), services["db"]["environment"]
    assert (url.host, url.password, url.database) == ("db", database["POSTGRES_PASSWORD"], database["POSTGRES_DB"])
    assert database.get("POSTGRES_USER", "postgres") == made
    assert (url.username == made) is (made == "appuser")  # the short file has a user whom nobody makes


def run_steps(place: Place, job: dict[str, Any], **environ: str) -> list[Done]:
    """Run the `run:` steps of a job as GitHub does, until one fails."""
    ended = []
    for step in job["steps"]:
        if "run" in step:
            ended.append(bash(place, step["run"], options="-e", **{**environ, **step.get("env", {})}))
            if ended[-1].returncode:
                break
    return ended


@pytest.mark.parametrize("key", WORKFLOWS)
def test_the_steps_of_a_workflow_check_migrate_verify_and_deploy(place, wheels, key):
    (place.folder / "requirements.txt").write_text("py-accountant\n", encoding="utf-8")
    (job,) = yaml.safe_load(shell_for(place, text_of(key)))["jobs"].values()
    assert all(("uses" in step) is not ("run" in step) for step in job["steps"])
    assert "pg_isready" in job["services"]["postgres"]["options"]
    pip = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_TARGET": str(place.folder / "site"),
    }
    ended = run_steps(place, job, **pip)
    assert [done.returncode for done in ended] == [0, 0, 0, 0, 0], ended
    assert "0008_add_account_aggregates" in ended[1].stdout
    assert ended[3].stdout == "Верификация версии схемы...\nCurrent version: 0008\n"


def test_a_workflow_whose_migration_fails_deploys_nothing(place):
    place.execute("CREATE TABLE account_aggregates (id integer)")
    (job,) = yaml.safe_load(shell_for(place, text_of(WORKFLOWS[0])))["jobs"].values()
    job["steps"] = [step for step in job["steps"] if step.get("name") != "Install dependencies"]
    ended = run_steps(place, job)
    assert [done.returncode for done in ended] == [0, 1], ended


def test_deploying_needs_the_migration_in_a_job_of_its_own(place):
    jobs = yaml.safe_load(shell_for(place, text_of("Separate Migration and Deploy Steps")))["jobs"]
    assert jobs["deploy"]["needs"] == "migrate"
    ended = run_steps(place, jobs["migrate"])
    assert ended[-1].stdout == "Current version: 0008\n", ended
    assert [done.returncode for done in run_steps(place, jobs["deploy"])] == [0]


@pytest.mark.parametrize(
    ("words", "at", "needed"),
    [
        ("Pending migrations", "0005", "false"),  # as printed: there is no such line, for the title has a capital M
        ("Pending Migrations", "0005", "true"),
        ("Pending Migrations", "0008", "false"),
    ],
)
def test_the_check_before_a_deployment_finds_the_title_that_pending_prints(place, words, at, needed):
    place.bring_to(at)
    (step,) = yaml.safe_load(text_of("Pre-Deployment Migration Check").replace('"Pending migrations"', f'"{words}"'))
    output = place.folder / "output"
    done = bash(place, step["run"], options="-e", GITHUB_OUTPUT=str(output))
    assert (done.returncode, output.read_text()) == (0, f"migrations_needed={needed}\n"), done


def test_migrations_are_tested_up_down_and_up_again(place):
    tests = place.folder / "tests/integration"
    tests.mkdir(parents=True)
    Path(tests / "test_app.py").write_text("def test_app():\n    assert True\n", encoding="utf-8")
    steps = yaml.safe_load(text_of("Include Migration Tests in CI"))
    ended = run_steps(place, {"steps": steps})
    assert [done.returncode for done in ended] == [0], ended
    assert "1 passed" in ended[0].stdout
    assert place.version() == "0008"
