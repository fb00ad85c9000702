"""Which revisions an app requires, from arguments, the environment or its own constant."""

import sys

import pytest

from revgate.gate.requires import RequiresError, find_requires

FOUND = {
    "one argument": ((["0008"], [], {}), ("0008",)),
    "several arguments": ((["0008", "b1"], [], {}), ("0008", "b1")),
    "a list with commas and spaces": ((["0008, b1,,"], [], {}), ("0008", "b1")),
    "the same twice": ((["0008", "0008"], [], {}), ("0008",)),
    "the environment": (([], [], {"REVGATE_REQUIRES": "0008,b1"}), ("0008", "b1")),
    "arguments before the environment": ((["0007"], [], {"REVGATE_REQUIRES": "0008"}), ("0007",)),
    "a constant": (([], ["revgate:__version_schema__"], {"REVGATE_REQUIRES": "0001"}), ("0008",)),
    "an argument and a constant": ((["b1"], ["revgate:__version_schema__"], {}), ("b1", "0008")),
}


@pytest.mark.parametrize(("given", "revisions"), FOUND.values(), ids=FOUND.keys())
def test_the_revisions_are_those_of(given, revisions):
    assert find_requires(*given) == revisions


@pytest.mark.parametrize("environment", [{}, {"REVGATE_REQUIRES": ""}, {"REVGATE_REQUIRES": " , "}])
def test_a_gate_that_requires_nothing_is_a_mistake(environment):
    with pytest.raises(RequiresError, match=r"^No revision is required: pass --requires 0008"):
        find_requires([], [], environment)


@pytest.fixture
def app(tmp_path, monkeypatch):
    """Put an app into the working directory, as an image does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "shop_app.py").write_text(
        'text = "0008"\nseveral = ["0008", "b1"]\nnumber = 8\nempty = ""\nnone = []\n'
    )
    (tmp_path / "broken_app.py").write_text('raise RuntimeError("postgresql://app:sEcret@db/ledger")\n')
    yield
    sys.modules.pop("shop_app", None)


@pytest.mark.usefixtures("app")
def test_a_constant_is_found_in_the_working_directory():
    assert find_requires([], ["shop_app:text"], {}) == ("0008",)


@pytest.mark.usefixtures("app")
def test_a_constant_may_be_a_list():
    assert find_requires([], ["shop_app:several"], {}) == ("0008", "b1")


WRONG = {
    "shop_app": "shop_app names no constant: write it like package:__version_schema__",
    "shop_app:": "shop_app: names no constant",
    ":text": ":text names no constant",
    "shop_app:missing": "shop_app:missing is missing or no text",
    "shop_app:number": "shop_app:number is missing or no text: set it to a full revision id in quotes",
    "shop_app:empty": "shop_app:empty is missing or no text",
    "shop_app:none": "shop_app:none is missing or no text",
    "no_such_app:text": "Module no_such_app could not be imported: ModuleNotFoundError",
    "broken_app:text": "Module broken_app could not be imported: RuntimeError; run python -c 'import broken_app'",
}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(("reference", "start"), WRONG.items())
def test_a_constant_that_cannot_be_read_has_a_sentence(reference, start):
    with pytest.raises(RequiresError, match=f"^{start}") as caught:
        find_requires([], [reference], {})
    assert "sEcret" not in str(caught.value)
