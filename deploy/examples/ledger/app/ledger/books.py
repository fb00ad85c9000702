"""The ledger's tables as each release knows them.

Releases run side by side during a rollout and after a rollback, so each one leaves the tables right for the others:
0006 keeps `balances` up as long as it exists, and 0008 trusts an aggregate only for days that are over.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from ledger.journal import Account, Journal

Row = Mapping[str, object]

# What a migration beside us may do to a transaction, which has then written nothing: drop a table between our look at
# it and our lock, or need our locks in another order
_TRY_AGAIN: Final = ("42P01", "40P01")
_TRIES: Final = 5

_BALANCE: Final = {
    "0005": "SELECT balance FROM balances WHERE account_id = :account AND currency_code = :currency",
    "0006": "SELECT sum(amount) FROM transaction_lines WHERE account_id = :account AND currency_code = :currency",
    "0008": """
        WITH closed AS (
            SELECT balance, as_of_date FROM account_aggregates
            WHERE account_id = :account AND currency_code = :currency ORDER BY as_of_date DESC LIMIT 1)
        SELECT coalesce((SELECT balance FROM closed), 0) + coalesce(sum(amount), 0) FROM transaction_lines
        WHERE account_id = :account AND currency_code = :currency
          AND (created_at AT TIME ZONE 'UTC')::date > coalesce((SELECT as_of_date FROM closed), '-infinity')""",
}

# Yesterday may still get a line from a transaction that began before midnight
_CLOSE: Final = """
    INSERT INTO account_aggregates (account_id, currency_code, balance, as_of_date)
    SELECT account_id, currency_code, sum(amount), closing.day
    FROM transaction_lines, (SELECT (now() AT TIME ZONE 'UTC')::date - 2 AS day) AS closing
    WHERE account_id = :account AND (created_at AT TIME ZONE 'UTC')::date <= closing.day
      AND NOT EXISTS (SELECT FROM account_aggregates WHERE account_id = :account AND as_of_date >= closing.day)
    GROUP BY account_id, currency_code, closing.day"""

_ADD_TO_BALANCE: Final = """
    INSERT INTO balances (account_id, currency_code, balance) VALUES (:account, :currency, :amount)
    ON CONFLICT (account_id, currency_code)
    DO UPDATE SET balance = balances.balance + excluded.balance, updated_at = now()"""


class UnknownAccountError(Exception):
    """No account has this code."""


class Books:
    """The tables of one release."""

    def __init__(self, engine: sa.Engine, release: str) -> None:
        self._engine = engine
        self._release = release

    def open_account(self, account: Account) -> None:
        """Open an account; nothing happens when it is open."""
        with self._engine.begin() as connection:
            _run(
                connection,
                "INSERT INTO currencies (code, name) VALUES (:code, :code) ON CONFLICT DO NOTHING",
                code=account.currency,
            )
            _run(
                connection,
                "INSERT INTO accounts (code, name, type, currency_code) VALUES (:code, :name, :type, :currency) "
                "ON CONFLICT DO NOTHING",
                code=account.code,
                name=account.name,
                type=account.type,
                currency=account.currency,
            )

    def balance(self, code: str) -> tuple[Decimal, str]:
        """Return an account's balance and currency."""
        with self._engine.connect() as connection:
            account, currency = _account(connection, code)
            found = _run(connection, _newest(_BALANCE, self._release), account=account, currency=currency).scalar()
            return found or Decimal(0), currency

    def post(self, journal: Journal) -> tuple[int, bool]:
        """Write a journal and return its number, and whether it is new: a known idempotency key writes nothing."""
        for _ in range(_TRIES - 1):
            try:
                return self._post(journal)
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") not in _TRY_AGAIN:
                    raise
        return self._post(journal)

    def _post(self, journal: Journal) -> tuple[int, bool]:
        with self._engine.begin() as connection:
            keeps_balances = self._lock_balances(connection)
            number = self._insert_journal(connection, journal)
            if number is None:
                return _known_journal(connection, journal.idempotency_key), False
            # In the order of their ids, so that two journals never wait for each other
            lines = sorted((*_account(connection, line.account), line.amount) for line in journal.lines)
            for account, currency, amount in lines:
                line = {"account": account, "currency": currency, "amount": amount}
                self._insert_line(connection, line, number)
                if keeps_balances:
                    _run(connection, _ADD_TO_BALANCE, **line)
            return number, True

    def _lock_balances(self, connection: sa.Connection) -> bool:
        """Say whether balances must be kept up, and lock it first: dropping it locks it, then accounts.

        In the other order journals and the migration would end each other as a deadlock, and the migration loses.
        """
        if self._release >= "0007" or not _run(connection, "SELECT to_regclass('balances')").scalar():
            return False
        _run(connection, "LOCK TABLE balances IN ROW EXCLUSIVE MODE")
        return True

    def _insert_journal(self, connection: sa.Connection, journal: Journal) -> int | None:
        words = {"description": journal.description, "day": journal.entry_date}
        if self._release < "0006":
            statement = "INSERT INTO journals (description, entry_date) VALUES (:description, :day) RETURNING id"
            return int(_run(connection, statement, **words).scalar_one())
        statement = (
            "INSERT INTO journals (description, entry_date, idempotency_key) VALUES (:description, :day, :key) "
            "ON CONFLICT (idempotency_key) DO NOTHING RETURNING id"
        )
        number: int | None = _run(connection, statement, key=journal.idempotency_key or None, **words).scalar()
        return number

    def _insert_line(self, connection: sa.Connection, line: Row, number: int) -> None:
        _run(
            connection,
            "INSERT INTO transaction_lines (journal_id, account_id, amount, currency_code) "
            "VALUES (:number, :account, :amount, :currency)",
            number=number,
            **line,
        )
        if self._release >= "0008":
            _run(connection, _CLOSE, account=line["account"])


def _account(connection: sa.Connection, code: str) -> tuple[int, str]:
    rows = _run(connection, "SELECT id, currency_code FROM accounts WHERE code = :code", code=code).mappings()
    row = rows.first()
    if row is None:
        raise UnknownAccountError(code)
    return row["id"], row["currency_code"]


def _known_journal(connection: sa.Connection, key: str) -> int:
    number: int = _run(connection, "SELECT id FROM journals WHERE idempotency_key = :key", key=key).scalar_one()
    return number


def _newest(statements: Mapping[str, str], release: str) -> str:
    """Return the statement of the newest release that is not newer than this one."""
    return statements[max(known for known in statements if known <= release)]


def _run(connection: sa.Connection, statement: str, **words: object) -> sa.CursorResult[Any]:
    return connection.execute(sa.text(statement), words)
