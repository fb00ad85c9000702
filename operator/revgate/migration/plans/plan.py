"""What an upgrade would do, as a value: from where to where, by which revisions, and their SQL where it is known."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from revgate.contract.planned import plan_hash
from revgate.migration.lint.finding import Finding
from revgate.migration.lint.linting import Looked
from revgate.migration.rendering.script import RevisionSql


@dataclass(frozen=True, slots=True)
class PlannedRevision:
    """One revision of a plan: its SQL is for reading, its checksum is what is agreed to."""

    sql: RevisionSql
    checksum: str
    looked: Looked = field(default_factory=Looked)  # what the linter found

    @property
    def is_rendered(self) -> bool:
        """Whether its SQL is known."""
        return not self.sql.not_rendered


@dataclass(frozen=True, slots=True)
class Edits:
    """Applied revisions whose files are not what was applied, as the ledger tells."""

    revisions: tuple[str, ...] = ()
    message: str = ""  # what an upgrade would say of them
    are_refused: bool = False  # and then end, before its first statement


@dataclass(frozen=True, slots=True)
class Plan:
    """An upgrade that was not made. Revisions are full ids; heads are sorted."""

    schema: str  # of the version table; "" is the default of the connection, or SQLite, which has none
    table: str
    dialect: str
    before: tuple[str, ...]
    revisions: tuple[PlannedRevision, ...]  # in the order to apply them
    image_digest: str = ""  # "" outside of an image
    notes: tuple[str, ...] = ()  # what the linter could not ask, a sentence each
    edits: Edits = field(default_factory=Edits)  # none where no database was asked

    @property
    def after(self) -> tuple[str, ...]:
        """Return the heads to which it leads."""
        return self.revisions[-1].sql.heads if self.revisions else self.before

    @property
    def place(self) -> str:
        """Return the history's place for a person."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def not_rendered(self) -> tuple[str, ...]:
        """Return one sentence for each revision whose SQL is not known."""
        return tuple(one.sql.not_rendered for one in self.revisions if not one.is_rendered)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what the linter found in all of them."""
        return tuple(finding for one in self.revisions for finding in one.looked.findings)

    @property
    def is_destructive(self) -> bool:
        """Whether data goes; a revision whose SQL is not known counts."""
        return any(one.looked.destroys or not one.is_rendered for one in self.revisions)

    @property
    def hash(self) -> str:
        """Return the plan's identity."""
        steps = [(one.sql.revision, one.checksum) for one in self.revisions]
        return plan_hash((self.schema, self.table), self.before, self.after, steps, self.image_digest)


def without_secrets(plan: Plan, redact: Callable[[str], str]) -> Plan:
    """Return the plan with nothing in it that must not be shown: SQL with a mask in it would be other SQL, and goes."""
    notes = tuple(redact(note) for note in plan.notes)
    edits = replace(plan.edits, message=redact(plan.edits.message))
    revisions = tuple(_without_secrets(one, redact) for one in plan.revisions)
    return replace(plan, revisions=revisions, notes=notes, edits=edits)


def _without_secrets(one: PlannedRevision, redact: Callable[[str], str]) -> PlannedRevision:
    sql, text = one.sql, "\n".join(one.sql.statements)
    looked = _looked_without_secrets(one.looked, redact)
    if redact(text) != text:
        why = f"Revision {sql.revision} has a password of the environment in its SQL: it is not shown"
        return replace(one, sql=replace(sql, statements=(), lines=(), not_rendered=why), looked=looked)
    return replace(one, sql=replace(sql, not_rendered=redact(sql.not_rendered)), looked=looked)


def _looked_without_secrets(looked: Looked, redact: Callable[[str], str]) -> Looked:
    return Looked(
        tuple(_finding_without_secrets(one, redact) for one in looked.findings),
        tuple(_finding_without_secrets(one, redact) for one in looked.ignored),
        tuple(map(redact, looked.destroys)),
    )


def _finding_without_secrets(one: Finding, redact: Callable[[str], str]) -> Finding:
    statement = one.statement if redact(one.statement) == one.statement else ""
    return replace(one, message=redact(one.message), tables=tuple(map(redact, one.tables)), statement=statement)
