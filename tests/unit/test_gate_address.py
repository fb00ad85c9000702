"""Addresses in every spelling that apps use, and errors that never repeat one."""

import pytest

from revgate.gate.address import Address, AddressError, find_address, parse_url

FULL = {"host": "db", "port": "5433", "dbname": "ledger", "user": "app", "password": "p%40@/:?#' x"}

SPELLINGS = {
    "libpq's": ("postgresql://app:s3cret@db:5433/ledger", {"password": "s3cret"}),
    "the old scheme": ("postgres://app:s3cret@db:5433/ledger", {"password": "s3cret"}),
    "SQLAlchemy's with psycopg": ("postgresql+psycopg://app:s3cret@db:5433/ledger", {"password": "s3cret"}),
    "SQLAlchemy's with asyncpg": ("postgresql+asyncpg://app:s3cret@db:5433/ledger", {"password": "s3cret"}),
    "with a newline at its end": ("postgresql://app:s3cret@db:5433/ledger\n", {"password": "s3cret"}),
    "with everything encoded": ("postgresql://app:p%2540%40%2F%3A%3F%23%27%20x@db:5433/ledger", {}),
    "with all but the @ as it is": ("postgresql://app:p%2540%40/:?#' x@db:5433/ledger", {}),
    "with a plus, which is no space": ("postgresql://app:a+b@db:5433/ledger", {"password": "a+b"}),
}


