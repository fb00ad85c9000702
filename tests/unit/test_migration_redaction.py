import base64
import io
import json
from urllib.parse import quote, quote_plus

import pytest

from revgate.migration.output.redacted_stream import RedactedStream
from revgate.migration.output.redaction import Redactor, secrets_of

PASSWORDS = ["p%40w@/:'\"\\ö x#?&+", "postgres-password", "päss", "ab~cd", "0123456789abcdef"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "form",
    [
        str,
        repr,
        json.dumps,
        quote,
        lambda text: quote(text, safe=""),
        lambda text: quote(text, safe="").lower() if text.islower() else quote(text, safe=""),
        quote_plus,
        lambda text: quote(text).replace("%", "%%"),
        lambda text: text.replace("'", "''"),
        lambda text: f"postgresql://user:{quote(text, safe='')}@host/db",
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    ],
)
def test_no_form_of_a_password_stays(password, form):
    shown = Redactor.of([password]).redact(f"failed: {form(password)} was refused")
    assert "***" in shown
    for part in (password, form(password)):
        assert part not in shown


@pytest.mark.parametrize("password", [password for password in PASSWORDS if len(password) > 8])
@pytest.mark.parametrize("before", ["", "u", "us", "user:", "postgresql://user:"])
@pytest.mark.parametrize("after", ["", "@", "@h", "@host:5432/db"])
def test_a_password_inside_a_longer_base64_text_is_masked(password, before, after):
    whole = base64.b64encode(f"{before}{password}{after}".encode()).decode()
    assert "***" in Redactor.of([password]).redact(whole)


def test_a_short_password_is_masked_where_it_stands_alone():
    assert Redactor.of(["a"]).redact("password a was refused at a bank") == "password *** was refused at *** bank"


def test_nothing_is_masked_without_a_secret():
    assert Redactor.of(["", ""]).redact("plain text") == "plain text"


def test_every_password_of_the_environment_is_a_secret():
    broker = "amqp://shop:br%40ker@mq:5672/"
    environ = {"BROKER": f"{broker}\n", "PGPASSWORD": "libpq\n", "HOME": "/home/a", "HELP": "https://docs.example/a@b"}
    assert set(secrets_of(environ)) == {broker, "br%40ker", "br@ker", "libpq"}


def test_a_password_with_an_unescaped_at_is_a_secret_to_its_end():
    assert "p@ssw0rd" in secrets_of({"URL": "postgresql://app:p@ssw0rd@db/x"})


def test_a_stream_masks_on_the_way():
    below = io.StringIO()
    print("the password is hunter22", file=RedactedStream(below, Redactor.of(["hunter22"])))
    assert below.getvalue() == "the password is ***\n"


def test_a_word_that_is_a_password_is_not_cut_out_of_longer_words():
    redactor = Redactor.of(["postgres"])
    assert (
        redactor.redact("postgresql://me:postgres@db, dialect postgresql")
        == "postgresql://me:***@db, dialect postgresql"
    )
    inside = base64.b64encode(b"user=me password=postgres!").decode()
    assert redactor.redact(inside) != inside
