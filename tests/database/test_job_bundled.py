"""The bundled revisions, brought to a database by the program in the Job pod."""

from pathlib import Path

from database.projects.running import heads, key_of, ledger, run
from revgate.contract.reasons import Reason
from support.servers import Database

ALL = tuple(f"000{number}" for number in range(1, 9))
PROVENANCE = {"REVGATE_JOB": "books-7f3a", "REVGATE_IMAGE": "books:1.2.0", "REVGATE_OWNER": "shop/books/uid-1"}


def test_brings_an_empty_database_to_the_head(database: Database, tmp_path: Path):
    ended = run(database, tmp_path, "--bundled", **PROVENANCE)
    assert ended.code == 0, ended
    assert ended.report.reason is Reason.UP_TO_DATE
    assert ended.report.message == "Database is at 0008: applied 8 revisions"
    assert (ended.report.before, ended.report.current, ended.report.target) == ((), ("0008",), ("0008",))
    assert (ended.report.pending, ended.report.pending_count, ended.report.read) == ((), 0, True)
    assert heads(database) == ["0008"]


def test_leaves_a_ledger_row_for_each_revision(database: Database, tmp_path: Path):
    run(database, tmp_path, "--bundled", **PROVENANCE)
    rows = database.query(
        "SELECT revision, parents, floor, state, version_table_schema, version_table, image, job, owner, "
        "started_at <= finished_at, length(checksum) FROM revgate.revision_log ORDER BY revision"
    )
    assert [row[0] for row in rows] == list(ALL)
    assert rows[0][1:4] == ("[]", "", "applied")
    assert rows[6][1:4] == ('["0006"]', "0006", "applied")
    assert {row[4:] for row in rows} == {
        ("public", "alembic_version", "books:1.2.0", "books-7f3a", "shop/books/uid-1", True, 64)
    }


def test_prints_the_edges_that_the_report_vouches_for(database: Database, tmp_path: Path):
    ended = run(database, tmp_path, "--bundled")
    assert ended.edges is not None
    assert [edge.revision for edge in ended.edges] == list(reversed(ALL))
    assert ended.edges[0].parents == ("0007",)
    assert ended.edges[1].floor == "0006"


def test_needs_no_lock_when_there_is_nothing_to_do(database: Database, tmp_path: Path):
    run(database, tmp_path, "--bundled")
    with database.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s)", (key_of(database),))
        ended = run(database, tmp_path, "--bundled", "--runner-timeout", "0s")
    assert ended.code == 0, ended
    assert ended.report.message == "Database is at 0008: there was nothing to apply"
    assert ended.report.before == ("0008",)
    assert ended.edges is not None


def test_goes_to_a_target_and_later_further(database: Database, tmp_path: Path):
    first = run(database, tmp_path, "--bundled", "--target", "0005")
    assert (first.code, first.report.current) == (0, ("0005",))
    second = run(database, tmp_path, "--bundled", "--target", "0006")
    assert (second.report.before, second.report.current) == (("0005",), ("0006",))
    assert list(ledger(database)) == list(ALL[:6])


def test_never_downgrades_to_an_older_target(database: Database, tmp_path: Path):
    run(database, tmp_path, "--bundled")
    ended = run(database, tmp_path, "--bundled", "--target", "0005")
    assert (ended.code, ended.report.reason) == (0, Reason.DATABASE_AHEAD)
    assert heads(database) == ["0008"]


def test_keeps_no_ledger_when_told_so(database15: Database, tmp_path: Path):
    ended = run(database15, tmp_path, "--bundled", "--no-ledger")
    assert (ended.code, ended.report.edges, ended.out) == (0, "", "")
    assert database15.query("SELECT to_regclass('revgate.revision_log')") == [(None,)]


def test_takes_the_parts_of_an_address(database15: Database, tmp_path: Path):
    ended = run(
        "",
        tmp_path,
        "--bundled",
        REVGATE_DATABASE_HOST=database15.host,
        REVGATE_DATABASE_PORT=str(database15.port),
        REVGATE_DATABASE_NAME=database15.name,
        REVGATE_DATABASE_USER=database15.user,
        REVGATE_DATABASE_PASSWORD=database15.password,
    )
    assert ended.code == 0, ended
    assert heads(database15) == ["0008"]
