"""What the document declares: calls that are right by its signatures are right by ours, and so are its exceptions."""

import ast
import importlib
import inspect
import re
import typing
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from documents.blocks import text_of
from documents.running_python import compiled

METHODS = (
    "upgrade_to_head()",
    "upgrade_to_version()",
    "downgrade()",
    "get_current_version()",
    "get_pending_migrations()",
    "validate_schema_version()",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
TYPES = {"Engine": Engine, "AsyncEngine": AsyncEngine, "Optional": typing.Optional, "Union": typing.Union}


def declared(text: str) -> Iterator[Function]:
    """Yield the functions of a block that prints only their heads."""
    without_comments = re.sub(r"#.*", "", text)
    for head in re.findall(r"(?:async )?def .+?\)(?: -> [\w\[\]]+)?(?=\s|$)", without_comments, re.DOTALL):
        yield from ast.parse(f"{head}: ...").body  # type: ignore[misc]


@pytest.fixture
def migrations():
    return importlib.import_module("py_accountant.infrastructure.migrations")


def test_the_constructor_takes_what_is_documented(migrations):
    (function,) = declared(text_of("Конструктор"))
    check_parameters(function.args.args, function, migrations.MigrationRunner.__init__)


@pytest.mark.parametrize("key", METHODS)
@pytest.mark.parametrize(
    ("engine", "kind"),
    [
        (create_engine("sqlite://"), ast.FunctionDef),
        (create_async_engine("sqlite+aiosqlite:///nowhere.db"), ast.AsyncFunctionDef),
    ],
    ids=["sync", "async"],
)
def test_a_method_takes_what_is_documented_for_both_kinds_of_engine(migrations, key, engine, kind):
    (function,) = [one for one in declared(text_of(key)) if isinstance(one, kind)]
    method = getattr(migrations.MigrationRunner(engine), key.removesuffix("()"))
    check_parameters(function.args.args[1:], function, method)


def test_include_in_alembic_takes_what_is_documented(migrations):
    (function,) = declared(text_of("include_in_alembic()"))
    check_parameters(function.args.args, function, migrations.include_in_alembic)


def check_parameters(written: list[ast.arg], function: Function, ours: Callable[..., object]) -> None:
    """Names, order and defaults are the document's; whatever comes after them may be left out."""
    defaults = [ast.literal_eval(value) for value in function.args.defaults]
    found = list(inspect.signature(ours).parameters.values())
    assert [one.arg for one in written] == [one.name for one in found[: len(written)]]
    assert all(one.kind is one.POSITIONAL_OR_KEYWORD for one in found[: len(written)])
    assert defaults == [one.default for one in found[len(written) - len(defaults) : len(written)]]
    for one in found[len(written) :]:
        assert one.default is not one.empty or one.kind is one.VAR_KEYWORD
    hints = typing.get_type_hints(ours, localns=TYPES)
    for one in written:
        check_type(one, hints.get(one.arg))


def check_type(written: ast.arg, ours: object) -> None:
    """Whatever the document allows, we take; `self` and Alembic's context have no type that we could ask for."""
    annotation = "" if written.annotation is None else ast.unparse(written.annotation)
    if annotation in {"", "AlembicContext"}:
        return
    allowed = eval(annotation, TYPES)  # noqa: S307  the document's own code
    assert members(allowed) <= members(ours)


def members(annotation: object) -> set[object]:
    return set(typing.get_args(annotation)) or {annotation}


@pytest.mark.parametrize("key", ["MigrationError", "VersionMismatchError"])
def test_an_exception_is_of_the_kinds_that_are_documented(migrations, key):
    names: dict[str, type] = {}
    for text in (text_of("MigrationError"), text_of(key)):
        exec(compiled(text), names)  # noqa: S102  the document's own code
    ours = [kind.__name__ for kind in getattr(migrations, key).__mro__]
    assert [kind for kind in ours if kind in {one.__name__ for one in names[key].__mro__}] == [
        kind.__name__ for kind in names[key].__mro__
    ]


def test_an_application_can_raise_our_error_as_its_own(migrations):
    assert str(migrations.MigrationError("The application says so")) == "The application says so"
