"""The program in the Job pod: one run, from its environment to its exit code and its report."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from revgate.contract import names
from revgate.contract.durations import parse_duration
from revgate.contract.edges import digest_of
from revgate.contract.reasons import Reason
from revgate.migration.database import Visit
from revgate.migration.environment.stdout_kept import stdout_is_the_answer
from revgate.migration.errors import InvalidOptions, MigrationError, RunnerBug
from revgate.migration.findings import Findings
from revgate.migration.hooks import Hooks
from revgate.migration.ledger import LedgerWish, Provenance
from revgate.migration.loaded import keep_loaded
from revgate.migration.look import Look, look_at_project, look_at_scripts
from revgate.migration.observe import View, look_again
from revgate.migration.output.log import get_logger
from revgate.migration.output.logs import redact_output
from revgate.migration.output.redaction import Redactor, secrets_of
from revgate.migration.output.wording import first_line
from revgate.migration.patience import CONNECT_PATIENCE, CONNECT_PATIENCE_VARIABLE, Patience
from revgate.migration.postgresql.address import Address, read_address, share_with_environment
from revgate.migration.postgresql.identity import Identity
from revgate.migration.postgresql.sessions import PostgreSQL
from revgate.migration.project.scripts import find_scripts
from revgate.migration.project.wish import ScriptsWish
from revgate.migration.reporting import edge_lines, failure, success, write_report
from revgate.migration.run import Request, migrate
from revgate.migration.signals import Stop, Switch, stoppable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from revgate.contract.report import Report
    from revgate.migration.backups.backup import Backup
    from revgate.migration.floors import Floors
    from revgate.migration.place import Place

_SHORTLY: Final = Patience(lock=1, statement=5, connect=0)


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The command line of `revgate job`, parsed; times in seconds, 0 for none."""

    target: str
    bundled: bool
    runner_timeout: float
    lock_timeout: float
    lock_retries: int
    baseline: str
    backup: Backup | None
    statement_timeout: float
    total_timeout: float
    ledger: LedgerWish
    plan: bool = False  # tell what would be done, and do nothing
    inspect: bool = False  # say whether there is something to do, and do nothing
    approved: str = ""  # the hash of the only plan that may be carried out
    floors: Floors | None = None  # stop before floors
    downgrade: str = ""  # a revision or base: undo down to it, and upgrade nothing
    scripts: ScriptsWish = field(default_factory=ScriptsWish)
    identity: Identity = field(default_factory=Identity)
    lint: str = "none"  # or warn, or enforce


def run_job(options: JobOptions, environ: Mapping[str, str]) -> int:
    """Run, print the ledger's edges, leave the report, and return the exit code."""
    redactor = _redactor(environ)
    redact_output(redactor)
    findings = Findings()
    plan: list[str] = []
    with stdout_is_the_answer():
        report = _run(options, environ, findings, redactor, plan)
    return _finish(report, (*edge_lines(findings), *plan), redactor, environ)


def refuse_arguments(message: str, environ: Mapping[str, str]) -> int:
    """Report a command line that cannot be understood, and return the exit code."""
    redactor = _redactor(environ)
    redact_output(redactor)
    report = failure(InvalidOptions(f"Arguments of revgate job are not valid: {message}"), Findings(), ())
    return _finish(report, (), redactor, environ)


def _run(
    options: JobOptions, environ: Mapping[str, str], findings: Findings, redactor: Redactor, plan: list[str]
) -> Report:
    """Run, and return the report; `plan` gets the lines of the plan, where one was asked for."""
    error: MigrationError
    try:
        with stoppable(options.total_timeout) as switch:
            request = _request(options, environ, switch, findings)
            keep_loaded()
            if options.downgrade:
                reason = _downgrade(request, options.downgrade, findings)
            elif options.inspect:
                reason = _inspect(request, options.target, findings)
            elif options.plan:
                reason = _tell_plan(request, options.target, findings, redactor, plan)
            else:
                reason = migrate(request, options.target, findings)
    except Stop as stop:
        error = stop.error
    except MigrationError as known:
        error = known
    except BaseException as unknown:  # noqa: BLE001  the entry point: whatever it is, there must be a report of it
        get_logger().error("runner_bug", traceback=traceback.format_exc())
        error = RunnerBug(f"Runner failed by a fault of its own: {first_line(unknown)}; see the log and report it")
    else:
        report = success(reason, findings, edge_lines(findings), _rest(options, environ, findings))
        return replace(report, plan=digest_of(plan) if plan else "")
    _see_what_remains(options, environ, findings)
    return failure(error, findings, edge_lines(findings))


def _rest(options: JobOptions, environ: Mapping[str, str], findings: Findings) -> str:
    """Return the identity of what is left of the plan that was approved: nobody is asked twice for it."""
    if not (options.approved and findings.stopped_before):
        return ""
    from revgate.migration.plans.told import hash_of  # noqa: PLC0415  as above

    return hash_of(findings, findings.current, findings.pending, environ.get(names.IMAGE, ""))


def _downgrade(request: Request, target: str, findings: Findings) -> Reason:
    """Undo what is above the target."""
    from revgate.migration.undo import downgrade  # noqa: PLC0415  hardly any run goes down

    downgrade(request, target, findings)
    findings.target = findings.current
    return Reason.DOWNGRADED


