import pytest

from revgate.cli.doctor import text_lines
from revgate.migration.doctor import Check, State, check_version_table, ok, problem, warning
from revgate.migration.history import History
from revgate.migration.postgresql.doctor import check_server, judge_connection
from revgate.migration.postgresql.invalid_indexes import InvalidIndex, check_index
from revgate.migration.sqlite.doctor import check_library


@pytest.mark.parametrize(
    ("major", "state"), [(11, State.PROBLEM), (12, State.WARNING), (14, State.WARNING), (15, State.OK), (19, State.OK)]
)
def test_a_server_is_judged_by_its_age(major, state):
    assert check_server(major).state is state


@pytest.mark.parametrize(
    ("with_tls", "address", "state"),
    [
        (True, "10.0.0.7", State.OK),
        (False, "10.0.0.7", State.WARNING),
        (False, "fe80::1%eth0", State.WARNING),
        (False, "127.0.0.1", State.OK),
        (False, "::1", State.OK),
        (False, "", State.OK),
    ],
)
def test_only_a_network_needs_tls(with_tls, address, state):
    assert judge_connection("Connected", with_tls=with_tls, address=address).state is state


@pytest.mark.parametrize(("version", "state"), [((3, 23, 9), State.PROBLEM), ((3, 24, 0), State.OK)])
def test_sqlite_is_judged_by_what_the_ledger_needs(version, state):
    assert check_library(version).state is state


@pytest.mark.parametrize(
    ("index", "state", "words"),
    [
        (InvalidIndex("public", "ix", "t", builder=7), State.WARNING, "is being built by pid 7"),
        (InvalidIndex("public", "ix", "t", is_partitioned=True), State.WARNING, "ATTACH PARTITION"),
        (InvalidIndex("public", "ix", "t"), State.PROBLEM, 'query: REINDEX INDEX CONCURRENTLY "public"."ix", or DROP'),
        (InvalidIndex("public", "ix", "t", is_unique=True), State.PROBLEM, "out: remove the duplicates, then REINDEX"),
        (InvalidIndex("a", "ix_ccnew", "t"), State.PROBLEM, 'query: DROP INDEX CONCURRENTLY "a"."ix_ccnew"'),
        (InvalidIndex("a", "ix_ccold3", "t"), State.PROBLEM, 'query: DROP INDEX CONCURRENTLY "a"."ix_ccold3"'),
        (InvalidIndex("a", 'i"x', "t"), State.PROBLEM, 'REINDEX INDEX CONCURRENTLY "a"."i""x"'),
    ],
)
def test_what_to_do_about_an_invalid_index_depends_on_what_it_is(index, state, words):
    check = check_index(index)
    assert check.state is state
    assert words in check.sentence


@pytest.mark.parametrize(
    ("exists", "others", "state"),
    [(True, 5, State.OK), (False, 0, State.OK), (False, 5, State.WARNING)],
)
def test_only_tables_without_a_version_table_are_suspicious(exists, others, state):
    history = History("books", "public", "alembic_version")
    assert check_version_table(history, exists=exists, others=others).state is state


def test_the_lines_are_aligned_and_counted():
    checks = [ok("URL", "Fine"), warning("journal", "Odd"), problem("x", "Bad"), problem("y", "Worse")]
    assert text_lines(checks) == [
        "✓ URL      Fine",
        "! journal  Odd",
        "✗ x        Bad",
        "✗ y        Worse",
        "",
        "2 problems, 1 warning",
    ]
    assert text_lines([ok("URL", "Fine")])[-1] == "No problem was found"


def test_a_check_is_the_same_in_json():
    assert Check("x", State.PROBLEM, "Bad").as_json() == {"name": "x", "state": "problem", "sentence": "Bad"}
