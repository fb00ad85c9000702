"""What `upgrade` and `downgrade` share: a runner whose progress is shown."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from revgate.cli.database_options import open_engine, open_runner, scripts_of
from revgate.cli.progress import showing_progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from revgate.migration.library.runner import MigrationRunner, Options


@contextmanager
def migrating(
    args: argparse.Namespace, way: str, **options: Unpack[Options]
) -> Iterator[MigrationRunner[Engine, None]]:
    """Yield the runner that the options mean, and show what it does; `way` is "upgrade" or "downgrade"."""
    from revgate.migration.project.entries import names_by_file  # noqa: PLC0415  Alembic is loaded for a run only
    from revgate.migration.signals import stoppable  # noqa: PLC0415  the same

    engine, directory = open_engine(), scripts_of(args).directory
    runner = open_runner(args, engine, **options)
    in_place = not args.echo and not args.debug  # their lines would be between
    with (
        stoppable(0),  # Ctrl-C, and the SIGTERM of a container that is stopped: the revision is rolled back
        showing_progress(runner, engine, names_by_file(directory), way, in_place=in_place),
    ):
        yield runner
