"""A plan without a database: somebody says at which revision it is.

What env.py says about the history (its table, naming conventions, where the revisions' imports are found) is asked in
Alembic's offline mode, as `alembic upgrade --sql` would. One that has no such mode is not asked.
"""

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final

from alembic.runtime.environment import EnvironmentContext

from revgate.migration.environment.environment import ALEMBIC
from revgate.migration.environment.logging_kept import logging_kept
from revgate.migration.output.places import shown
from revgate.migration.output.wording import first_line
from revgate.migration.plans.made import make_plan
from revgate.migration.plans.plan import Plan
from revgate.migration.project.revisions import read_revisions
from revgate.migration.project.scripts import Scripts
from revgate.migration.project.target import pending_revisions, resolve_target
from revgate.migration.rendering.rendering import VERSION_TABLE
from revgate.migration.signals import Stop

BASE: Final = "base"


@dataclass(frozen=True, slots=True)
class OfflineLook:
    """What env.py passed to context.configure."""

    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""  # a sentence for a person when it could not be asked


def plan_offline(scripts: Scripts, start: str, target: str, dialect: str, options: Mapping[str, Any]) -> Plan:
    """Return the plan of an upgrade from `start`, a revision or "base", to the target.

    Raises:
        MigrationError: if the scripts are broken, or one of the two is no revision.
    """
    revisions = read_revisions(scripts.directory)
    before = () if start == BASE else resolve_target(start, revisions, scripts.directory)
    after = resolve_target(target, revisions, scripts.directory)
    pending = pending_revisions(scripts.directory, before, after)
    return make_plan(scripts, revisions, pending, dialect=dialect, heads=before, options=options)


def look_offline(scripts: Scripts, dialect: str) -> OfflineLook:
    """Ask env.py what it configures for a dialect, without a database; nothing is applied."""
    options: dict[str, Any] = {}
    try:
        with ALEMBIC, logging_kept(), redirect_stdout(sys.stderr), _told(scripts, dialect):
            _run_environment(scripts, dialect, options)
    except Stop:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  it may want a URL, or what only a Job has
        if options:  # what comes after that is not our business
            return OfflineLook(options)
        name = shown(scripts.directory.env_py_location)
        return OfflineLook(
            note=f"{name} has no offline mode ({first_line(error)}): the version table is taken to be {VERSION_TABLE}"
        )
    return OfflineLook(options)


def _run_environment(scripts: Scripts, dialect: str, found: dict[str, Any]) -> None:
    def no_steps(_heads: object, _context: object) -> Iterable[Any]:
        return ()

    environment = EnvironmentContext(
        scripts.config,
        scripts.directory,
        fn=no_steps,
        as_sql=True,
        starting_rev=None,
        destination_rev="heads",
        tag=None,
    )
    original = environment.configure
    ours: dict[str, Any] = {
        "connection": None,
        "url": None,
        "dialect_name": dialect,
        "dialect_opts": {},
        "output_buffer": StringIO(),
        "dont_mutate": True,
    }

    def configure(*_: object, **given: Any) -> None:
        found.update(given)
        original(**{**given, **ours})

    # On the instance: Alembic's proxies know this class only
    environment.configure = configure  # type: ignore[method-assign]
    with environment:
        scripts.directory.run_env()


@contextmanager
def _told(scripts: Scripts, dialect: str) -> Iterator[None]:
    """Say `-x dialect=...`, which the bundled env.py understands and Alembic's documents use."""
    config, before = scripts.config, scripts.config.cmd_opts
    config.cmd_opts = before or Namespace(x=[f"dialect={dialect}"])
    try:
        yield
    finally:
        config.cmd_opts = before
