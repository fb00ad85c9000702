"""Blocks that only illustrate: what they name is there, what is code compiles, and what is ours in them runs."""

import ast
import textwrap

import alembic.op
import pytest

from documents.blocks import text_of
from documents.replaced import python_for
from documents.running_python import compiled, run_python
from documents.running_shell import bash

BLUE_GREEN = "Downtime Windows 3"
COMPOSE_COMMANDS = "Пример 4: Docker + PostgreSQL + CI/CD 5"
FORBIDDEN_CHANGE = "Don't Modify Existing Migrations"
ELIDED_REVISION = "Document Complex Migrations"
DJANGO = "Django"
TORTOISE = "Tortoise ORM"


def test_the_steps_of_blue_and_green_are_prose():
    lines = text_of(BLUE_GREEN).splitlines()
    assert [line[:2] for line in lines] == ["1.", "2.", "3.", "4.", "5."]


def test_of_the_commands_around_compose_ours_runs(place):
    """What starts containers and pushes a branch is not ours to run here."""
    place.bring_to("0008")
    text = text_of(COMPOSE_COMMANDS)
    (ours,) = [line.partition("exec app ")[2] for line in text.splitlines() if "exec app " in line]
    assert bash(place, ours).stdout == "Current version: 0008\n"


def test_a_change_that_must_not_be_made_is_one_of_alembic_s_operations():
    (function,) = [node for node in ast.parse(text_of(FORBIDDEN_CHANGE)).body if isinstance(node, ast.FunctionDef)]
    assert function.name == "upgrade"
    called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    assert called == {"op.add_column"}
    assert callable(alembic.op.add_column)


def test_a_revision_whose_code_is_left_out_says_where_it_stands_in_our_history():
    """Its function has no body: Python takes it only with one."""
    text = text_of(ELIDED_REVISION)
    with pytest.raises(SyntaxError):
        compiled(text)
    tree = ast.parse(text + textwrap.indent("...", "    "))
    assert {"Revision ID: 0003", "Revises: 0002"} <= set((ast.get_docstring(tree) or "").splitlines())


def test_settings_of_django_are_a_dictionary_and_start_nothing():
    names: dict[str, dict[str, dict[str, str]]] = {}
    exec(compiled(text_of(DJANGO)), names)  # noqa: S102  the document's own code
    assert names["DATABASES"]["default"]["ENGINE"].endswith("postgresql")


def test_the_migrations_run_before_another_orm_begins(way):
    """Up to the first line that is Tortoise's; the rest compiles."""
    block = python_for(way, TORTOISE)
    compiled(block)
    ours, separator, _ = block.partition("# Then initialize Tortoise")
    assert separator
    run_python(way, ours)
    assert way.place.version() == "0008"
