"""One function that takes the passwords of this run out of any text, in every form that a library may print."""

import base64
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus, unquote

from revgate.contract import names

MASK: Final = "***"
_PASSWORDS: Final = (names.DATABASE_PARTS["password"], "PGPASSWORD")
_WITH_PASSWORD: Final = re.compile(r"[a-zA-Z][\w+.-]*://[^:/?#\s]*:(?P<password>.+)@.*", re.DOTALL)
_SHORT: Final = 4  # below this, a password is only taken out where it stands alone: "a" is in every sentence


@dataclass(frozen=True, slots=True)
class Redactor:
    """What must not be shown, as one expression."""

    pattern: re.Pattern[str] | None = None

    @classmethod
    def of(cls, secrets: Iterable[str]) -> "Redactor":
        """Return the redactor for these secrets; empty ones are left out."""
        known = {secret for secret in secrets if secret}
        forms = {form for secret in known for form in _forms(secret)}
        if not forms:
            return cls()
        words = {secret for secret in known if secret.isalpha()}
        longest_first = sorted(forms, key=len, reverse=True)
        return cls(re.compile("|".join(_expression(form, words) for form in longest_first)))

    def redact(self, text: str) -> str:
        """Return the text with every form of every secret masked."""
        return self.pattern.sub(MASK, text) if self.pattern else text


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the passwords of an environment, and its URLs with one: env.py may reach a broker, another database."""
    secrets = [environ.get(name, "").strip("\r\n") for name in _PASSWORDS]
    words = environ.get(names.X_ARGS, "").replace("'", " ").split()
    for value in map(str.strip, (*environ.values(), *(word.partition("=")[2] for word in words))):
        found = _WITH_PASSWORD.fullmatch(value)
        if found:
            secrets += [value, found["password"], unquote(found["password"])]
    return tuple(secret for secret in secrets if secret)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield secret.replace("'", "''")  # in an SQL literal
    yield secret.replace("\\", "\\\\").replace("'", "\\'")  # in a libpq connection string
    for encoded in (quote(secret), quote(secret, safe=""), quote(secret, safe=" +"), quote_plus(secret)):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
        yield encoded.replace("%", "%%")  # in an ini file
    yield from _base64(secret.encode())


def _base64(secret: bytes) -> Iterator[str]:
    """Yield the base64 of the secret alone, and what of it shows at each offset inside a longer value."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret).decode()
        for offset in range(3):
            length = offset + len(secret)
            first = -(-offset * 8 // 6)  # the characters before and after share bits with the neighbours
            last = length * 8 // 6
            shown = encode(bytes(offset) + secret).decode()[first:last]
            if len(shown) >= _SHORT:
                yield shown


def _expression(form: str, words: Collection[str]) -> str:
    """Short ones and words stand alone where they are a password: with "postgres", no "***ql" is to be told."""
    stands_alone = len(form) < _SHORT or form in words
    return rf"(?<![^\W_]){re.escape(form)}(?![^\W_])" if stands_alone else re.escape(form)
