"""What stops a run when the ledger disagrees with it: a file that was edited since, and a history that is another's."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from revgate.contract import names
from revgate.migration.errors import EditedRevision, OwnedByAnother
from revgate.migration.history import History
from revgate.migration.ledger import Edited, Provenance
from revgate.migration.output.log import get_logger
from revgate.migration.project.revisions import Known
from revgate.migration.recorded import Row, State

_MOST_NAMED: Final = 3
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_OWNER_PARTS: Final = 3  # namespace, name, uid
WAYS_OUT: Final = (
    "put back what was applied and write the change as a new revision, or accept it with --edited accept where the "
    "database has it already"
)


def refuse_edited(edited: Sequence[str], known: Mapping[str, Known], rows: Mapping[str, Row], policy: Edited) -> None:
    """Stop when applied revisions were edited, unless that is accepted.

    Raises:
        EditedRevision: naming them, their files, and when they were applied and by what.
    """
    if edited and policy is Edited.REFUSE:
        raise EditedRevision(f"{edited_text(edited, known, rows)}: {WAYS_OUT}")


def warn_of_edited(edited: Sequence[str], known: Mapping[str, Known], why: str) -> None:
    """Tell the log about each edited revision, and why the run goes on."""
    for revision in edited:
        get_logger().warning("revision_was_edited", revision=revision, file=known[revision].file, goes_on=why)


def edited_text(edited: Sequence[str], known: Mapping[str, Known], rows: Mapping[str, Row]) -> str:
    """Say which revisions were edited, the first few with all that is known about them."""
    named = [f"{one} ({known[one].file}), {origin(rows[one])}," for one in edited[:_MOST_NAMED]]
    if len(edited) > len(named):
        named.append(f"{len(edited) - len(named)} more")
    noun, verb = ("Revisions", "were") if len(edited) > 1 else ("Revision", "was")
    return f"{noun} {' and '.join(named)} {verb} edited since"


def origin(row: Row) -> str:
    """Say how a revision came into the ledger: applied 2026-03-01 12:00:05 UTC by image ledger:1.2.0."""
    by = f" by image {row.image}" if row.image else ""
    if row.state is State.RECORDED or row.finished is None:
        return f"recorded as it was found{by}"
    return f"applied {row.finished:%Y-%m-%d %H:%M:%S} UTC{by}"


def claims(rows: Mapping[str, Row], history: History, provenance: Provenance) -> bool:
    """Say whether rows become ours: those of nobody, of our earlier self, or of who is taken over.

    Raises:
        OwnedByAnother: naming the migration whose history it is.
    """
    if not provenance.owner:
        return False
    ours = {"", _name(provenance.owner), _name(provenance.takes_over)}
    strangers = [row for row in rows.values() if _name(row.owner) not in ours]
    if strangers:
        newest = max(strangers, key=lambda row: row.finished or _NEVER)
        raise OwnedByAnother(_refusal(_name(newest.owner), history))
    return any(row.owner != provenance.owner for row in rows.values())


def _refusal(owner: str, history: History) -> str:
    return (
        f"History {history.place} of {history.database} belongs to migration {owner}: delete one of the two "
        f"migrations, or give this one a version table or database of its own; to take the history over, set "
        f"{names.TAKE_OVER} to {owner} in this one's spec.job.template"
    )


def _name(owner: str) -> str:
    """Return NAMESPACE/NAME: who is created again under it goes on with what is his."""
    parts = owner.split("/")
    return "/".join(parts[:2]) if len(parts) == _OWNER_PARTS else owner
