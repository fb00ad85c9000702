"""Every situation that a decision knows, by a sentence: what was seen, and what is to be done.

The tests of the decision and of the status share this table: whatever can be decided must also come to rest.
"""

from dataclasses import dataclass, replace
from typing import Any

from revgate.contract.exits import EXIT_TABLE, Exit, Next
from revgate.contract.reasons import Reason
from revgate.contract.report import Report
from revgate.contract.steps import Step
from revgate.control.deciding.decision import (
    Again,
    Await,
    Discard,
    Done,
    Hold,
    Inspecting,
    Progress,
    Remove,
    Stall,
    Start,
    Tell,
    Unseen,
)
from revgate.control.deciding.kinds import Kind
from revgate.control.observing.snapshot import Malformed, Migration, Pod, Run, Snapshot
from revgate.control.resource.plan_resource import Approved, Rejected
from revgate.control.resource.record import HistoryEntry, Observation, Outcome, RunRecord, RunState, Status
from revgate.control.runs.job import job_name
from support.builders import (
    EARLIER_UID,
    UID,
    ago,
    at_work,
    carrying_out,
    going_down,
    looking,
    migration,
    plan,
    planning,
    pod,
    report,
    reported,
    run,
    silent,
    snapshot,
    spec,
    told,
    waiting,
)
from support.floor_situations import FLOORS


@dataclass(frozen=True, slots=True)
class Expected:
    """The kind of the decision, and those of its fields (and of its ending) that matter here."""

    kind: type
    fields: dict[str, Any]


def expect(decision: type, /, **fields: Any) -> Expected:
    return Expected(decision, fields)


def _record(of: Migration, **fields: Any) -> RunRecord:
    inputs = run(of).inputs
    usual = {"job": f"ledger-{inputs[:4]}-1", "uid": UID, "inputs": inputs, "attempt": 1, "state": RunState.FINISHED}
    if fields.get("state", RunState.FINISHED) is RunState.FINISHED:
        usual |= {"finished_at": ago(10), "outcome": Outcome.FAILED, "message": "Runner said so"}
    return RunRecord(**(usual | fields))


def remembered(**fields: Any) -> Snapshot:
    """Only the status is left of the run."""
    return snapshot(migration(status=Status(run=_record(migration(), **fields))))


A, B = spec(image="ledger:a"), spec(image="ledger:b")
JOB = run(migration()).inputs[:4]
PLAIN, SUSPENDED = migration(), migration(spec(suspend=True))
NEVER_AGAIN = migration(spec(retry={"limit": 0}))
ONCE_MORE = migration(spec(retry={"limit": 1}))
NO_START_LIMIT = migration(spec(timeouts={"start": "0s"}))
BACK_TO_A = migration(A, generation=3)
ON_B = migration(B, generation=2)
BEFORE = migration(uid=EARLIER_UID)
BAD = migration(Malformed("Field spec.retry.limit is not valid: Input should be a valid integer; mend it"))
LATEST_B = Status(run=_record(ON_B, reason=Reason.UP_TO_DATE, outcome=Outcome.SUCCEEDED, finished_at=ago(100)))
BACK_TO_A_REMEMBERING_B = migration(A, generation=3, status=LATEST_B)
LEFT_READY = Status(run=_record(migration(), reason=Reason.UP_TO_DATE, outcome=Outcome.SUCCEEDED))
READY_ONCE = migration(status=LEFT_READY)
READY_AND_SEEN = migration(
    status=Status(run=_record(migration(), reason=Reason.UP_TO_DATE, outcome=Outcome.SUCCEEDED, started_at=ago(30)))
)
GIVEN_UP = migration(status=Status(run=_record(migration(), reason=Reason.POD_NOT_STARTED)))
AHEAD = Report(Exit.DONE, Reason.DATABASE_AHEAD, "Database is ahead", ("9",), ("9",), ("8",), read=True)
GONE = Pod(name="ledger-pod", uid="pod-uid", job="ledger-job", created_at=ago(60), gone=True)

ASKING, CAREFUL = migration(spec(approval="Always")), migration(spec(approval="Destructive"))
PLANNING, STOPPED = migration(spec(mode="Plan")), migration(spec(approval="Always", suspend=True))
YES, NO = Approved(by="dana", at=ago(5)), Rejected(by="dana", at=ago(5), why="on Monday")
PLAN, APPROVED = plan(ASKING), plan(ASKING, approved=YES)
CHANGED = report(37, reason=Reason.PLAN_CHANGED)
TOLD = {"inputs": planning(ASKING), "reason": Reason.PLANNED, "outcome": Outcome.SUCCEEDED, "finished_at": ago(300)}