def _inspect(request: Request, target: str, findings: Findings) -> Reason:
    """Look whether the database is where it was brought."""
    from revgate.migration.plans.told import inspect  # noqa: PLC0415  as below

    return inspect(request, target, findings)


def _tell_plan(request: Request, target: str, findings: Findings, redactor: Redactor, plan: list[str]) -> Reason:
    """Look what would be done, and say why that is all."""
    from revgate.contract.planned import encode_plan  # noqa: PLC0415  as below
    from revgate.migration.plans.told import tell_plan  # noqa: PLC0415  rendering and linting are for plans only

    told = tell_plan(request, target, findings, redactor)
    if told is not None:
        plan += encode_plan(told)
        return Reason.PLANNED
    return Reason.DATABASE_AHEAD if set(findings.current) != set(findings.target) else Reason.UP_TO_DATE


def _request(options: JobOptions, environ: Mapping[str, str], switch: Switch, findings: Findings) -> Request:
    address = read_address(environ)
    scripts = find_scripts(environ, bundled=options.bundled, wish=options.scripts)
    share_with_environment(address)
    connect = _connect_patience(environ)
    return Request(
        database=PostgreSQL(address, identity=options.identity),
        scripts=scripts,
        patience=Patience(
            lock=options.lock_timeout,
            statement=options.statement_timeout,
            connect=connect,
            runner=options.runner_timeout,
        ),
        lock_retries=options.lock_retries,
        baseline=options.baseline,
        floors=options.floors,
        review=partial(_review, options.lint, findings),
        hooks=_hooks(options, environ, address, findings),
        look=_look(options),
        ledger=options.ledger,
        provenance=_provenance(environ),
        checkpoint=switch.check,
    )


def _look(options: JobOptions) -> Look:
    """Return how to find out what the project is: the bundled env.py says nothing that the scripts do not say."""
    is_plain = options.bundled and options.scripts == ScriptsWish() and not options.plan
    return (lambda scripts, _target, sessions: look_at_scripts(scripts, sessions)) if is_plain else look_at_project


def _review(policy: str, findings: Findings, place: Place, view: View) -> None:
    # In an empty database nothing can be locked or lost, and there is nothing to be loaded for it
    if policy != "none" and (view.heads or place.sessions.has_tables(place.project.history)):
        from revgate.migration.plans.review import Lint, review  # noqa: PLC0415  rendering and linting take a while

        review(Lint(policy), place, view, findings)


def _hooks(options: JobOptions, environ: Mapping[str, str], address: Address, findings: Findings) -> Hooks:
    """Return what is done before the first statement, under the lock."""
    if options.backup is None and not options.approved:
        return Hooks()

    def before(heads: tuple[str, ...], pending: tuple[str, ...]) -> None:
        if options.approved:
            from revgate.migration.plans.told import refuse_unapproved  # noqa: PLC0415  as above

            refuse_unapproved(options.approved, findings, heads, pending, environ.get(names.IMAGE, ""))
        begins = options.floors is None or options.floors.allowed(pending, heads, findings.edges)
        if options.backup is not None and begins:
            options.backup.take(options.identity.in_url(address.url), heads)

    return Hooks(before_upgrade=before)


def _provenance(environ: Mapping[str, str]) -> Provenance:
    return Provenance(
        image=environ.get(names.IMAGE, ""),
        job=environ.get(names.JOB_NAME, ""),
        owner=environ.get(names.OWNER, ""),
        takes_over=environ.get(names.TAKE_OVER, ""),
    )


def _connect_patience(environ: Mapping[str, str]) -> float:
    try:
        given = environ.get(CONNECT_PATIENCE_VARIABLE)
        return parse_duration(given) if given else CONNECT_PATIENCE
    except ValueError as error:
        raise InvalidOptions(f"{CONNECT_PATIENCE_VARIABLE} is not valid: {error}") from error


def _redactor(environ: Mapping[str, str]) -> Redactor:
    """Return what keeps the secrets of this run; a URL that cannot be parsed is a secret as a whole."""
    urls = (environ.get(name, "").strip() for name in (names.DATABASE_URL, names.DIRECT_DATABASE_URL))
    secrets = [*secrets_of(environ), *urls]
    with suppress(MigrationError):
        secrets += read_address(environ).secrets
    return Redactor.of(secrets)


def _see_what_remains(options: JobOptions, environ: Mapping[str, str], findings: Findings) -> None:
    """Read the state again after a failure, if the server still answers; what was known before stands otherwise."""
    if findings.project is None:
        return
    visit = Visit(_SHORTLY, f"{environ.get(names.JOB_NAME, '')}/report", reads_only=True)
    try:
        with PostgreSQL(read_address(environ), identity=options.identity).open(visit) as sessions:
            look_again(sessions, findings)
    except Exception as error:  # noqa: BLE001  what the run failed of is to be told, and not this
        get_logger().warning("state_not_read_again", problem=first_line(error))


def _finish(report: Report, edges: tuple[str, ...], redactor: Redactor, environ: Mapping[str, str]) -> int:
    report = replace(report, message=redactor.redact(report.message))
    for line in edges:
        # Not through the redactor: the digest in the report is over these lines, which hold revision ids only
        print(line, file=sys.__stdout__, flush=True)
    write_report(report, environ)
    get_logger().info(
        "run_ended", exit=report.exit, reason=report.reason.value, message=report.message, current=report.current
    )
    return report.exit
