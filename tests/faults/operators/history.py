"""A history in releases: the image of each has two revisions more, and a revision at work says so in the server's log.

What is said there stays when the transaction is rolled back and when the runner is gone: it shows who was at work, and
when, whatever locks there are.
"""

from pathlib import Path

from database.projects.project import make_project

RELEASES = range(1, 11)
IDS = tuple(f"r{number:02}" for number in range(1, 2 * len(RELEASES) + 1))
IMAGE = "registry.example/shop"
SAYS = "at work in % on {id} as % at %"
SAID = r"at work in (\w+) on (\w+) as (\d+) at ([\d.]+)"  # database, revision, pid, seconds
STEPS = 8
_SLOW = {"r02": 40, "r07": 40, "r14": 40}  # steps: somebody may begin another run meanwhile
STEP = 0.04  # seconds
_BESIDE = "r04", "r09"  # build an index beside the app, outside of any transaction
_IMPORT = "from revgate import create_index_concurrently"


def image_of(release: int) -> str:
    return f"{IMAGE}:{release}"


def release_of(image: str) -> int:
    """Read an image, with or without its digest."""
    return int(image.partition("@")[0].rpartition(":")[2])


def position_of(revision: str) -> int:
    """Return how many revisions are applied when this one is the head."""
    return IDS.index(revision) + 1


def make_releases(folder: Path) -> dict[int, Path]:
    """Write the project of each release; return its folder by the release's number."""
    return {release: _write(folder / str(release), IDS[: 2 * release]) for release in RELEASES}


def _write(folder: Path, revisions: tuple[str, ...]) -> Path:
    project = make_project(folder)
    for before, revision in zip((None, *revisions), revisions, strict=False):
        project.revision(revision, before, "\n".join(_body(revision)), head=_IMPORT)
    return project.folder


def _body(revision: str) -> tuple[str, ...]:
    made = ("op.execute('CREATE TABLE trace (number bigserial, revision text)')",) if revision == IDS[0] else ()
    beside = (f"create_index_concurrently('ix_{revision}', 'trace', ['revision'])",) if revision in _BESIDE else ()
    values = "current_database(), pg_backend_pid(), extract(epoch FROM clock_timestamp())"
    said = f"RAISE LOG '{SAYS.format(id=revision)}', {values}; PERFORM pg_sleep({STEP});"
    loop = f"DO $$ BEGIN FOR i IN 1..{_SLOW.get(revision, STEPS)} LOOP {said} END LOOP; END $$"
    traced = f"INSERT INTO trace (revision) VALUES ('{revision}')"
    return (*made, *beside, f"op.execute({loop!r})", f"op.execute({traced!r})")


def has_revisions(image: str) -> int:
    """Return how many revisions an image has."""
    return 2 * release_of(image)
