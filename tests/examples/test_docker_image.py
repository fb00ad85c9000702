"""The Docker example's image: built on the runner image as images are built here, and run."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.place import Postgresql
from examples.process import EXAMPLES, started
from support.cluster import LOCAL, run

BUILDAH = ("buildah", "--storage-driver", "overlay")
BUILD = ("bud", "--quiet", "--isolation", "chroot", "--build-arg", "RUNNER_IMAGE=localhost/revgate-runner:dev")
RUN = ("run", "--isolation", "chroot", "--network", "host", "--env", "PORT=0")

pytestmark = pytest.mark.skipif(
    not shutil.which("buildah") or os.geteuid() != 0, reason="images are built with buildah, by root"
)


@dataclass(frozen=True)
class Container:
    """A container that was made from the image, and the image's settings."""

    name: str
    settings: dict[str, Any]


@pytest.fixture
def container() -> Iterator[Container]:
    run([LOCAL / "image", "runner"])
    image = f"localhost/revgate-example-docker:{os.getpid()}"
    run([*BUILDAH, *BUILD, "--tag", image, EXAMPLES / "docker"])
    try:
        settings = json.loads(run([*BUILDAH, "inspect", "--type", "image", image]).stdout)["OCIv1"]["config"]
        name = run([*BUILDAH, "from", "--pull-never", image]).stdout.strip()
        try:
            yield Container(name, settings)
        finally:
            run([*BUILDAH, "rm", name])
    finally:
        run([*BUILDAH, "rmi", image])


def test_it_migrates_and_serves_as_nobody_in_particular(
    container: Container, postgresql: Postgresql, tmp_path: Path
) -> None:
    assert container.settings["User"] == "65532:65532"
    command = (*container.settings["Entrypoint"], *container.settings["Cmd"])
    words = (*BUILDAH, *RUN, "--env", f"DATABASE_URL={postgresql.url}", container.name, "--", *command)
    with started(tmp_path / "log", EXAMPLES, *words) as app:
        port = app.says(r"Listening on port (\d+)")[1]
        answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=20)
        assert answer.json() == {"schema_version": "0008", "expected_version": "0008"}
        app.stop()
