"""Public projects, each installed once into a folder of its own below the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from environments.public.projects import Public

WITHIN = 300.0  # seconds for a download on a slow line


def site_of(project: Public) -> Path:
    """Return the folder to put on the path of modules; whoever has no package index is told so."""
    wanted = "\n".join((*project.requirements, sys.version))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "revgate" / "projects"
    site = cache / f"{project.name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    if not site.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        _install(project, site)
    return site


def _install(project: Public, site: Path) -> None:
    """Install beside, and move it to its place when it is whole: another test run may look at the same time."""
    beside = Path(tempfile.mkdtemp(dir=site.parent))
    uv = Path(sys.executable).parent / "uv"
    options = ("--quiet", "--compile-bytecode", "--python", sys.executable, "--target", beside)
    command = [uv, "pip", "install", *options, *project.requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN)
    if done.returncode != 0:
        shutil.rmtree(beside)
        pytest.fail(f"{project.name} could not be installed, is there a package index? {done.stderr}", pytrace=False)
    try:
        beside.rename(site)
    except OSError:  # the other one was faster
        shutil.rmtree(beside)
