"""What a runner's process has imported before it is forked, and what it does then."""

import os
import sys
from pathlib import Path

import alembic.autogenerate
import psycopg
import sqlalchemy.dialects.postgresql.psycopg

import revgate.cli.job
import revgate.migration.concurrently
import revgate.migration.job
from revgate.cli.main import main

PRELOADED = (alembic, psycopg, sqlalchemy, revgate)


def run_job(folder: Path, environ: dict[str, str], log: Path) -> None:
    """Be `revgate job` in this folder and with this environment, until the end of the process."""
    with log.open("w") as to:
        for stream in (1, 2):
            os.dup2(to.fileno(), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["revgate", "job"]
    sys.exit(main(["job"]))
