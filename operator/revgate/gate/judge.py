"""Whether what was read lets the app start, and the sentence that says so: pure, for it is the gate's promise."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from revgate.contract.serves import Answer, Verdict, serves
from revgate.gate.look import Line, Question
from revgate.gate.reading import Cause, Forbidden, Heads, Ledger, NoTable, Reading, Trouble

_NEW_POD: Final = "mend it, then delete this pod: a mended Secret is seen by new pods only"

SENTENCES: Final[Mapping[Cause, str]] = MappingProxyType(
    {
        Cause.UNREACHABLE: "Database {database} was not reached: {detail}",
        Cause.SILENT: "Database {database} gave {detail}: a lock on the version table or a pooler keeps it waiting",
        Cause.HOST_NOT_FOUND: f"Host of database {{database}} was not found: if its name is wrong, {_NEW_POD}",
        Cause.STARTING: "Database {database} takes no logins yet: {detail}",
        Cause.FULL: "Database {database} has no connection left: {detail}",
        Cause.REFUSED_LOGIN: f"Database {{database}} refused user {{user}} or its password: {_NEW_POD}",
        Cause.NOT_ADMITTED: "Database {database} does not admit user {user} from here: check pg_hba.conf and sslmode",
        Cause.NO_DATABASE: f"Database {{database}} does not exist: create it, or if its name is wrong, {_NEW_POD}",
        Cause.OTHER: "Database {database} could not be read: {detail}",
    }
)


class Match(StrEnum):
    """What counts as served."""

    SERVES = "serves"
    EXACT = "exact"


def judge(question: Question, reading: Reading) -> Line:
    """Say whether the database serves everything that is required."""
    match reading:
        case Heads():
            return _judge_heads(question, reading)
        case NoTable(table):
            return _held(
                f"Database {question.database} has no table {table}: it was never migrated, or the table is not in "
                f"the user's search_path; {_list(question.requires)} is required"
            )
        case Forbidden(table):
            return _held(
                f"User {question.user} may not read {table} in database {question.database}: cannot tell whether it "
                f'serves {_list(question.requires)}; run GRANT SELECT ON {table} TO "{question.user}"'
            )
        case Trouble():
            return Line(_sentence(question, reading), served=False, failed=True)
        case _:
            assert_never(reading)


def _judge_heads(question: Question, heads: Heads) -> Line:
    match Match(question.match):
        case Match.EXACT:
            return _judge_exactly(question, heads)
        case Match.SERVES:
            verdicts = [serves(revision, heads.revisions, heads.edges) for revision in question.requires]
        case _:
            assert_never(question.match)
    held = [verdict for verdict in verdicts if verdict.answer is not Answer.YES]
    message = "; ".join(_explained(question, heads, verdict) for verdict in held or verdicts[-1:])
    return Line(message, served=not held)


def _judge_exactly(question: Question, heads: Heads) -> Line:
    served = set(question.requires) == set(heads.revisions)
    found = f"Database is at {_list(heads.revisions)}" if heads.revisions else "Database has no revision yet"
    return Line(found if served else f"{found}, exactly {_list(question.requires)} is required", served=served)


def _explained(question: Question, heads: Heads, verdict: Verdict) -> str:
    """Return the verdict's sentence, or a better one when it is known why there is no map."""
    if verdict.answer is not Answer.CANNOT_TELL:
        return verdict.message
    start = f"Database is at {_list(heads.revisions)}: cannot tell whether that includes {_list(question.requires)}"
    match heads.ledger:
        case Ledger.FORBIDDEN:
            return (
                f"{start}, because user {question.user} may not read the ledger {heads.ledger_table}; add the user "
                "to ledger.readers of the migration"
            )
        case Ledger.MISSING:
            return f"{start}, because there is no ledger of this history; run the migration once with revgate"
        case Ledger.READ | Ledger.NOT_NEEDED:
            return verdict.message
        case _:
            assert_never(heads.ledger)


def _sentence(question: Question, trouble: Trouble) -> str:
    sentence = SENTENCES[trouble.cause]
    return sentence.format(database=question.database, user=question.user, detail=trouble.detail)


def _held(message: str) -> Line:
    return Line(message, served=False)


def _list(revisions: Sequence[str]) -> str:
    return ", ".join(sorted(revisions))