@pytest.mark.parametrize(("url", "changed"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_url_is_read_in_the_spelling(url, changed):
    assert parse_url(url, "URL").keywords == FULL | changed


PARTS = {
    "postgresql://db/ledger": {"host": "db", "dbname": "ledger"},
    "postgresql://app@db/ledger": {"host": "db", "dbname": "ledger", "user": "app"},
    "postgresql:///ledger": {"dbname": "ledger"},
    "postgresql://db": {"host": "db"},
    "postgresql://a%2Fb@db/c%20d": {"host": "db", "dbname": "c d", "user": "a/b"},
    "postgresql://[::1]:5433/ledger": {"host": "::1", "port": "5433", "dbname": "ledger"},
    "postgresql://[::1]/ledger": {"host": "::1", "dbname": "ledger"},
    "postgresql://a:1,b:2/ledger": {"host": "a,b", "port": "1,2", "dbname": "ledger"},
    "postgresql://a,b:2/ledger": {"host": "a,b", "port": ",2", "dbname": "ledger"},
    "postgresql:///ledger?host=a:1&host=b:2": {"host": "a,b", "port": "1,2", "dbname": "ledger"},
    "postgresql:///ledger?host=/run/postgresql": {"host": "/run/postgresql", "dbname": "ledger"},
    "postgresql://%2Frun%2Fpostgresql/ledger": {"host": "/run/postgresql", "dbname": "ledger"},
    "postgresql://db/ledger?sslmode=verify-full&sslrootcert=/ca.crt": {
        "host": "db",
        "dbname": "ledger",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.crt",
    },
    "postgresql+asyncpg://db/ledger?ssl=require": {"host": "db", "dbname": "ledger", "sslmode": "require"},
    "postgresql://db/ledger?ssl=true": {"host": "db", "dbname": "ledger", "sslmode": "require"},
    "postgresql://db/ledger?options=-csearch_path%3Dbooks": {
        "host": "db",
        "dbname": "ledger",
        "options": "-csearch_path=books",
    },
}


@pytest.mark.parametrize(("url", "keywords"), PARTS.items(), ids=PARTS.keys())
def test_every_part_of_a_url_becomes_a_keyword(url, keywords):
    assert parse_url(url, "URL").keywords == keywords


MALFORMED = {
    "an @ in the password": "postgresql://app:sEc@ret@db/ledger",
    "another database": "mysql://app:sEcret@db/ledger",
    "no scheme": "app:sEcret@db/ledger",
    "libpq's keywords": "host=db password=sEcret",
    "a port that is no number": "postgresql://app:sEcret@db:sEcret/ledger",
    "a port that is too large": "postgresql://app:sEcret@db:70000/ledger",
    "the port zero": "postgresql://app:sEcret@db:0/ledger",
    "a space in the host": "postgresql://app:sEcret@d b/ledger",
    "an encoded @ in the host": "postgresql://sEc%40ret/ledger",
    "an open bracket": "postgresql://app:sEcret@[::1/ledger",
    "a line break in the middle": "postgresql://app:sEcret@db/led\nger?x=sEc\nret",
    "a bad port in the query": "postgresql://app:sEcret@/ledger?host=db:sEcret",
}


@pytest.mark.parametrize("url", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_url_names_its_variable_and_not_itself(url):
    with pytest.raises(AddressError) as caught:
        parse_url(url, "APP_URL")
    assert str(caught.value).startswith("APP_URL ")
    assert "sEc" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_representation_of_an_address_shows_its_password():
    address = parse_url("postgresql://app:sEcret@db:5433/ledger?sslpassword=sEcret", "URL")
    assert "sEcret" not in f"{address!r} {address} {address.name} {address.user}"


NAMES = {
    "ledger on db:5433": {"dbname": "ledger", "host": "db", "port": "5433"},
    "ledger on db": {"dbname": "ledger", "host": "db"},
    "app on localhost": {"user": "app"},
}


@pytest.mark.parametrize(("name", "keywords"), NAMES.items())
def test_an_address_has_a_name_for_messages(name, keywords):
    assert Address(keywords).name == name


URL = "postgresql://app@db/"
PIECES = {
    "REVGATE_DATABASE_HOST": "parts",
    "REVGATE_DATABASE_PORT": "6432",
    "REVGATE_DATABASE_NAME": "ledger",
    "REVGATE_DATABASE_SSLMODE": "require",
    "REVGATE_DATABASE_USER": "app",
    "REVGATE_DATABASE_PASSWORD": "p%40@/: ",
}
FOUND = {
    "the whole URL": ({"REVGATE_DATABASE_URL": URL + "ours"}, "", "ours"),
    "the app's URL": ({"DATABASE_URL": URL + "apps"}, "", "apps"),
    "ours before the app's": ({"REVGATE_DATABASE_URL": URL + "ours", "DATABASE_URL": URL + "apps"}, "", "ours"),
    "ours before its parts": ({"REVGATE_DATABASE_URL": URL + "ours"} | PIECES, "", "ours"),
    "the parts before the app's": (PIECES | {"DATABASE_URL": URL + "apps"}, "", "ledger"),
    "the named one": ({"OTHER": URL + "other", "REVGATE_DATABASE_URL": URL + "ours"}, "OTHER", "other"),
    "the app's URL when ours is empty": ({"REVGATE_DATABASE_URL": "", "DATABASE_URL": URL + "apps"}, "", "apps"),
}


@pytest.mark.parametrize(("environment", "variable", "database"), FOUND.values(), ids=FOUND.keys())
def test_the_address_is_taken_from(environment, variable, database):
    assert find_address(environment, variable).keywords["dbname"] == database


def test_parts_are_taken_as_they_are():
    assert find_address(PIECES).keywords == {
        "host": "parts",
        "port": "6432",
        "dbname": "ledger",
        "sslmode": "require",
        "user": "app",
        "password": "p%40@/: ",
    }


NOT_FOUND = {
    "nothing is set": ({}, "", "No database was given"),
    "the named variable is missing": ({"DATABASE_URL": URL}, "OTHER", "OTHER is not set"),
    "the named variable is empty": ({"OTHER": ""}, "OTHER", "OTHER is not set"),
    "the database's name is missing": ({"REVGATE_DATABASE_HOST": "db"}, "", "REVGATE_DATABASE_NAME is not set"),
    "the port is no number": (PIECES | {"REVGATE_DATABASE_PORT": "x"}, "", "REVGATE_DATABASE_PORT has a host or port"),
    "the app's URL is malformed": ({"DATABASE_URL": "x"}, "", "DATABASE_URL is not a PostgreSQL URL"),
}


@pytest.mark.parametrize(("environment", "variable", "start"), NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_there_is_a_sentence_when(environment, variable, start):
    with pytest.raises(AddressError, match=f"^{start}"):
        find_address(environment, variable)
