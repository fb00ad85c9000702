"""Public projects of the package index, base to head by revgate and by plain Alembic: the schemas are equal."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from environments.public.installing import site_of
from environments.public.projects import PUBLIC, Public
from environments.side import Side, in_file, on_server
from support.servers import DEBIAN_BINARIES, Server

DRIVER = Path(__file__).parent / "public" / "driver.py"
WITHIN = 240.0
WAYS = ("plain", "revgate")


def migrate(project: Public, folder: Path, databases: list[tuple[str, Side]]) -> None:
    """Migrate all of them in one process, which has the project's packages before those of the tests."""
    (folder / "alembic.ini").write_text(project.ini)
    words = [(way, side.async_text if project.is_async else side.text) for way, side in databases]
    path = os.pathsep.join(filter(None, (str(site_of(project)), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, DRIVER, "alembic.ini", project.variable, project.place]
    done = subprocess.run(
        [*command, *(word for way_and_url in words for word in way_and_url)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN,
    )
    assert done.returncode == 0, done.stderr


def dumped(side: Side) -> list[str]:
    """Return the whole schema as pg_dump writes it, without whose it is."""
    assert side.database is not None
    address = ("--host", side.database.host, "--port", str(side.database.port), "--username", side.database.user)
    options = ("--schema-only", "--no-owner", "--no-privileges", "--exclude-schema=revgate")
    done = subprocess.run(
        [DEBIAN_BINARIES / "pg_dump", *address, *options, side.database.name],
        env={**os.environ, "PGPASSWORD": side.database.password},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


@pytest.mark.parametrize("project", PUBLIC, ids=lambda project: project.name)
def test_a_public_project_is_migrated_to_the_same_schema(
    project: Public, servers: Callable[[int], Server], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        sides = {
            (kind, way): in_file(tmp_path / f"{way}.db")
            if kind == "sqlite"
            else stack.enter_context(on_server(servers(15)))
            for kind in project.on
            for way in WAYS
        }
        for kinds in [[kind] for kind in project.on] if project.keeps_first_url else [project.on]:
            migrate(project, tmp_path, [(way, side) for (kind, way), side in sides.items() if kind in kinds])
        for kind in project.on:
            plain, ours = sides[kind, "plain"], sides[kind, "revgate"]
            assert ours.heads(project.table) == plain.heads(project.table) != []
            assert len(ours.ledger()) == project.count(kind)
            assert ours.schema() == plain.schema()
            if kind == "postgresql":
                assert dumped(ours) == dumped(plain)
