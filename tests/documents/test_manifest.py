"""No block is left out: each is in the manifest, each is taken up by the test that the manifest names."""

import ast
import hashlib
from functools import cache
from pathlib import Path

import pytest

from documents.blocks import BLOCKS, DOCUMENT, read_blocks
from documents.manifest import MANIFEST, Kind

FOLDER = Path(__file__).parent
TABLE = (FOLDER.parents[1] / "docs/migration-api.md").read_text(encoding="utf-8")
DIGEST = "8156e52819b37f45de0bbb527e464d766f1ff614ab4c3f4b2d1425726b5dbad6"


@cache
def module(file: str) -> ast.Module:
    return ast.parse((FOLDER / file).read_text(encoding="utf-8"))


def test_the_document_is_the_one_that_was_given_to_us():
    assert hashlib.sha256(DOCUMENT.read_bytes()).hexdigest() == DIGEST


def test_every_block_of_the_document_is_in_the_manifest():
    assert [key for key in BLOCKS if key not in MANIFEST] == []


def test_nothing_is_in_the_manifest_that_is_gone_from_the_document():
    assert [key for key in MANIFEST if key not in BLOCKS] == []


def test_a_block_is_known_by_one_key_and_every_fence_is_seen():
    document = DOCUMENT.read_text(encoding="utf-8")
    blocks = list(read_blocks(document))
    assert len(blocks) == len(BLOCKS) == document.count("```") / 2


def test_a_block_that_does_not_end_is_an_error():
    with pytest.raises(ValueError, match="line 2 has no end"):
        list(read_blocks("# Title\n```bash\nls\n"))


@pytest.mark.parametrize("named", sorted({test for _, test in MANIFEST.values()}))
def test_a_test_that_is_named_is_there_and_takes_up_its_blocks(named):
    file, _, name = named.partition("::")
    keys = [key for key, (_, test) in MANIFEST.items() if test == named]
    assert set(keys) <= texts_reached(file, name)


def texts_reached(file: str, name: str) -> set[str]:
    """Return the texts in a function of a module, and in all of the module that it uses."""
    defined = {name: node for node in module(file).body for name in names_made(node)}
    texts, seen, waiting = set[str](), set[str](), [name]
    while waiting:
        if (name := waiting.pop()) not in seen and name in defined:
            seen.add(name)
            for node in ast.walk(defined[name]):
                if isinstance(node, ast.Name):
                    waiting.append(node.id)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    texts.add(node.value)
    return texts


def names_made(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]


def test_few_blocks_only_illustrate():
    assert [key for key, (kind, _) in MANIFEST.items() if kind is Kind.ILLUSTRATES] == [
        "Пример 4: Docker + PostgreSQL + CI/CD 5",
        "Downtime Windows 3",
        "Don't Modify Existing Migrations",
        "Document Complex Migrations",
        "Django",
        "Tortoise ORM",
    ]


@pytest.mark.parametrize("named", sorted({test for _, test in MANIFEST.values()}))
def test_every_test_is_in_the_table_of_the_documentation(named):
    assert f"`{named.partition('::')[2]}`" in TABLE


def test_the_table_of_the_documentation_names_only_tests_that_are_there():
    everything = {
        node.name
        for file in FOLDER.glob("test_*.py")
        for node in module(file.name).body
        if isinstance(node, ast.FunctionDef)
    }
    named = {word for word in TABLE.split("`") if word.startswith("test_") and " " not in word and "." not in word}
    assert named <= everything
