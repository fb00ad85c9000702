"""`kubectl revgate status` and `history`: where a migration is, on the real API server."""

from support.plugin import IMAGE, JOB, Plugin, Written, ago, parsed, read, run, standing

pytest_plugins = ["support.operator_fixtures", "support.plugin_fixtures"]

PAST = {"job": JOB, "from": ["0002"], "to": ["0003"], "image": IMAGE, "startedAt": ago(), "finishedAt": ago(seconds=3)}


def test_all_migrations_are_a_table(revgate: Plugin, written: Written):
    written.migration("ledger", **standing("RevisionFailed", "No", true="Stalled"), **read())
    written.migration("orders", **standing("UpToDate", ready="True", true="Ready"), **read("0005"))
    title, *rows = revgate.ok("status").lines
    assert title.split() == ["NAME", "READY", "REASON", "CURRENT", "TARGET", "PENDING", "NEXT"]
    assert rows[0].split()[:6] == ["ledger", "False", "RevisionFailed", "0003", "0005", "2"]
    assert rows[1].split()[:6] == ["orders", "True", "UpToDate", "0005", "0005", "0"]
    assert rows[1].endswith("Nothing, until the spec changes")


def test_all_namespaces_are_shown_with_their_names(revgate: Plugin, written: Written):
    written.migration(**standing("Running"))
    title, *rows = revgate.anywhere("status", "-A").lines
    assert title.startswith("NAMESPACE ")
    assert [row.split()[:4] for row in rows if row.startswith(revgate.api.namespace)] == [
        [revgate.api.namespace, "ledger", "False", "Running"]
    ]


def test_one_migration_is_shown_with_its_run_and_what_happens_next(revgate: Plugin, written: Written):
    message = "Revision 0004 failed: relation accounts is not there"
    state = standing("RevisionFailed", message, true="Stalled") | read()
    ended = run("Finished", reason="RevisionFailed", outcome="Failed", message=message)
    written.migration(
        **state, **ended, floor="0002", history=[PAST | {"outcome": "Failed", "reason": "RevisionFailed"}]
    )
    here = revgate.api.namespace
    assert revgate.ok("status", "ledger").lines == [
        f"Migration  {here}/ledger",
        "Ready      False, RevisionFailed",
        f"           {message}",
        f"Current    0003 (read 5d ago by Job {JOB})",
        "Target     0005",
        "Pending    2: 0004, 0005",
        "Floor      0002: apps that require something older are held",
        f"Image      {IMAGE}",
        f"Run        Job {JOB}, try 1, RevisionFailed 5d ago after 3s",
        f"Next       Nothing by itself; mend what the message names, then `kubectl revgate retry ledger -n {here}`",
        "",
        f"FINISHED  OUTCOME  REASON          FROM  TO    TOOK  {'JOB':{len(JOB)}}  IMAGE",
        f"5d ago    Failed   RevisionFailed  0002  0003  3s    {JOB}  {IMAGE}",
    ]


def test_a_migration_that_nobody_looked_at_says_so(revgate: Plugin, written: Written):
    written.migration()
    written.api.patch("schemamigrations", "ledger", {"spec": {"targetRevision": "0004"}})
    lines = revgate.ok("status", "smig/ledger").lines
    assert lines[1] == "Ready      Unknown, Pending"
    assert "           That is about an earlier spec" in lines
    assert "Current    No run has read the database yet" in lines
    assert lines[-1].startswith("Next       The operator looks at the newest spec; if it does not, see whether it runs")


def test_json_has_what_a_program_asks_for(revgate: Plugin, written: Written):
    written.migration(
        **standing("LockTimeout", "Locked"), **read(), nextRetryTime="2036-03-01T12:00:00Z", **run("Finished")
    )
    one = parsed(revgate.ok("status", "ledger", "-o", "json"))
    assert [one] == parsed(revgate.ok("status", "-o", "json"))
    assert {key: one[key] for key in ("name", "ready", "stalled", "reason", "message", "pending", "job")} == {
        "name": "ledger",
        "ready": "False",
        "stalled": False,
        "reason": "LockTimeout",
        "message": "Locked",
        "pending": ["0004", "0005"],
        "job": JOB,
    }
    assert one["nextRetryTime"] == "2036-03-01T12:00:00Z"
    assert one["next"].startswith("Tried again in ")


def test_drift_is_shown_where_somebody_looks_for_it(revgate: Plugin, written: Written):
    drift = {"checkedAt": ago(9), "detected": True, "message": "Database is at 0002 and was brought to 0003"}
    written.migration(**standing("Drifted", "No", true="Stalled"), **read(), drift=drift)
    assert f"Drift      {drift['message']} (looked 9d ago)" in revgate.ok("status", "ledger").lines
    assert parsed(revgate.ok("status", "ledger", "-o", "json"))["drifted"] is True


def test_the_history_is_a_table_and_json(revgate: Plugin, written: Written):
    past = [PAST | {"outcome": "Succeeded", "reason": "UpToDate", "plan": "p"}]
    written.migration(**standing("UpToDate", ready="True", true="Ready"), history=past)
    assert revgate.ok("history", "ledger").lines[1].split()[:7] == [
        "5d",
        "ago",
        "Succeeded",
        "UpToDate",
        "0002",
        "0003",
        "3s",
    ]
    assert parsed(revgate.ok("history", "ledger", "--output=json")) == past


def test_no_history_and_no_migration_are_said(revgate: Plugin, written: Written):
    assert revgate.ok("status").out == f"No SchemaMigration in namespace {revgate.api.namespace}\n"
    assert parsed(revgate.ok("status", "-o", "json")) == []
    written.migration()
    assert "has no finished run" in revgate.ok("history", "ledger").out


def test_what_a_terminal_would_obey_is_not_printed(revgate: Plugin, written: Written):
    written.migration(**standing("RevisionFailed", "bad\x1b[2Jgood\u202eeman", true="Stalled"))
    assert "bad\ufffd[2Jgood\ufffdeman" in revgate.ok("status", "ledger").out