LOOKING = migration(spec(drift={"interval": "10m"}))
RESTING = migration(spec(drift={"interval": "10m"}, suspend=True))
DOWN = migration(spec(downgrade={"to": "0001"}))
_LOOK = job_name(LOOKING, looking(LOOKING)["inputs"], 1)
_LOOK_AT_PLAIN = job_name(PLAIN, looking(PLAIN)["inputs"], 1)
LOOKED = Status(observed_by=Observation(job=_LOOK, created_at=ago(9999)))
CARRIED_OUT = Status(
    history=(HistoryEntry(job="j", plan=PLAN.name, outcome=Outcome.SUCCEEDED, reason="UpToDate", finished_at=ago(7)),)
)
APPLIED_BY_9 = Status(
    current_revisions=("0002",),
    history=(HistoryEntry(to=("0002",), image="ledger:9", job="j", outcome=Outcome.SUCCEEDED, reason="UpToDate"),),
)

EDGES = report(edges="ab" * 32)
UNREAD = report(Exit.UNREACHABLE, read=False)
REFUSED = report(Exit.CONFIGURATION, read=False)
_LATER = {"created": 40, "said": EDGES} | looking(PLAIN)
LOST = reported(PLAIN, 0, said=EDGES)
LOST_AND_FAILED = reported(PLAIN, Exit.REVISION_FAILED, said=report(Exit.REVISION_FAILED, edges="ab" * 32))
LOST_AGAIN = reported(PLAIN, 0, **_LATER)
LOST_THRICE = reported(PLAIN, 0, attempt=3, **_LATER)
LOST_LONG_AGO = reported(PLAIN, 0, job=_LOOK_AT_PLAIN, **(_LATER | {"created": 90}), ended=70)


def _that_knows(run: Run, of: Migration = PLAIN) -> Migration:
    """The migration with what this run saw in its status, but for the ledger."""
    seen = Observation(job=run.job, created_at=run.created_at, database=run.database, edges_lost=True)
    return migration(of.spec, status=Status(observed_by=seen))


