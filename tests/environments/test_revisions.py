"""What revisions in the wild do on their connection: the result is plain Alembic's, and the ledger says it."""

from pathlib import Path
from typing import Any

import pytest

from environments.project import make_project, settings_of, upgrade_plainly
from environments.side import Side
from revgate.migration.errors import RevisionFailed

COMMITS = """
from sqlalchemy.orm import Session
session = Session(bind=op.get_bind())
op.create_table('t_a2', sa.Column('id', sa.Integer))
session.execute(sa.text('INSERT INTO t_a2 VALUES (1)'))
session.commit()
"""
COMMITS_BELOW = """
op.create_table('t_a2', sa.Column('id', sa.Integer))
op.get_bind().connection.commit()
op.create_table('t_a2b', sa.Column('id', sa.Integer))
"""
TYPES_COMMIT = """
op.create_table('t_a2', sa.Column('id', sa.Integer))
op.execute('COMMIT')
op.create_table('t_a2b', sa.Column('id', sa.Integer))
"""
AUTOCOMMITS = """
op.create_table('t_a2', sa.Column('id', sa.Integer))
with op.get_context().autocommit_block():
    op.execute('CREATE INDEX {word} i_a2 ON t_a2 (id)')
"""
REFLECTS = """
found = sa.MetaData()
found.reflect(bind=op.get_bind())
for name in sorted(set(found.tables) | set(sa.inspect(op.get_bind()).get_table_names())):
    op.create_table(f't_shadow_{name}', sa.Column('id', sa.Integer))
"""
CREATES = "op.create_table('t_a2', sa.Column('id', sa.Integer))"
SWALLOWS = """
try:
    with op.get_bind().begin_nested():
        op.execute('SELECT nonsense')
except Exception:
    pass
"""
WORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "commits on a session": (COMMITS, {}),
    "commits on the driver's connection": (COMMITS_BELOW, {}),
    "writes COMMIT": (TYPES_COMMIT, {}),
    "has an autocommit block": (AUTOCOMMITS, {}),
    "copies every table that it finds": (REFLECTS, {}),
    "swallows an error that it expects": (SWALLOWS, {}),
    "has another name": (CREATES, {"after": "upgrade = shop.traced(upgrade)"}),
    "has an id that is no number": ("", {"revision": "v3.2.0.a"}),
    "depends on another branch": ("", {"depends_on": "a1", "down": None}),
    "has percent signs": ("op.execute(\"CREATE TABLE t_a2 (a text DEFAULT '100% %(s)s')\")", {}),
}


CELLS = [
    pytest.param(kind, name, id=f"{name}-{kind}")
    for name in WORKS
    for kind in ("postgresql", "sqlite")
    if (name, kind) != ("writes COMMIT", "sqlite")  # where plain Alembic fails: there is no transaction to commit
]


@pytest.mark.parametrize(("sides", "name"), CELLS, indirect=["sides"])
def test_a_revision_that(sides: tuple[Side, Side], name: str, tmp_path: Path) -> None:
    ours, plain = sides
    body, words = WORKS[name]
    word = "CONCURRENTLY" if ours.name == "postgresql" else ""
    words = {"revision": "a2", "down": "a1", "head": "import shop", **words}
    revision, down = words.pop("revision"), words.pop("down")
    project = make_project(tmp_path / "app").chain("a1")
    project.revision(revision, down, body.replace("{word}", word), **words)
    upgrade_plainly(project, plain)
    settings_of(ours)
    runner = project.runner(ours)
    seen: list[str] = []
    runner.after_revision(seen.append)
    runner.upgrade_to_version("heads")
    assert (ours.heads(), ours.schema()) == (plain.heads(), plain.schema())
    assert ours.ledger() == dict.fromkeys(["a1", revision], "applied")
    assert seen == ["a1", revision]


def test_one_that_needs_no_transaction_says_so_by_its_reason(sides: tuple[Side, Side], tmp_path: Path) -> None:
    ours, _ = sides
    settings_of(ours)
    statement = "CREATE INDEX CONCURRENTLY i ON t_a1 (id)" if ours.name == "postgresql" else "VACUUM"
    project = (
        make_project(tmp_path / "app", "autocommit").chain("a1").revision("a2", "a1", f"op.execute('{statement}')")
    )
    with pytest.raises(RevisionFailed, match=r"a2 .* transaction"):
        project.runner(ours).upgrade_to_head()
    assert (ours.heads(), ours.ledger()) == (["a1"], {"a1": "applied"})


def test_plain_sql_is_read_as_the_driver_of_env_py_reads_it(sides: tuple[Side, Side], tmp_path: Path) -> None:
    ours, plain = sides
    body = """op.get_bind().exec_driver_sql("CREATE TABLE t_a2 (a text DEFAULT '%I 100%')")"""
    project = make_project(tmp_path / "app", "asyncio_run").chain("a1").revision("a2", "a1", body)
    upgrade_plainly(project, plain)
    settings_of(ours)
    project.runner(ours).upgrade_to_head()
    assert (ours.heads(), ours.schema()) == (["a2"], plain.schema())
