"""What a client may write: parsed at the rim, so that the books see balanced journals only."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


class MistakeError(Exception):
    """The client's mistake, in a sentence for the client."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account to open."""

    code: str
    name: str
    type: str
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a journal: debits are positive, credits negative."""

    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Journal:
    """Lines whose sum is zero."""

    description: str
    entry_date: dt.date
    lines: tuple[Line, ...]
    idempotency_key: str


def account_from(code: str, fields: object) -> Account:
    """Read an account from JSON; all of its fields have defaults."""
    if not isinstance(fields, dict):
        raise MistakeError('An account is an object such as {"name": "Cash", "type": "asset", "currency": "EUR"}')
    words = {key: str(fields.get(key, default)) for key, default in (("name", code), ("type", "asset"))}
    return Account(code, words["name"], words["type"], str(fields.get("currency", "EUR")))


def journal_from(fields: object, idempotency_key: str) -> Journal:
    """Read a journal from JSON."""
    try:
        journal = _journal(fields if isinstance(fields, dict) else {}, idempotency_key)
    except (TypeError, KeyError, ValueError, AttributeError, InvalidOperation):
        raise MistakeError('A journal is {"lines": [{"account": "cash", "amount": "10.00"}, ...]}') from None
    if not _is_balanced([line.amount for line in journal.lines]):
        raise MistakeError("A journal has two lines or more, and their amounts add up to zero")
    return journal


def _journal(fields: dict[str, Any], idempotency_key: str) -> Journal:
    lines = tuple(Line(str(line["account"]), Decimal(str(line["amount"]))) for line in fields["lines"])
    today = dt.datetime.now(dt.UTC).date()
    entry_date = dt.date.fromisoformat(fields.get("date") or today.isoformat())
    return Journal(str(fields.get("description", "")), entry_date, lines, idempotency_key)


def _is_balanced(amounts: list[Decimal]) -> bool:
    return len(amounts) > 1 and all(amount.is_finite() for amount in amounts) and sum(amounts) == 0
