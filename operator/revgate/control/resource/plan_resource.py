"""The spec of a SchemaPlan: what an upgrade would do, for a person to read and to approve. Its CRD follows from it."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from revgate.contract.planned import MOST_REVISIONS
from revgate.control.resource.model import Part, rules

_SETTLED = ("migration", "hash", "from", "to", "image", "destructive", "needsApproval", "truncated")
_Ids = Annotated[tuple[Annotated[str, Field(max_length=256)], ...], Field(max_length=1000)]
_Name = Annotated[str, Field(min_length=1, max_length=512, description="User name, as the API server knows it")]


class FoundInPlan(Part):
    """What the linter says of a revision."""

    rule: Annotated[str, Field(max_length=256)]
    level: Annotated[str, Field(max_length=32, description="error, warning or info")]
    message: Annotated[str, Field(max_length=4096)]


class RevisionInPlan(Part):
    """One revision that would be applied."""

    revision: Annotated[str, Field(max_length=256, description="Full id")]
    message: Annotated[str, Field(max_length=1024, description="First words of its file")] = ""
    checksum: Annotated[str, Field(max_length=64, description="sha256 of its file, as the ledger has it")] = ""
    sql: Annotated[str, Field(description="What it runs, where that could be rendered")] = ""
    not_rendered: Annotated[str, Field(max_length=4096, description="Why there is no SQL")] = ""
    destroys: Annotated[
        tuple[Annotated[str, Field(max_length=1024)], ...], Field(max_length=100, description="What is gone afterwards")
    ] = ()
    findings: Annotated[tuple[FoundInPlan, ...], Field(max_length=200, description="What the linter found")] = ()


class Approved(Part):
    """Who let the plan be carried out."""

    by: _Name
    at: datetime


class Rejected(Part):
    """Who turned the plan down."""

    by: _Name
    at: datetime
    why: Annotated[str, Field(max_length=1024, description="For whoever asks why nothing happens")] = ""


class PlanSpec(Part):
    """A plan. Only `approved` and `rejected` are ever written into it, once."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                " && ".join(f"self.{name} == oldSelf.{name}" for name in _SETTLED)
                + " && self.revisions.size() == oldSelf.revisions.size()"
                + " && self.revisions == oldSelf.revisions",
                "a plan is not changed: only approved and rejected are written into it",
            ),
            (
                "!has(oldSelf.approved) || (has(self.approved) && self.approved == oldSelf.approved)",
                "an approval is not taken back: suspend the migration to stop it",
            ),
            (
                "!has(oldSelf.rejected) || (has(self.rejected) && self.rejected == oldSelf.rejected)",
                "a rejected plan stays rejected: change the migration, and a new plan is made",
            ),
            ("!(has(self.approved) && has(self.rejected))", "a plan is either approved or rejected"),
        ),
    )

    migration: Annotated[str, Field(max_length=63, description="Name of the SchemaMigration")]
    hash: Annotated[str, Field(max_length=64, description="Identity of the plan; the run refuses what differs from it")]
    from_: Annotated[_Ids, Field(alias="from", description="Heads before; none is the base")]
    to: Annotated[_Ids, Field(description="What the target means in this image")]
    image: Annotated[str, Field(max_length=1024, description="Image of the revisions, with its digest where known")]
    destructive: Annotated[bool, Field(description="Data goes, or nobody can say")]
    needs_approval: Annotated[bool, Field(description="Whether spec.approval of the migration asked for it")]
    truncated: Annotated[bool, Field(description="SQL was left out, because the plan is large")]
    revisions: Annotated[
        tuple[RevisionInPlan, ...], Field(max_length=MOST_REVISIONS, description="In the order to apply them")
    ]
    approved: Annotated[Approved | None, Field(description="Write this to let the plan be carried out")] = None
    rejected: Annotated[Rejected | None, Field(description="Write this to turn the plan down")] = None