def _inputs_of(fields: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": fields["inputs"]}


EVENTS: dict[str, tuple[Snapshot, Expected]] = {
    "nothing has run yet": (snapshot(PLAIN), expect(Start, attempt=1, failures=0)),
    "nothing has run yet, suspended": (snapshot(SUSPENDED), expect(Hold)),
    "the spec cannot be read": (snapshot(BAD), expect(Stall, reason=Reason.INVALID_SPEC)),
    "the spec cannot be read any more while a run is at work": (
        snapshot(BAD, at_work(PLAIN)),
        expect(Stall, reason=Reason.INVALID_SPEC),
    ),
    # a run is on its way
    "the Job was just created": (
        snapshot(PLAIN, run(PLAIN, created=1)),
        expect(Progress, reason=Reason.STARTING, check_at=ago(-2)),
    ),
    "the Job has no container for a while": (
        snapshot(PLAIN, run(PLAIN, created=60)),
        expect(Progress, reason=Reason.STARTING, check_at=ago(-30)),
    ),
    "the deadline is nearer than the next look": (
        snapshot(PLAIN, run(PLAIN, created=590)),
        expect(Progress, reason=Reason.STARTING, check_at=ago(-10)),
    ),
    "the runner is at work": (
        snapshot(PLAIN, at_work(PLAIN)),
        expect(Progress, reason=Reason.RUNNING, check_at=ago(-30)),
    ),
    "the runner is at work for long": (
        snapshot(PLAIN, at_work(PLAIN, step=Step("0007", "2026-03-01T11:59:40"))),
        expect(Progress, message="Job ledger-JOB-1 is at work: revision 0007 since 11:59:40 UTC".replace("JOB", JOB)),
    ),
    "the server does something for the runner that takes long": (
        snapshot(PLAIN, at_work(PLAIN, step=Step("0007", "2026-03-01T11:59:40", "41 % of ix (building index)"))),
        expect(
            Progress,
            message=f"Job ledger-{JOB}-1 is at work: revision 0007 since 11:59:40 UTC, 41 % of ix (building index)",
        ),
    ),
    "the runner has been at work for a minute and a half": (
        snapshot(PLAIN, run(PLAIN, pod=pod(started=90))),
        expect(Progress, check_at=ago(-90)),
    ),
    "the runner has been at work for a day": (
        snapshot(PLAIN, run(PLAIN, pod=pod(started=86400))),
        expect(Progress, check_at=ago(-300)),
    ),
    "suspended while the runner is at work": (
        snapshot(SUSPENDED, at_work(SUSPENDED)),
        expect(Progress, reason=Reason.RUNNING),
    ),
    "suspended before the container started": (snapshot(SUSPENDED, run(SUSPENDED)), expect(Remove, ended=None)),
    "suspended and the Job is being removed": (
        snapshot(SUSPENDED, run(SUSPENDED, deleting=True)),
        expect(Progress, reason=Reason.STARTING),
    ),
    "suspended after it was done": (snapshot(SUSPENDED, reported(SUSPENDED, Exit.DONE)), expect(Done)),
    "suspended after a failure that may pass": (
        snapshot(SUSPENDED, reported(SUSPENDED, Exit.UNREACHABLE)),
        expect(Hold),
    ),
    "suspended after a failure for a human": (
        snapshot(SUSPENDED, reported(SUSPENDED, Exit.REVISION_FAILED)),
        expect(Stall, reason=Reason.REVISION_FAILED),
    ),
    # a container that does not start
    "the Secret is missing": (
        snapshot(PLAIN, waiting(PLAIN, "CreateContainerConfigError", 'secret "ledger-db" not found')),
        expect(Progress, reason=Reason.SECRET_NOT_FOUND),
    ),
    "no pod was created": (
        snapshot(PLAIN, run(PLAIN, note="exceeded quota")),
        expect(Progress, reason=Reason.POD_NOT_CREATED),
    ),
    "no container started before the deadline": (
        snapshot(PLAIN, run(PLAIN, created=600)),
        expect(Remove, reason=Reason.POD_NOT_STARTED, next=Next.SLOWLY),
    ),
    "the Secret is missing until the deadline": (
        snapshot(PLAIN, waiting(PLAIN, "CreateContainerConfigError", 'secret "ledger-db" not found', created=600)),
        expect(Remove, reason=Reason.SECRET_NOT_FOUND, next=Next.SLOWLY),
    ),
    "the deadline is over and the Job is being removed": (
        snapshot(PLAIN, run(PLAIN, created=700, deleting=True)),
        expect(Progress, reason=Reason.STARTING),
    ),
    "there is no deadline for the start": (
        snapshot(NO_START_LIMIT, run(NO_START_LIMIT, created=99999)),
        expect(Progress, reason=Reason.STARTING, check_at=ago(-30)),
    ),
    # a run of something else
    "a run of an earlier spec has not started": (
        snapshot(BACK_TO_A, run(ON_B)),
        expect(Remove, ended=None),
    ),
    "a run of an earlier spec is being removed": (
        snapshot(BACK_TO_A, run(ON_B, deleting=True)),
        expect(Progress, reason=Reason.WAITING_FOR_PREVIOUS_RUN),
    ),
    "a run of an earlier spec is at work": (
        snapshot(BACK_TO_A, at_work(ON_B)),
        expect(Progress, reason=Reason.WAITING_FOR_PREVIOUS_RUN),
    ),
    "a run of an earlier spec is at work, and now it is suspended": (
        snapshot(SUSPENDED, at_work(ON_B)),
        expect(Progress, reason=Reason.WAITING_FOR_PREVIOUS_RUN),
    ),
    "a run of an earlier spec is over": (
        snapshot(ON_B, reported(BACK_TO_A, Exit.DONE)),
        expect(Start, attempt=1, failures=0),
    ),
    "a run of an earlier spec needed a human": (
        snapshot(ON_B, reported(BACK_TO_A, Exit.REVISION_FAILED)),
        expect(Start, attempt=1, failures=0),
    ),
    "a run of an earlier migration of this name is at work": (
        snapshot(PLAIN, at_work(BEFORE)),
        expect(Progress, reason=Reason.WAITING_FOR_PREVIOUS_RUN),
    ),
    "a run of an earlier migration of this name has not started": (
        snapshot(PLAIN, run(BEFORE)),
        expect(Remove, ended=None),
    ),
    "a run of an earlier migration of this name is over": (
        snapshot(PLAIN, reported(BEFORE, Exit.DONE)),
        expect(Start, attempt=1),
    ),
    "the retry annotation was changed after a failure": (
        snapshot(migration(retry="again"), reported(PLAIN, Exit.REVISION_FAILED)),
        expect(Start, attempt=1, failures=0),
    ),
    # A, then B, then A again
    "A ran, B ran, and A is asked for again": (
        snapshot(BACK_TO_A, reported(BACK_TO_A, 0, created=300, ended=280), reported(ON_B, 0, created=200, ended=180)),
        expect(Start, attempt=1, failures=0),
    ),
    "A ran, B ran and its Job is gone, and A is asked for again": (
        snapshot(BACK_TO_A_REMEMBERING_B, reported(BACK_TO_A, 0, created=300, ended=280)),
        expect(Start, attempt=1, failures=0),
    ),
    "A ran, B ran, and A runs again": (
        snapshot(
            BACK_TO_A,
            reported(BACK_TO_A, 0, created=300, ended=280),
            reported(ON_B, 0, created=200, ended=180),
            at_work(BACK_TO_A, attempt=2, created=100),
        ),
        expect(Progress, reason=Reason.RUNNING),
    ),
    "A ran, B ran, and A ran again": (
        snapshot(
            BACK_TO_A,
            reported(BACK_TO_A, Exit.REVISION_FAILED, created=300, ended=280),
            reported(ON_B, 0, created=200, ended=180),
            reported(BACK_TO_A, 0, attempt=2, created=100, ended=80),
        ),
        expect(Done),
    ),
    "A ran, B ran, A is asked for again, but suspended": (
        snapshot(
            migration(spec(image="ledger:a", suspend=True), generation=3),
            reported(BACK_TO_A, 0, created=300, ended=280),
            reported(ON_B, 0, created=200, ended=180),
        ),
        expect(Hold),
    ),
    # a run that was cut off
    "out of memory once": (
        snapshot(PLAIN, silent(PLAIN, 137, reason="OOMKilled")),
        expect(Start, attempt=2, failures=1),
    ),
    "out of memory twice": (
        snapshot(PLAIN, silent(PLAIN, 137, reason="OOMKilled", attempt=2, failures=1)),
        expect(Stall, reason=Reason.OUT_OF_MEMORY),
    ),
    "out of memory once, and no failure is allowed": (
        snapshot(NEVER_AGAIN, silent(NEVER_AGAIN, 137, reason="OOMKilled")),
        expect(Stall, reason=Reason.RETRY_LIMIT_REACHED),
    ),
    "killed without a report": (snapshot(PLAIN, silent(PLAIN, 137)), expect(Start, attempt=2, failures=1)),
    "killed without a report too often": (
        snapshot(ONCE_MORE, silent(ONCE_MORE, 137, attempt=2, failures=1)),
        expect(Stall, reason=Reason.RETRY_LIMIT_REACHED),
    ),
    "exited without a report": (snapshot(PLAIN, silent(PLAIN, 1)), expect(Stall, reason=Reason.NO_REPORT)),
    "the container could not be started": (
        snapshot(PLAIN, silent(PLAIN, 128, reason="StartError", message="exec: revgate: not found")),
        expect(Stall, reason=Reason.IMAGE_NOT_RUNNABLE),
    ),
    "the pod is gone and the Job is over": (
        snapshot(PLAIN, run(PLAIN, finished_at=ago(2), note="Job has reached the specified backoff limit")),
        expect(Again, attempt=1, reason=Reason.POD_LOST),
    ),
    "the pod ended without having run": (
        snapshot(PLAIN, run(PLAIN, pod=GONE, created=2)),
        expect(Again, attempt=1, reason=Reason.POD_LOST),
    ),
    "evicted, and the pod is gone": (
        snapshot(PLAIN, run(PLAIN, finished_at=ago(2), pod=pod(evicted="drained", gone=True))),
        expect(Again, attempt=1, reason=Reason.EVICTED),
    ),
    "the runner is ahead of its image": (
        snapshot(PLAIN, reported(PLAIN, 0, said=AHEAD)),
        expect(Done, reason=Reason.DATABASE_AHEAD),
    ),
    "the report's exit code is unknown": (
        snapshot(PLAIN, reported(PLAIN, 77, said=report(77))),
        expect(Stall, reason=Reason.NO_REPORT),
    ),
    # the pod or the Job was removed afterwards
    "done, and the pod was removed with its node": (
        snapshot(READY_ONCE, run(READY_ONCE, finished_at=ago(10), succeeded=True)),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "the Job was removed before its container started": (
        remembered(state=RunState.UNSTARTED),
        expect(Again, attempt=1, reason=Reason.POD_LOST),
    ),
    "the Job was removed while it was at work": (
        remembered(state=RunState.STARTED, started_at=ago(30)),
        expect(Again, attempt=1, reason=Reason.POD_LOST),
    ),
    "the Job of the newest try is gone, an older one is there": (
        snapshot(
            migration(status=Status(run=_record(PLAIN, job="newer", attempt=2, reason=Reason.UP_TO_DATE))),
            reported(PLAIN, Exit.UNREACHABLE),
        ),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "the Job of a try that nobody recorded is there": (
        snapshot(
            migration(status=Status(run=_record(PLAIN, job="older", reason=Reason.LOCK_HELD))),
            at_work(PLAIN, attempt=2),
        ),
        expect(Progress, reason=Reason.RUNNING),
    ),
    "only the status of an earlier migration is left": (
        remembered(uid=EARLIER_UID, reason=Reason.UP_TO_DATE),
        expect(Start, attempt=1),
    ),
    "only the status of an earlier spec is left": (
        remembered(inputs="other", reason=Reason.UP_TO_DATE),
        expect(Start, attempt=1),
    ),
    "done, and an older view still shows the runner at work": (
        snapshot(READY_AND_SEEN, replace(at_work(READY_AND_SEEN), job=READY_AND_SEEN.status.run.job)),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "given up before it started, and it has started all the same": (
        snapshot(GIVEN_UP, replace(at_work(GIVEN_UP), job=GIVEN_UP.status.run.job)),
        expect(Progress, reason=Reason.RUNNING),
    ),
    # plans and approval
    "everything is to be approved, and nobody knows what": (
        snapshot(ASKING),
        expect(Start, attempt=1, kind=Kind.PLAN, inputs=planning(ASKING)),
    ),
    "only plans are asked for": (snapshot(PLANNING), expect(Start, attempt=1, kind=Kind.PLAN)),
    "the plan is being made": (
        snapshot(ASKING, at_work(ASKING, inputs=planning(ASKING), kind=Kind.PLAN)),
        expect(Progress, reason=Reason.RUNNING),
    ),
    "the plan was told": (snapshot(ASKING, told(ASKING)), expect(Tell, name=PLAN.name, plan=PLAN.spec)),
    "the plan was told, and is lost with its log": (
        snapshot(ASKING, told(ASKING, document=None, ended=1)),
        expect(Again, attempt=1, reason=Reason.POD_LOST),
    ),
    "the plan was told, and the Job is gone": (
        snapshot(migration(ASKING.spec, status=Status(run=_record(ASKING, **TOLD)))),
        expect(Start, attempt=2, kind=Kind.PLAN),
    ),
    "there is nothing to plan": (
        snapshot(ASKING, reported(ASKING, 0, inputs=planning(ASKING), kind=Kind.PLAN)),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "the plan could not be made": (
        snapshot(ASKING, reported(ASKING, Exit.UNKNOWN_TARGET, inputs=planning(ASKING), kind=Kind.PLAN)),
        expect(Stall, reason=Reason.UNKNOWN_TARGET),
    ),
    "the plan waits for approval": (
        snapshot(ASKING, told(ASKING), plans=(PLAN,)),
        expect(Await, plan=PLAN.name, reason=Reason.AWAITING_APPROVAL),
    ),
    "only plans are asked for, and one is there": (
        snapshot(PLANNING, told(PLANNING), plans=(plan(PLANNING),)),
        expect(Await, reason=Reason.PLANNED),
    ),
    "only plans are asked for, and one is approved": (
        snapshot(PLANNING, told(PLANNING), plans=(plan(PLANNING, approved=YES),)),
        expect(Await, reason=Reason.PLANNED),
    ),
    "the plan was rejected": (
        snapshot(ASKING, told(ASKING), plans=(plan(ASKING, rejected=NO),)),
        expect(Stall, reason=Reason.PLAN_REJECTED),
    ),
    "the plan was approved": (
        snapshot(ASKING, told(ASKING), plans=(APPROVED,)),
        expect(Start, attempt=1, kind=Kind.APPLY, plan=APPROVED, inputs=carrying_out(ASKING, APPROVED)),
    ),
    "the plan was approved while suspended": (
        snapshot(STOPPED, told(STOPPED), plans=(plan(STOPPED, approved=YES),)),
        expect(Hold),
    ),
    "the plan takes nothing away, and only that had to be approved": (
        snapshot(CAREFUL, told(CAREFUL), plans=(plan(CAREFUL, destructive=False),)),
        expect(Start, kind=Kind.APPLY, plan=plan(CAREFUL, destructive=False)),
    ),
    "the plan takes something away, and that has to be approved": (
        snapshot(CAREFUL, told(CAREFUL), plans=(plan(CAREFUL),)),
        expect(Await, reason=Reason.AWAITING_APPROVAL),
    ),
    "the approved plan is being carried out": (
        snapshot(ASKING, at_work(ASKING, inputs=carrying_out(ASKING, APPROVED), plan=PLAN.name), plans=(APPROVED,)),
        expect(Progress, reason=Reason.RUNNING),
    ),
    "the approved plan is being carried out, and was rejected meanwhile": (
        snapshot(
            ASKING,
            at_work(ASKING, inputs=carrying_out(ASKING, APPROVED), plan=PLAN.name),
            plans=(plan(ASKING, rejected=NO),),
        ),
        expect(Progress, reason=Reason.RUNNING),
    ),
    "the approved plan was carried out": (
        snapshot(ASKING, reported(ASKING, 0, inputs=carrying_out(ASKING, APPROVED)), plans=(APPROVED,)),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "the approved plan was carried out, and approval was switched off afterwards": (
        snapshot(PLAIN, reported(PLAIN, 0, inputs=carrying_out(PLAIN, plan(PLAIN))), plans=(plan(PLAIN),)),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "done, and approval was switched on afterwards": (
        snapshot(ASKING, reported(ASKING, Exit.DONE)),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "the approved plan failed in a way that may pass": (
        snapshot(ASKING, reported(ASKING, Exit.LOCK_TIMEOUT, inputs=carrying_out(ASKING, APPROVED)), plans=(APPROVED,)),
        expect(Start, attempt=2, failures=1, kind=Kind.APPLY, plan=APPROVED),
    ),
    "the approved plan is not what would run any more": (
        snapshot(ASKING, reported(ASKING, 37, said=CHANGED, inputs=carrying_out(ASKING, APPROVED)), plans=(APPROVED,)),
        expect(Discard, plan=APPROVED),
    ),
    "the plan that had changed is removed": (
        snapshot(ASKING, reported(ASKING, 37, said=CHANGED, inputs=carrying_out(ASKING, APPROVED))),
        expect(Start, kind=Kind.PLAN, attempt=1),
    ),
    "a plan of an earlier spec is there": (
        snapshot(ASKING, plans=(replace(APPROVED, inputs="other"),)),
        expect(Start, kind=Kind.PLAN, attempt=1),
    ),
    "the plan was approved and carried out, and the database was brought back since": (
        snapshot(
            migration(ASKING.spec, status=CARRIED_OUT),
            reported(DOWN, 0, said=report(0, reason=Reason.DOWNGRADED), **going_down(DOWN)),
            plans=(APPROVED,),
        ),
        expect(Discard, plan=APPROVED),
    ),
    "the plan was rejected before the container of its Job started": (
        snapshot(
            ASKING,
            run(ASKING, inputs=carrying_out(ASKING, APPROVED), plan=PLAN.name),
            plans=(plan(ASKING, rejected=NO),),
        ),
        expect(Remove, ended=None),
    ),
    "the approved plan had changed, and only plans are asked for now": (
        snapshot(
            PLANNING,
            reported(PLANNING, 37, said=CHANGED, inputs=carrying_out(PLANNING, plan(PLANNING))),
            plans=(plan(PLANNING),),
        ),
        expect(Discard, plan=plan(PLANNING)),
    ),
    # drift
    "it is time to look again, and the Job of the last look is gone": (
        snapshot(migration(LOOKING.spec, status=LOOKED), reported(LOOKING, 0, created=700, ended=600)),
        expect(Start, kind=Kind.INSPECT, attempt=2),
    ),
    "the look saw nothing, and drift is not looked for any more": (
        snapshot(PLAIN, reported(PLAIN, Exit.UNREACHABLE, ended=1, **looking(PLAIN))),
        expect(Again, reason=Reason.DATABASE_UNREACHABLE),
    ),
    "it is not yet time to look again": (
        snapshot(LOOKING, reported(LOOKING, 0)),
        expect(Done, reason=Reason.UP_TO_DATE, check_at=ago(-590)),
    ),
    "it is time to look again": (
        snapshot(LOOKING, reported(LOOKING, 0, created=700, ended=600)),
        expect(Start, kind=Kind.INSPECT, attempt=1, **_inputs_of(looking(LOOKING))),
    ),
    "it would be time to look again, suspended": (
        snapshot(RESTING, reported(RESTING, 0, created=700, ended=600)),
        expect(Done),
    ),
    "it is being looked": (snapshot(LOOKING, at_work(LOOKING, **looking(LOOKING))), expect(Inspecting)),
    "it is about to be looked": (
        snapshot(LOOKING, run(LOOKING, created=1, **looking(LOOKING))),
        expect(Inspecting, check_at=ago(-2)),
    ),
    "the look could not begin for too long": (
        snapshot(LOOKING, run(LOOKING, created=601, **looking(LOOKING))),
        expect(Remove, reason=Reason.POD_NOT_STARTED),
    ),
    "it was looked, and all is as it was": (
        snapshot(LOOKING, reported(LOOKING, 0, **looking(LOOKING))),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "it was looked, and the database is behind": (
        snapshot(LOOKING, told(LOOKING, **looking(LOOKING))),
        expect(Stall, reason=Reason.DRIFTED),
    ),
    "it was looked, and a file was edited": (
        snapshot(LOOKING, reported(LOOKING, 35, said=report(35, reason=Reason.EDITED_REVISION), **looking(LOOKING))),
        expect(Stall, reason=Reason.EDITED_REVISION),
    ),
    "it was looked, and the database was away": (
        snapshot(LOOKING, reported(LOOKING, Exit.UNREACHABLE, **looking(LOOKING))),
        expect(Unseen, reason=Reason.DATABASE_UNREACHABLE, check_at=ago(-590)),
    ),
    "the database was away, and it is time to look again": (
        snapshot(LOOKING, reported(LOOKING, Exit.UNREACHABLE, created=700, ended=600, **looking(LOOKING))),
        expect(Start, kind=Kind.INSPECT),
    ),
    "the look is switched off after it": (
        snapshot(PLAIN, reported(PLAIN, 0, **looking(PLAIN))),
        expect(Done, check_at=None),
    ),
    "a new image after a look": (
        snapshot(ON_B, reported(PLAIN, 0, **looking(PLAIN))),
        expect(Start, kind=Kind.APPLY),
    ),
    # a log that was lost
    "the ledger was not in the log, and nobody was told how the run ended": (
        snapshot(PLAIN, LOST),
        expect(Done, reason=Reason.UP_TO_DATE, check_at=ago(10)),
    ),
    "the ledger was not in the log": (
        snapshot(_that_knows(LOST), LOST),
        expect(Start, kind=Kind.INSPECT, attempt=1, **_inputs_of(looking(PLAIN))),
    ),
    "the ledger was not in the log, and it is looked again": (
        snapshot(_that_knows(LOST), LOST, at_work(PLAIN, created=40, **looking(PLAIN))),
        expect(Inspecting),
    ),
    "the ledger was not in the log, suspended": (
        snapshot(_that_knows(LOST, SUSPENDED), LOST),
        expect(Done, reason=Reason.UP_TO_DATE),
    ),
    "the ledger was not in the log of a run that failed": (
        snapshot(_that_knows(LOST_AND_FAILED), LOST_AND_FAILED),
        expect(Stall, reason=Reason.REVISION_FAILED),
    ),
    "the look found the ledger": (
        snapshot(_that_knows(LOST), LOST, reported(PLAIN, 0, edges=(), **_LATER)),
        expect(Done, reason=Reason.UP_TO_DATE, check_at=None),
    ),
    "the look's log was lost, too": (
        snapshot(_that_knows(LOST_AGAIN), LOST_AGAIN),
        expect(Done, reason=Reason.UP_TO_DATE, check_at=ago(10 - 60)),
    ),
    "the third look's log was lost, too": (
        snapshot(_that_knows(LOST_THRICE), LOST_THRICE),
        expect(Done, reason=Reason.UP_TO_DATE, check_at=ago(10 - 240)),
    ),
    "the look's log was lost, too, and it is time to look again": (
        snapshot(_that_knows(LOST_LONG_AGO), LOST_LONG_AGO),
        expect(Start, kind=Kind.INSPECT, attempt=2),
    ),
    "the look for the ledger did not reach the database": (
        snapshot(_that_knows(LOST), LOST, reported(PLAIN, Exit.UNREACHABLE, **(_LATER | {"said": UNREAD}))),
        expect(Unseen, reason=Reason.DATABASE_UNREACHABLE, check_at=ago(10 - 60)),
    ),
    "the runner cannot look": (
        snapshot(_that_knows(LOST), LOST, reported(PLAIN, Exit.CONFIGURATION, **(_LATER | {"said": REFUSED}))),
        expect(Unseen, check_at=None),
    ),
    "the runner cannot look, and drift is to be looked for": (
        snapshot(_that_knows(LOST, LOOKING), reported(LOOKING, Exit.CONFIGURATION, said=REFUSED, **looking(LOOKING))),
        expect(Stall),
    ),
    # going down
    "a downgrade is asked for": (
        snapshot(DOWN, reported(PLAIN, 0)),
        expect(Start, kind=Kind.DOWNGRADE, image="", **_inputs_of(going_down(DOWN))),
    ),
    "a downgrade is asked for, and it is known who applied what is there": (
        snapshot(migration(DOWN.spec, status=APPLIED_BY_9), reported(PLAIN, 0)),
        expect(Start, kind=Kind.DOWNGRADE, image="ledger:9"),
    ),
    "a downgrade is at work": (
        snapshot(DOWN, at_work(DOWN, **going_down(DOWN))),
        expect(Progress, reason=Reason.RUNNING),
    ),
    "a downgrade is done": (
        snapshot(DOWN, reported(DOWN, 0, said=report(0, reason=Reason.DOWNGRADED), **going_down(DOWN))),
        expect(Done, reason=Reason.DOWNGRADED),
    ),
    "a downgrade failed": (
        snapshot(DOWN, reported(DOWN, Exit.REVISION_FAILED, **going_down(DOWN))),
        expect(Stall, reason=Reason.REVISION_FAILED),
    ),
    "a downgrade is not asked for any more": (
        snapshot(PLAIN, reported(DOWN, 0, said=report(0, reason=Reason.DOWNGRADED), **going_down(DOWN))),
        expect(Start, kind=Kind.APPLY),
    ),
    "out of memory twice, and the Job is gone": (
        remembered(attempt=2, failures=1, reason=Reason.OUT_OF_MEMORY),
        expect(Stall, reason=Reason.OUT_OF_MEMORY),
    ),
}


def _after_report(code: Exit) -> tuple[Snapshot, Expected]:
    """What follows from the first run's report, ten seconds later: the second try is due after five."""
    seen = snapshot(PLAIN, reported(PLAIN, code))
    match EXIT_TABLE[code].next:
        case Next.DONE:
            return seen, expect(Done, reason=EXIT_TABLE[code].reason)
        case Next.HUMAN:
            return seen, expect(Stall, reason=EXIT_TABLE[code].reason)
        case Next.SLOWLY:
            return seen, expect(Again, attempt=1, reason=EXIT_TABLE[code].reason)
        case counted:
            return seen, expect(Start, attempt=2, failures=int(counted is Next.COUNTED))


def _too_soon(code: Exit) -> tuple[Snapshot, Expected]:
    return snapshot(PLAIN, reported(PLAIN, code, ended=1)), expect(Again, attempt=1, reason=EXIT_TABLE[code].reason)


def _at_the_limit(code: Exit) -> tuple[Snapshot, Expected]:
    seen = snapshot(ONCE_MORE, reported(ONCE_MORE, code, attempt=2, failures=1, ended=1))
    if EXIT_TABLE[code].next is Next.COUNTED:
        return seen, expect(Stall, reason=Reason.RETRY_LIMIT_REACHED)
    return seen, expect(Again, attempt=2, reason=EXIT_TABLE[code].reason)


def _with_the_job_gone(code: Exit) -> tuple[Snapshot, Expected]:
    _, expected = _after_report(code)
    return remembered(reason=EXIT_TABLE[code].reason), expected


_LASTING = [code for code in Exit if EXIT_TABLE[code].next not in {Next.DONE, Next.HUMAN}]

SITUATIONS: dict[str, tuple[Snapshot, Expected]] = {
    **EVENTS,
    **{sentence: (seen, expect(kind, **fields)) for sentence, (seen, kind, fields) in FLOORS.items()},
    **{f"exit {code.name} was reported": _after_report(code) for code in Exit},
    **{f"exit {code.name} was reported, and its Job is gone": _with_the_job_gone(code) for code in Exit},
    **{f"exit {code.name} was reported a second ago": _too_soon(code) for code in _LASTING},
    **{f"exit {code.name} was reported at the limit": _at_the_limit(code) for code in _LASTING},
}
