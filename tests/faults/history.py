"""A history for runners that are killed: transactions, indexes built beside them, and rows that count how often.

Each revision leaves its own name in `trace`, in the transaction that moves the version, and something in the catalog or
in the rows of `accounts`. Those at the end leave no trace: they are simple, and many, and so one message each.
"""

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from database.projects.project import Project, make_project

ACCOUNTS = 2000
_IMPORT = "from revgate import create_index_concurrently, drop_index_concurrently"
_TRACE = "op.execute(\"INSERT INTO trace VALUES ('{id}')\")"


@dataclass(frozen=True)
class Revision:
    """What a revision does, and what must be seen of it from then on."""

    id: str
    body: str
    table: str = ""
    column: str = ""
    indexes: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()  # indexes
    pays: bool = False  # one more to every balance
    traces: bool = True


def _accounts(revision: str) -> Revision:
    body = f"""
        op.execute('CREATE TABLE trace (revision text)')
        op.execute('CREATE TABLE accounts (id int PRIMARY KEY, balance int DEFAULT 0, name text)')
        op.execute("INSERT INTO accounts SELECT n, 0, 'account ' || n FROM generate_series(1, {ACCOUNTS}) n")
    """
    return Revision(revision, body, table="accounts")


def _table(revision: str) -> Revision:
    return Revision(revision, f"op.execute('CREATE TABLE t_{revision} (id int)')", table=f"t_{revision}")


def _rows(revision: str) -> Revision:
    return Revision(revision, "op.execute('UPDATE accounts SET balance = balance + 1')", pays=True)


def _column(revision: str) -> Revision:
    body = f"op.add_column('accounts', sa.Column('c_{revision}', sa.Integer))"
    return Revision(revision, body, column=f"c_{revision}")


def _indexes(revision: str, *columns: str, unique: bool = False) -> Revision:
    names = tuple(f"ix_{revision}_{column}" for column in columns)
    build = "create_index_concurrently({!r}, 'accounts', [{!r}], unique={!r})"
    calls = [build.format(name, column, unique) for name, column in zip(names, columns, strict=True)]
    return Revision(revision, "\n".join(calls), indexes=names)


def _drop(revision: str, *indexes: str) -> Revision:
    calls = [f"drop_index_concurrently({index!r}, 'accounts')" for index in indexes]
    return Revision(revision, "\n".join(calls), drops=indexes)


def _index_first(revision: str) -> Revision:
    """Build an index, and then go on in a transaction."""
    index = f"ix_{revision}"
    body = f"""
        create_index_concurrently({index!r}, 'accounts', ['name', 'id'])
        op.execute('UPDATE accounts SET balance = balance + 1')
        op.add_column('accounts', sa.Column('c_{revision}', sa.Integer))
    """
    return Revision(revision, body, column=f"c_{revision}", indexes=(index,), pays=True)


def _simple(revision: str) -> Revision:
    """Do what cannot be done twice, by nothing but directives."""
    table, column, index = (f"{kind}_{revision}" for kind in ("t", "c", "ix"))
    body = f"""
        op.create_table({table!r}, sa.Column('id', sa.Integer()))
        op.add_column('accounts', sa.Column({column!r}, sa.Integer()))
        op.create_index({index!r}, 'accounts', ['name', 'id'])
    """
    return Revision(revision, body, table=table, column=column, indexes=(index,), traces=False)


HISTORY = (
    _accounts("f01"),
    _rows("f02"),
    _indexes("f03", "balance"),
    _column("f04"),
    _rows("f05"),
    _indexes("f06", "name", "balance"),
    _indexes("f07", "id", unique=True),
    _table("f08"),
    _index_first("f09"),
    _drop("f10", "ix_f03_balance"),
    _rows("f11"),
    _table("f12"),
    *(_simple(f"f{number}") for number in range(13, 31)),
)
IDS = tuple(revision.id for revision in HISTORY)


def make_history(folder: Path) -> Project:
    """Write the history down as a project of Alembic."""
    project = make_project(folder)
    for before, revision in zip((None, *IDS), HISTORY, strict=False):
        trace = _TRACE.format(id=revision.id) if revision.traces else ""
        project.revision(revision.id, before, f"{dedent(revision.body).strip()}\n{trace}", head=_IMPORT)
    return project
