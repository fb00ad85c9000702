"""What a simple revision is: nobody can tell when its statements are executed."""

import os

import pytest
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from revgate.migration.project.simple import is_simple

CONSTANT = "a table"


def of(body: str, **names: object) -> object:
    """Return the function that has this body, in a module that has these names."""
    module: dict[str, object] = {"op": op, "sa": sa, "postgresql": postgresql, "CONSTANT": CONSTANT, "os": os, **names}
    lines = "\n    ".join(body.splitlines())
    exec(f"def upgrade():\n    {lines}", module)  # noqa: S102  it is written below
    return module["upgrade"]


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "op.create_table(CONSTANT, sa.Column('id', sa.BigInteger(), primary_key=True), sa.PrimaryKeyConstraint('id'))",
        "op.add_column('t', sa.Column('v', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text('{}')))",
        "op.create_index(op.f('ix'), 't', ['a'], unique=True, postgresql_where=sa.text('a > 0'))",
        "op.alter_column('t', 'a', existing_type=sa.VARCHAR(length=3), type_=sa.Enum('a', name='e'), nullable=False)",
        "op.add_column('t', sa.Column('at', sa.DateTime(), server_default=sa.func.now()))",
        "op.create_foreign_key(None, 'a', 'b', ['x'], ['y'], ondelete='CASCADE')",
        "op.execute('UPDATE t SET a = 1')",
        "for name in ('a', 'b'):\n    op.drop_table(name)",
        "op.drop_constraint(f'{CONSTANT}_key', 't', type_='unique')",
    ],
)
def test_what_autogenerate_writes_is_simple(body):
    assert is_simple(of(body))


@pytest.mark.parametrize(
    "body",
    [
        "op.get_bind().execute(sa.text('SELECT 1'))",
        "op.get_context().connection.commit()",
        "with op.batch_alter_table('t') as batch:\n    batch.drop_column('a')",
        "with op.get_context().autocommit_block():\n    op.execute('VACUUM')",
        "try:\n    op.drop_table('t')\nexcept Exception:\n    pass",
        "op.invoke(None)",
        "op.run_async(None)",
        "op.bulk_insert(None, [])",
        "import time\ntime.sleep(1)",
        "os.system('true')",
        "print('done')",
        "helper()",
        "sa.create_engine('sqlite://').connect()",
        "sa.inspect(None)",
        "sa.event.listen(None, 'x', None)",
        "op.add_column('t', sa.Column('a', Custom()))",
        "op.drop_table((lambda: 'a')())",
        "op.add_column('t', sa.Column('a', sa.Integer(), default=helper))",
        "op.impl.drop_table('t')",
        "sa.Table('t', sa.MetaData(), autoload_with=None).create()",
        "yield op.drop_table('t')",
        "__import__('os')",
        "globals()",
        "op.create_table.__globals__",
        "op.execute = None",
        "import text",
        "global now\nnow = 1",
        "op.get_bind().connection.cursor()",
        "op.get_context()",
        "op.drop_table(f'{loud}')",
    ],
)
def test_whatever_could_tell_is_not(body):
    class Custom(sa.Integer):
        pass

    class Loud(str):
        __slots__ = ()

    hiding = dict.fromkeys(("get_bind", "get_context", "connection", "cursor", "revision", "down_revision"))
    assert not is_simple(of(body, helper=lambda: None, Custom=Custom, loud=Loud(), **hiding))


@pytest.mark.parametrize("arguments", ["at=1", "*rest", "**words", "*, word", "first"])
def test_a_function_that_takes_something_is_not(arguments):
    module: dict[str, object] = {"op": op}
    exec(f"def upgrade({arguments}): op.drop_table('t')", module)  # noqa: S102  it is written above
    assert not is_simple(module["upgrade"])


def test_names_that_are_imported_are_known_by_what_they_are():
    body = "op.add_column('t', Column('a', Integer(), server_default=text('1')))"
    assert is_simple(of(body, Column=sa.Column, Integer=sa.Integer, text=sa.text))
    assert not is_simple(of(body, Column=sa.Column, Integer=sa.Integer, text=lambda _: None))


@pytest.mark.parametrize("name", ["op", "sa"])
def test_other_modules_of_these_names_are_not(name):
    assert is_simple(of("op.add_column('t', sa.Column('a', sa.Integer()))"))
    assert not is_simple(of("op.add_column('t', sa.Column('a', sa.Integer()))", **{name: os}))


@pytest.mark.parametrize("given", [None, print, sa.Integer, lambda: None, "upgrade"])
def test_what_is_no_function_of_a_revision_is_not_or_does_nothing(given):
    assert is_simple(given) is (type(given).__name__ == "function")
