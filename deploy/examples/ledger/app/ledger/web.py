"""From a request to an answer: which path does what, and what a mistake looks like."""

import json
import re
import sys
from dataclasses import dataclass
from urllib.parse import unquote

import sqlalchemy as sa

from ledger.books import Books, UnknownAccountError
from ledger.journal import Journal, MistakeError, account_from, journal_from

Answer = tuple[int, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    method: str
    path: str
    body: bytes = b""
    idempotency_key: str = ""


class App:
    """The ledger as its clients see it."""

    def __init__(self, release: str, books: Books) -> None:
        self.ready = True
        self._release = release
        self._books = books

    def answer(self, request: Request) -> Answer:
        """Answer a request; whatever goes wrong has a status and a sentence."""
        try:
            return self._route(request)
        except (MistakeError, json.JSONDecodeError) as error:
            return 400, {"error": str(error)}
        except UnknownAccountError as error:
            return 404, {"error": f"Account {error} does not exist: PUT /accounts/{error} first"}
        except sa.exc.SQLAlchemyError as error:
            print(
                f"{request.method} {request.path} failed: {getattr(error, 'orig', None)}", file=sys.stderr, flush=True
            )
            return 503, {"error": "The database did not do it: try again"}

    def _route(self, request: Request) -> Answer:
        account = re.fullmatch(r"/accounts/([^/]+)(/balance)?", request.path)
        match request.method, request.path:
            case "GET", "/health":
                return (200, {"ready": True}) if self.ready else (503, {"ready": False})
            case "GET", "/version":
                return 200, {"schema": self._release, "release": f"ledger {self._release}"}
            case "POST", "/journals":
                return self._post(journal_from(json.loads(request.body), request.idempotency_key))
            case "PUT", _ if account and not account[2]:
                self._books.open_account(account_from(unquote(account[1]), json.loads(request.body)))
                return 200, {"code": unquote(account[1])}
            case "GET", _ if account and account[2]:
                balance, currency = self._books.balance(unquote(account[1]))
                return 200, {"code": unquote(account[1]), "balance": str(balance), "currency": currency}
            case _:
                return 404, {"error": f"{request.method} {request.path} is nothing that this ledger has"}

    def _post(self, journal: Journal) -> Answer:
        number, is_new = self._books.post(journal)
        return 201 if is_new else 200, {"journal": number}
