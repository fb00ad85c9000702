"""Who brings an empty database to the newest of so many revisions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from peers import Peer
from processes import Database, own, psql
from projects import Project

PSQL, ALEMBIC, UPGRADE, JOB = "psql", "alembic upgrade head", "revgate upgrade", "revgate job"


@dataclass(frozen=True)
class Contender:
    """One program and the folder that it runs in."""

    name: str
    folder: Path
    command: Callable[[Database], list[str]]
    is_peer: bool = False


def contenders_of(project: Project, peers: Sequence[Peer]) -> list[Contender]:
    """Return the floor, Alembic, revgate, and the peers that can do so many; their files are written here."""
    ours = {
        PSQL: psql("-f", "all.sql"),
        ALEMBIC: own("alembic", "upgrade", "head"),
        UPGRADE: own("revgate", "upgrade"),
        JOB: own("revgate", "job"),
    }
    plain = [Contender(name, project.folder, lambda _, words=words: words) for name, words in ours.items()]
    return [*plain, *(_peer(peer, project) for peer in peers if project.revisions <= peer.most)]


def _peer(peer: Peer, project: Project) -> Contender:
    folder = project.folder / peer.name.replace(" ", "-")
    folder.mkdir()
    peer.write(folder, project.revisions)
    return Contender(peer.name, folder, peer.command, is_peer=True)
