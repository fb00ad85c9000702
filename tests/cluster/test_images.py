"""The built images: what is in them, and what is not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.cluster import LOCAL, run

_BUILDAH = ("buildah", "--storage-driver", "overlay")
_FOREIGN = ("*/pip", "*/setuptools", "*/gcc", "*/cc", "*/.cache/pip")


@dataclass(frozen=True)
class Image:
    """An image's settings, and its files mounted read-only."""

    settings: dict
    root: Path

    @property
    def packages(self) -> Path:
        return next(self.root.glob("opt/revgate/lib/python3.*/site-packages"))


@pytest.fixture(scope="module", params=["runner", "operator", "gate"])
def image(request: pytest.FixtureRequest) -> Iterator[Image]:
    run([LOCAL / "image", request.param])
    name = f"localhost/revgate-{request.param}:dev"
    settings = json.loads(run([*_BUILDAH, "inspect", "--type", "image", name]).stdout)["OCIv1"]["config"]
    container = run([*_BUILDAH, "from", "--pull-never", name]).stdout.strip()
    try:
        yield Image(settings, Path(run([*_BUILDAH, "mount", container]).stdout.strip()))
    finally:
        run([*_BUILDAH, "rm", container])


def test_every_module_and_revision_has_bytecode(image: Image) -> None:
    sources = [path for path in image.packages.rglob("*.py") if "__pycache__" not in path.parts]
    bare = [path for path in sources if not list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))]
    assert bare == []
    revisions = [path.name for path in sources if path.parent.name == "versions"]
    assert len(revisions) == 8


def test_nothing_is_left_that_built_it(image: Image) -> None:
    found = [path for pattern in _FOREIGN for path in image.root.glob(f"opt/revgate/**/{pattern.removeprefix('*/')}")]
    assert found == []
    assert not list(image.root.glob("usr/bin/gcc*"))
    assert not (image.root / "root/.cache").exists()
    assert list((image.root / "src").glob("*") if (image.root / "src").exists() else []) == []


def test_it_runs_as_nobody_in_particular_and_says_what_it_is(image: Image) -> None:
    assert image.settings["User"] == "65532:65532"
    labels = image.settings["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert labels["org.opencontainers.image.title"].startswith("revgate-")
    assert labels["org.opencontainers.image.version"]


def test_a_room_has_only_the_packages_that_it_needs(image: Image) -> None:
    title = image.settings["Labels"]["org.opencontainers.image.title"]
    has = {name: (image.packages / name).is_dir() for name in ("alembic", "psycopg", "kopf", "kubernetes")}
    wanted = {
        "revgate-runner": ("alembic", "psycopg"),
        "revgate-operator": ("kopf", "kubernetes"),
        "revgate-gate": ("psycopg",),
    }
    assert tuple(name for name, there in has.items() if there) == wanted[title]
