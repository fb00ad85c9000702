"""What the doctor finds that a user lacks, and what it says to grant."""

from contextlib import closing
from pathlib import Path

import pytest

from database.projects.project import Project, make_project
from revgate.migration.doctor import State
from support.diagnosis import diagnosed, superuser
from support.gate import migrated


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "app").chain("r1", "r2", "r3")


def test_missing_rights_are_told_with_the_grant_that_gives_them(server15, database15, project):
    name = database15.name
    migrated(database15, "r1")
    with closing(superuser(server15, database15)) as owner:
        owner.execute(f"ALTER DATABASE {name} OWNER TO postgres")
        owner.execute("ALTER TABLE alembic_version OWNER TO postgres")
        found = diagnosed(database15.url, project)
        assert found.all(State.WARNING) == [
            (
                "rights: No schemas can be created, so the ledger goes beside the version table; "
                f'GRANT CREATE ON DATABASE "{name}" TO "{name}" changes that'
            )
        ]
        assert f'rights: No tables can be created in schema public: GRANT CREATE ON SCHEMA "public" TO "{name}"' in (
            found.problems
        )
        assert (
            "version table: public.alembic_version cannot be written: "
            f'GRANT SELECT, INSERT, UPDATE, DELETE ON "public"."alembic_version" TO "{name}"'
        ) in found.problems
        assert "scripts: The run was not permitted: permission denied for table alembic_version" in found.problems
        for told in found.problems:  # what is told to do helps
            owner.execute("GRANT" + told.partition("GRANT")[2] if "GRANT" in told else "SELECT 1")
        assert diagnosed(database15.url, project).problems == []


def test_a_ledger_that_cannot_be_written_is_a_problem(server15, database15, project):
    with closing(superuser(server15, database15)) as owner:
        owner.execute("CREATE SCHEMA revgate")
        owner.execute("CREATE TABLE revgate.revision_log (revision text)")
    found = diagnosed(database15.url, project).of("ledger")
    assert found.state is State.PROBLEM
    assert f'GRANT USAGE ON SCHEMA "revgate" TO "{database15.name}"' in found.sentence


def test_a_search_path_that_leads_nowhere_is_a_problem(server15, database15, project):
    server15.query(f"ALTER ROLE {database15.user} SET search_path = nowhere")
    found = diagnosed(database15.url, project).of("search_path")
    assert found.sentence == "No schema of the search_path (nowhere) exists: create one, or set search_path"


def test_rights_are_those_of_the_role_that_env_py_sets(server15, database15, tmp_path):
    project = make_project(tmp_path / "roles").chain("r1")
    env = project.folder / "migrations" / "env.py"
    role = f"{database15.name}_owner"
    text = env.read_text().replace(
        "context.configure", f'connection.exec_driver_sql("SET ROLE {role}")\n    context.configure'
    )
    env.write_text(text)
    with closing(superuser(server15, database15)) as owner:
        owner.execute(f"CREATE ROLE {role}")
        try:
            owner.execute(f"GRANT {role} TO {database15.name}")
            owner.execute(f"ALTER DATABASE {database15.name} OWNER TO postgres")
            found = diagnosed(database15.url, project)
            assert f'TO "{role}"' in found.problems[0]
        finally:
            owner.execute(f"DROP ROLE {role}")
