"""The program in the Job pod: one run, from its environment to its exit code and its report."""

import sys
import traceback
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace

import structlog

from revgate.contract import names
from revgate.contract.durations import parse_duration
from revgate.contract.report import Report
from revgate.migration.connect import PATIENCE, PATIENCE_VARIABLE, connect
from revgate.migration.database import read_database, share_with_environment
from revgate.migration.errors import InvalidOptions, MigrationError, RunnerBug
from revgate.migration.findings import Findings
from revgate.migration.ledger_rows import Provenance
from revgate.migration.logs import redact_output
from revgate.migration.observe import LedgerWish, look_again
from revgate.migration.redaction import Redactor, secrets_of
from revgate.migration.reporting import edge_lines, failure, success, write_report
from revgate.migration.run import Request, migrate
from revgate.migration.scripts import find_scripts
from revgate.migration.session import Patience, application_name, set_up
from revgate.migration.signals import Stop, Switch, stoppable
from revgate.migration.wording import first_line


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The command line of `revgate job`, parsed; times in seconds, 0 for none."""

    target: str
    bundled: bool
    runner_timeout: float
    lock_timeout: float
    statement_timeout: float
    total_timeout: float
    ledger: LedgerWish


def run_job(options: JobOptions, environ: Mapping[str, str]) -> int:
    """Run, print the ledger's edges, leave the report, and return the exit code."""
    redactor = _redactor(environ)
    redact_output(redactor)
    findings = Findings()
    report = _run(options, environ, findings)
    return _finish(report, edge_lines(findings), redactor, environ)


def refuse_arguments(message: str, environ: Mapping[str, str]) -> int:
    """Report a command line that cannot be understood, and return the exit code."""
    redactor = _redactor(environ)
    redact_output(redactor)
    report = failure(InvalidOptions(f"Arguments of revgate job are not valid: {message}"), Findings(), ())
    return _finish(report, (), redactor, environ)


def _run(options: JobOptions, environ: Mapping[str, str], findings: Findings) -> Report:
    error: MigrationError
    try:
        with stoppable(options.total_timeout) as switch:
            reason = migrate(_request(options, environ, switch), findings)
    except Stop as stop:
        error = stop.error
    except MigrationError as known:
        error = known
    except BaseException as unknown:  # noqa: BLE001  the entry point: whatever it is, there must be a report of it
        structlog.get_logger().error("runner_bug", traceback=traceback.format_exc())
        error = RunnerBug(f"Runner failed by a fault of its own: {first_line(unknown)}; see the log and report it")
    else:
        return success(reason, findings, edge_lines(findings))
    _see_what_remains(environ, findings)
    return failure(error, findings, edge_lines(findings))


def _request(options: JobOptions, environ: Mapping[str, str], switch: Switch) -> Request:
    database = read_database(environ)
    scripts = find_scripts(environ, bundled=options.bundled)
    share_with_environment(database)
    return Request(
        database=database,
        scripts=scripts,
        target=options.target,
        runner_timeout=options.runner_timeout,
        patience=Patience(options.lock_timeout, options.statement_timeout),
        connect_patience=_connect_patience(environ),
        ledger=options.ledger,
        provenance=_provenance(environ),
        checkpoint=switch.check,
    )


def _provenance(environ: Mapping[str, str]) -> Provenance:
    return Provenance(
        image=environ.get(names.IMAGE, ""), job=environ.get(names.JOB_NAME, ""), owner=environ.get(names.OWNER, "")
    )


def _connect_patience(environ: Mapping[str, str]) -> float:
    try:
        return parse_duration(environ[PATIENCE_VARIABLE]) if environ.get(PATIENCE_VARIABLE) else PATIENCE
    except ValueError as error:
        raise InvalidOptions(f"{PATIENCE_VARIABLE} is not valid: {error}") from error


def _redactor(environ: Mapping[str, str]) -> Redactor:
    """Return what keeps the secrets of this run; a URL that cannot be parsed is a secret as a whole."""
    secrets = [*secrets_of(environ), environ.get(names.DATABASE_URL, "").strip()]
    with suppress(MigrationError):
        secrets += read_database(environ).secrets
    return Redactor.of(secrets)


def _see_what_remains(environ: Mapping[str, str], findings: Findings) -> None:
    """Read the state again after a failure, if the server still answers; what was known before stands otherwise."""
    if findings.project is None:
        return
    name = application_name(environ.get(names.JOB_NAME, ""), "report")
    try:
        with closing(connect(read_database(environ), name)) as connection:
            set_up(connection, {"statement_timeout": "5s", "lock_timeout": "1s"})
            look_again(connection, findings)
    except Exception as error:  # noqa: BLE001  what the run failed of is to be told, and not this
        structlog.get_logger().warning("state_not_read_again", problem=first_line(error))


def _finish(report: Report, edges: tuple[str, ...], redactor: Redactor, environ: Mapping[str, str]) -> int:
    report = replace(report, message=redactor.redact(report.message))
    for line in edges:
        # Not through the redactor: the digest in the report is over these lines, which hold revision ids only
        print(line, file=sys.__stdout__, flush=True)
    write_report(report, environ)
    structlog.get_logger().info(
        "run_ended", exit=report.exit, reason=report.reason.value, message=report.message, current=report.current
    )
    return report.exit
