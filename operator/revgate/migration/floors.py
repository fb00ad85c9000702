"""Where an upgrade stops, so that somebody can wait for the apps that the next revision would end.

A floor says from which revision on apps are still served. One that ends nothing which is served when the run begins is
no reason to stop: in an empty database no app can be at work.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from revgate.contract.serves import Edge, heads_after, served


@dataclass(frozen=True, slots=True)
class Floors:
    """An upgrade that stops before floors, but not before the revision `past`, for whose apps nobody waits any more."""

    past: str = ""

    def stop(self, pending: Sequence[str], heads: Collection[str], edges: Mapping[str, Edge]) -> str:
        """Return the revision to stop before, "" when all that is pending may be applied.

        Args:
            pending: in the order to apply it.
            heads: where the database is.
            edges: of what is applied and of what is pending.
        """
        now = frozenset(served(heads, edges))
        for revision in pending:
            heads = heads_after(revision, heads, edges)
            if not edges[revision].floor:
                continue
            then = frozenset(served(heads, edges))
            if revision == self.past:
                now = then
            elif now - then:
                return revision
        return ""

    def allowed(self, pending: Sequence[str], heads: Collection[str], edges: Mapping[str, Edge]) -> tuple[str, ...]:
        """Return what of it may be applied now."""
        stop = self.stop(pending, heads, edges)
        return tuple(pending[: pending.index(stop)] if stop else pending)
