"""The forms in which a password could have leaked: as it is, encoded, quoted, or within something else."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus


def traces_of(password: str) -> frozenset[str]:
    """Return every text that is a leak of a password; it should have characters that need encoding."""
    encoded = {quote(password, safe=""), quote(password), quote_plus(password)}
    plain = {password, *encoded, *map(_small, encoded), *map(quote, encoded)}
    quoted = {form(text) for text in plain for form in (_of_python, _of_json, _of_sql, _of_a_shell, _of_an_ini_file)}
    hidden = {piece for text in plain for piece in (*_within_base64(text), text.encode().hex())}
    return frozenset(plain | quoted | {_of_json(text) for text in quoted} | hidden)


def leaks_in(shown: dict[str, str], password: str) -> list[tuple[str, str]]:
    """Return where which trace of the password is."""
    traces = traces_of(password)
    return [(where, trace) for where, text in shown.items() for trace in traces if trace in text]


def _small(encoded: str) -> str:
    """%2f is as good as %2F."""
    first, *rest = encoded.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _of_python(text: str) -> str:
    return repr(text)[1:-1]


def _of_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _of_sql(text: str) -> str:
    return text.replace("'", "''")


def _of_a_shell(text: str) -> str:
    return text.replace("'", "'\"'\"'")


def _of_an_ini_file(text: str) -> str:
    return text.replace("%", "%%")


def _within_base64(text: str) -> Iterator[str]:
    """Yield what base64 makes of it at each of three places in a longer text, without what its neighbours decide."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode()).decode()
        yield encoded[(0, 2, 3)[before] : (before + len(text.encode())) * 8 // 6]
