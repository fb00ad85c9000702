"""The example app against real databases: which release works where, and that no request is lost at its end."""

import signal
import threading
from collections import Counter
from contextlib import closing

import pytest
import sqlalchemy as sa
from alembic import command

from support.example import running
from support.ledger import config, eventually

WORKS_ON = [("0005", "0005"), ("0005", "0006"), *(("0006", at) for at in ("0006", "0007", "0008")), ("0008", "0008")]


def migrate(database, revision, step=command.upgrade):
    engine = sa.create_engine(database.sqlalchemy_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        step(config(connection), revision)


@pytest.mark.parametrize(("release", "revision"), WORKS_ON)
def test_a_release_keeps_books_on_the_schemas_that_serve_it(database15, tmp_path, release, revision):
    migrate(database15, revision)
    with running(tmp_path, database15, release) as app:
        app.opens("cash", "sales")
        assert app.balance("cash") == 0
        assert app.posts("cash", "sales", "10.50")[0] == 201
        assert app.posts("cash", "sales", "4.25")[0] == 201
        assert (app.balance("cash"), app.balance("sales")) == (14.75, -14.75)
        assert app.asks("GET", "/version") == (200, {"schema": release, "release": f"ledger {release}"})
        assert app.asks("GET", "/health") == (200, {"ready": True})


def test_release_0005_does_not_work_where_its_table_is_gone(database15, tmp_path):
    migrate(database15, "0007")
    with running(tmp_path, database15, "0005") as app:
        app.opens("cash", "sales")
        assert app.asks("GET", "/accounts/cash/balance")[0] == 503


def test_releases_that_run_side_by_side_see_each_others_journals(database15, tmp_path):
    migrate(database15, "0006")
    with running(tmp_path, database15, "0005") as old, running(tmp_path, database15, "0006") as new:
        old.opens("cash", "sales")
        old.posts("cash", "sales", "1")
        new.posts("cash", "sales", "2")
        assert old.balance("cash") == new.balance("cash") == 3


def test_the_balances_that_an_app_reads_are_right_after_a_downgrade(database15, tmp_path):
    migrate(database15, "0007")
    with running(tmp_path, database15, "0006") as app:
        app.opens("cash", "sales")
        app.posts("cash", "sales", "5")
        migrate(database15, "0006", command.downgrade)
        app.posts("cash", "sales", "2")
    with running(tmp_path, database15, "0005") as old:
        assert old.balance("cash") == 7


def test_release_0008_reads_closed_days_from_the_aggregates(database15, tmp_path):
    migrate(database15, "0008")
    with running(tmp_path, database15, "0006") as old, running(tmp_path, database15, "0008") as new:
        old.opens("cash", "sales")
        old.posts("cash", "sales", "100")
        database15.query("UPDATE transaction_lines SET created_at = now() - interval '5 days'")
        new.posts("cash", "sales", "10")
        old.posts("cash", "sales", "1")
        assert database15.query("SELECT balance FROM account_aggregates ORDER BY balance") == [(-100,), (100,)]
        assert old.balance("cash") == new.balance("cash") == 111
        new.posts("cash", "sales", "10")
        assert database15.query("SELECT count(*) FROM account_aggregates") == [(2,)]


@pytest.mark.parametrize("release", ["0006", "0008"])
def test_an_idempotency_key_writes_a_journal_once(database15, tmp_path, release):
    migrate(database15, "0008")
    with running(tmp_path, database15, release) as app:
        app.opens("cash", "sales")
        assert app.posts("cash", "sales", "10", key="order-1") == (201, {"journal": 1})
        assert app.posts("cash", "sales", "10", key="order-1") == (200, {"journal": 1})
        assert app.balance("cash") == 10


def test_release_0005_knows_no_idempotency_key(database15, tmp_path):
    migrate(database15, "0005")
    with running(tmp_path, database15, "0005") as app:
        app.opens("cash", "sales")
        assert [app.posts("cash", "sales", "10", key="order-1")[0] for _ in range(2)] == [201, 201]


def test_posting_goes_on_while_the_table_below_it_is_dropped(database15, tmp_path, request):
    migrate(database15, "0006")
    with running(tmp_path, database15, "0006") as app:
        app.opens("cash", "sales")
        answers: list[int] = []
        enough = threading.Event()

        def post() -> None:
            while not enough.is_set():
                answers.append(app.posts("cash", "sales", "1")[0])

        def stop() -> None:
            enough.set()
            for writer in writers:
                writer.join()

        writers = [threading.Thread(target=post) for _ in range(3)]
        for writer in writers:
            writer.start()
        request.addfinalizer(stop)
        eventually(lambda: len(answers) > 20, lambda: Counter(answers))
        migrate(database15, "0008")
        before = len(answers)
        eventually(lambda: len(answers) > before + 20, lambda: Counter(answers))
        stop()
        assert set(answers) == {201}, app.log.read_text()
        assert app.balance("cash") == len(answers)


MISTAKES = {
    "text": "text",
    "no lines": {"lines": []},
    "one line": {"lines": [{"account": "cash", "amount": "0"}]},
    "lines that do not balance": {"lines": [{"account": "cash", "amount": "1"}, {"account": "sales", "amount": "1"}]},
    "an amount that is no number": {"lines": [{"account": "cash", "amount": "x"}, {"account": "sales", "amount": "1"}]},
    "amounts without end": {
        "lines": [{"account": "cash", "amount": "NaN"}, {"account": "sales", "amount": "Infinity"}]
    },
    "a line without account": {"lines": [{"amount": "1"}, {"amount": "-1"}]},
    "a date that is none": {"date": "never", "lines": []},
}


def test_a_client_is_told_its_mistakes(database15, tmp_path):
    migrate(database15, "0008")
    with running(tmp_path, database15, "0008") as app:
        app.opens("cash", "sales")
        answers = {mistake: app.asks("POST", "/journals", fields)[0] for mistake, fields in MISTAKES.items()}
        assert answers == dict.fromkeys(MISTAKES, 400)
        assert app.asks("PUT", "/accounts/x", [])[0] == 400
        assert app.asks("GET", "/accounts/nobody/balance")[0] == 404
        assert app.posts("cash", "nobody", "1")[0] == 404
        assert app.asks("GET", "/nowhere")[0] == 404
        assert database15.query("SELECT count(*) FROM journals") == [(0,)]


def test_a_release_that_must_go_says_not_ready_finishes_its_requests_and_ends_with_zero(database15, tmp_path):
    migrate(database15, "0008")
    with running(tmp_path, database15, "0008", drain="2") as app, closing(database15.connect(autocommit=False)) as held:
        app.opens("cash", "sales")
        held.execute("LOCK TABLE journals IN ACCESS EXCLUSIVE MODE")
        answers: list[int] = []
        slow = threading.Thread(target=lambda: answers.append(app.posts("cash", "sales", "1")[0]))
        slow.start()
        statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        eventually(lambda: database15.query(statement, database15.name) == [(1,)], app.log.read_text)
        app.process.send_signal(signal.SIGTERM)
        eventually(lambda: app.asks("GET", "/health")[0] == 503, app.log.read_text)
        assert app.asks("GET", "/version")[0] == 200  # still serving while the cluster learns of it
        eventually(lambda: refuses(app), app.log.read_text)
        assert app.process.poll() is None, "It did not wait for the request that had begun"
        held.rollback()
        slow.join()
        assert (answers, app.process.wait(timeout=30)) == ([201], 0)
        assert "has finished its requests" in app.log.read_text()


def refuses(app) -> bool:
    try:
        app.asks("GET", "/version")
    except OSError:
        return True
    return False


def test_an_app_shows_its_password_to_nobody(database15, tmp_path):
    with running(tmp_path, database15, "0008") as app:
        status, fields = app.asks("GET", "/accounts/cash/balance")
        assert status == 503
        assert database15.password not in f"{fields}{app.log.read_text()}"
