"""Errors as drivers and poolers really word them, told apart; and no password in what is kept of them."""

import base64
from urllib.parse import quote, quote_plus

import pytest

from revgate.gate.reading import Cause
from revgate.gate.trouble import trouble_from

SERVER = 'connection failed: connection to server at "10.0.0.1", port 5432 failed: '

TEXTS = {
    SERVER + "Connection refused\n\tIs the server running on that host?": Cause.UNREACHABLE,
    SERVER + "No route to host": Cause.UNREACHABLE,
    SERVER + "server closed the connection unexpectedly": Cause.UNREACHABLE,
    "connection timeout expired": Cause.UNREACHABLE,
    "consuming input failed: SSL SYSCALL error: EOF detected, the connection is closed": Cause.UNREACHABLE,
    "failed to resolve host 'db': [Errno -2] Name or service not known": Cause.HOST_NOT_FOUND,
    'could not translate host name "db" to address: Temporary failure in name resolution': Cause.HOST_NOT_FOUND,
    SERVER + "FATAL:  the database system is starting up": Cause.STARTING,
    SERVER + "FATAL:  the database system is shutting down": Cause.STARTING,
    SERVER + "FATAL:  server login has been failing, try again later (server_login_retry)": Cause.STARTING,
    SERVER + "FATAL:  sorry, too many clients already": Cause.FULL,
    SERVER + "FATAL:  remaining connection slots are reserved": Cause.FULL,
    SERVER + "FATAL:  no more connections allowed (max_client_conn)": Cause.FULL,
    SERVER + 'FATAL:  too many connections for role "app"': Cause.FULL,
    "query_wait_timeout": Cause.FULL,
    SERVER + 'FATAL:  password authentication failed for user "app"': Cause.REFUSED_LOGIN,
    SERVER + 'FATAL:  role "app" does not exist': Cause.REFUSED_LOGIN,
    SERVER + 'FATAL:  role "app" is not permitted to log in': Cause.REFUSED_LOGIN,
    SERVER + "FATAL:  SASL authentication failed": Cause.REFUSED_LOGIN,
    SERVER + "FATAL:  no such user: app": Cause.REFUSED_LOGIN,
    SERVER + "fe_sendauth: no password supplied": Cause.REFUSED_LOGIN,
    SERVER + 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "app", no encryption': Cause.NOT_ADMITTED,
    SERVER + 'FATAL:  database "ledger" does not exist': Cause.NO_DATABASE,
    SERVER + "FATAL:  no such database: ledger": Cause.NO_DATABASE,
    'invalid sslmode value: "x"': Cause.OTHER,
    "": Cause.OTHER,
}


@pytest.mark.parametrize(("text", "cause"), TEXTS.items(), ids=[cause.name for cause in TEXTS.values()])
def test_an_error_is_known_by_its_text(text, cause):
    assert trouble_from(text, None, "secret").cause is cause


SQLSTATES = {
    "28P01": Cause.REFUSED_LOGIN,
    "28000": Cause.REFUSED_LOGIN,
    "3D000": Cause.NO_DATABASE,
    "53300": Cause.FULL,
    "57P03": Cause.STARTING,
    "42501": Cause.OTHER,
}


@pytest.mark.parametrize(("sqlstate", "cause"), SQLSTATES.items())
def test_an_error_is_known_by_its_sqlstate_in_any_language(sqlstate, cause):
    assert trouble_from("FEHLER: Zugriff verweigert", sqlstate, "").cause is cause


def test_one_address_that_refused_the_login_says_more_than_another_that_was_not_reached():
    text = SERVER + "Connection refused\n" + SERVER + 'FATAL:  password authentication failed for user "app"'
    assert trouble_from(text, None, "").cause is Cause.REFUSED_LOGIN


def test_the_detail_is_one_line_without_the_drivers_preface():
    trouble = trouble_from(SERVER + "Connection refused\n\tIs the server running?", None, "")
    assert trouble.detail == 'connection to server at "10.0.0.1", port 5432 failed: Connection refused'


def test_an_error_without_words_has_a_detail_too():
    assert trouble_from("", None, "").detail == "no reason was given"


PASSWORD = "p%40@/:?#' \"\\é+x"
FORMS = {
    "as it is": PASSWORD,
    "percent-encoded": quote(PASSWORD),
    "percent-encoded with its slashes": quote(PASSWORD, ""),
    "as a form writes it": quote_plus(PASSWORD),
    "as Python writes it": repr(PASSWORD),
    "in base64": base64.b64encode(PASSWORD.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_the_password_is_not_kept(form):
    detail = trouble_from(f"before {form} after", None, PASSWORD).detail
    assert detail in {"before *** after", "before '***' after"}
