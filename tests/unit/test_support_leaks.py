"""The search for passwords finds them, in whatever form."""

import base64
import configparser
import json
import shlex
from urllib.parse import quote

import pytest

from support.leaks import leaks_in
from support.world import MARKER

URL = f"postgresql://ledger:{quote(MARKER, safe='')}@host:5432/ledger"
SHOWN = {
    "itself": f"password {MARKER} is wrong",
    "a URL": URL,
    "a URL with small letters": URL.replace("%2F", "%2f").replace("%40", "%40").replace("%25", "%25"),
    "a URL that was encoded again": quote(URL, safe=""),
    "a repr": repr({"password": MARKER}),
    "a log line": json.dumps({"event": f"connect to {URL}", "password": MARKER}),
    "a log line in a termination message": json.dumps({"message": json.dumps({"password": MARKER})}),
    "a repr in a log line": json.dumps({"event": repr(MARKER)}),
    "a statement": "ALTER ROLE ledger PASSWORD '{}'".format(MARKER.replace("'", "''")),
    "a command": shlex.join(["pg_dump", f"--password={MARKER}"]),
    "an ini file": "sqlalchemy.url = " + URL.replace("%", "%%"),
    "a Secret's data": base64.b64encode(MARKER.encode()).decode(),
    "a Secret's data with something before it": base64.b64encode(f"u:{MARKER}@host".encode()).decode(),
    "a URL in base64": base64.b64encode(URL.encode()).decode(),
    "hexadecimal": MARKER.encode().hex(),
}


@pytest.mark.parametrize("form", SHOWN)
def test_a_password_is_found_in(form: str):
    assert leaks_in({form: SHOWN[form]}, MARKER)


@pytest.mark.parametrize("before", range(4))
def test_a_password_is_found_in_base64_wherever_it_begins(before: int):
    text = base64.b64encode(b"x" * before + MARKER.encode() + b"@postgres/ledger").decode()
    assert leaks_in({"": text}, MARKER)


def test_nothing_is_found_where_nothing_is():
    text = URL.replace(quote(MARKER, safe=""), "***") + repr(configparser) + "mark"
    assert leaks_in({"": text}, MARKER) == []
