"""A command line that migrates when it is told to, and refuses to work on a schema that is behind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
import sqlalchemy as sa

from revgate import MigrationError, MigrationRunner

FIND_CURRENCY = sa.text("SELECT 1 FROM currencies WHERE code = :currency")
ADD_CURRENCY = sa.text("INSERT INTO currencies (code, name) VALUES (:currency, :currency)")
ADD_ACCOUNT = sa.text(
    "INSERT INTO accounts (code, name, type, currency_code) VALUES (:code, :name, 'asset', :currency)"
)


@click.group()
@click.pass_context
def cli(context: click.Context) -> None:
    """Keep a small ledger in the database that DATABASE_URL names."""
    if not (url := os.environ.get("DATABASE_URL")):
        raise click.UsageError("No database was named: set DATABASE_URL")
    engine = sa.create_engine(url)
    context.call_on_close(engine.dispose)
    context.obj = engine


@cli.command()
@click.pass_obj
def init_db(engine: sa.Engine) -> None:
    """Bring the schema up to date; with nothing pending, do nothing."""
    runner = MigrationRunner(engine)

    @runner.before_revision
    def say(revision: str) -> None:
        click.echo(f"Applying {revision}", err=True)

    with told():
        runner.upgrade_to_head()
    click.echo(f"Schema is at {runner.get_current_version()}")


@cli.command()
@click.pass_obj
def check_db(engine: sa.Engine) -> None:
    """Say where the schema is; exit 1 when it is behind."""
    missing = pending(engine)
    click.echo(f"Schema is at {MigrationRunner(engine).get_current_version() or 'no revision'}")
    if missing:
        raise click.ClickException(f"Pending: {', '.join(missing)}")


@cli.command()
@click.argument("code")
@click.argument("name")
@click.option("--currency", default="EUR", show_default=True)
@click.pass_obj
def create_account(engine: sa.Engine, code: str, name: str, currency: str) -> None:
    """Open an account, in a currency that is added when it is new."""
    if pending(engine):
        raise click.ClickException("Schema is behind: run init-db")
    values = {"code": code, "name": name, "currency": currency}
    try:
        with engine.begin() as connection:
            if connection.scalar(FIND_CURRENCY, values) is None:
                connection.execute(ADD_CURRENCY, values)
            connection.execute(ADD_ACCOUNT, values)
    except sa.exc.IntegrityError as error:
        raise click.ClickException(f"Account {code} exists already") from error
    click.echo(f"Account {code} is open")


def pending(engine: sa.Engine) -> list[str]:
    """Return what init-db would apply; ask once, and do not wait for a server that is away."""
    with told():
        return MigrationRunner(engine, connect_wait=0).get_pending_migrations()


@contextmanager
def told() -> Iterator[None]:
    """Tell a migration's error as click tells errors: one sentence, and exit 1."""
    try:
        yield
    except MigrationError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    cli()
