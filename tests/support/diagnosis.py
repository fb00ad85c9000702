"""The doctor's answers, as tests ask for them."""

from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from database.projects.project import Project
from revgate.migration.doctor import Check, State, diagnose
from revgate.migration.project.scripts import find_scripts
from revgate.migration.settings.database_url import parse_database_url
from support.servers import Database, Server


@dataclass(frozen=True)
class Diagnosis:
    checks: tuple[Check, ...]

    def of(self, name: str) -> Check:
        found = [check for check in self.checks if check.name == name]
        assert len(found) == 1, f"There is not one check {name}: {self.checks}"
        return found[0]

    def all(self, state: State) -> list[str]:
        return [f"{check.name}: {check.sentence}" for check in self.checks if check.state is state]

    @property
    def problems(self) -> list[str]:
        return self.all(State.PROBLEM)

    @property
    def warnings(self) -> list[str]:
        return self.all(State.WARNING)


def diagnosed(url: str, project: Project) -> Diagnosis:
    environ = {"ALEMBIC_CONFIG": str(project.folder / "alembic.ini")}
    return Diagnosis(
        diagnose(lambda: parse_database_url(url, "TEST_URL"), lambda: find_scripts(environ, bundled=False))
    )


def superuser(server: Server, database: Database) -> psycopg.Connection:
    return psycopg.connect(
        make_conninfo(
            host=server.host, port=server.port, user=server.superuser, password=server.password, dbname=database.name
        ),
        autocommit=True,
    )


def make_invalid(database: Database) -> None:
    database.query("CREATE TABLE twice (id int)")
    database.query("INSERT INTO twice VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.query("CREATE UNIQUE INDEX CONCURRENTLY ix_twice ON twice (id)")
