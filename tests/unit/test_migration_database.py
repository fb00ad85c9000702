import pytest

from revgate.contract.names import DATABASE_PARTS
from revgate.migration.errors import InvalidDatabaseUrl
from revgate.migration.history import History
from revgate.migration.postgresql.address import read_address
from revgate.migration.postgresql.session import application_name, milliseconds


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:p%40ss@db:6432/books",
        "postgres://app:p%40ss@db:6432/books",
        "postgresql+asyncpg://app:p%40ss@db:6432/books",
        "postgresql+psycopg2://app:p%40ss@db:6432/books",
    ],
)
def test_any_driver_of_postgresql_leads_to_the_same_database(url):
    database = read_address({"REVGATE_DATABASE_URL": url})
    arguments = database.connect_args("revgate/job")
    assert (arguments["host"], arguments["port"], arguments["dbname"]) == ("db", 6432, "books")
    assert (arguments["user"], arguments["password"]) == ("app", "p@ss")
    assert database.place == "db:6432/books"
    assert database.secrets == ("p@ss",)


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("ssl=true", "require"),
        ("ssl=1", "require"),
        ("ssl=verify-full", "verify-full"),
        ("ssl=x&sslmode=allow", "allow"),
    ],
)
def test_the_words_of_asyncpg_are_understood(query, mode):
    url = f"postgresql+asyncpg://app:pw@db/books?{query}&prepared_statement_cache_size=0&command_timeout=60"
    arguments = read_address({"REVGATE_DATABASE_URL": url}).connect_args("x")
    assert arguments["sslmode"] == mode
    assert not {"ssl", "prepared_statement_cache_size", "command_timeout"} & arguments.keys()


def test_what_a_file_made_with_echo_ends_with_is_left_out():
    url = "postgresql://app:pw@db/books"
    assert read_address({"REVGATE_DATABASE_URL": f" {url}\n"}) == read_address({"REVGATE_DATABASE_URL": url})
    values = {"host": "db", "port": "6432", "name": "books", "user": "app", "password": " pw ", "sslMode": "require"}
    database = read_address({DATABASE_PARTS[part]: f"{value}\r\n" for part, value in values.items()})
    assert database == read_address({DATABASE_PARTS[part]: value for part, value in values.items()})
    assert database.secrets == (" pw ",)


@pytest.mark.parametrize("user", ["app", "app@server"])
def test_a_user_and_an_escaped_password_may_hold_any_character(user):
    url = f"postgresql://{user}:p%40s/s?w#o:rd@db/books?options=-csearch_path%3Da%40b"
    arguments = read_address({"REVGATE_DATABASE_URL": url}).connect_args("x")
    assert (arguments["user"], arguments["password"], arguments["host"]) == (user, "p@s/s?w#o:rd", "db")


def test_a_session_does_not_outlive_its_network():
    arguments = read_address({"REVGATE_DATABASE_URL": "postgresql://app:pw@db/books"}).connect_args("x")
    assert (arguments["keepalives_idle"], arguments["tcp_user_timeout"]) == ("30", "60000")


def test_options_of_the_url_reach_the_driver():
    url = "postgresql+asyncpg://app:pw@db/books?ssl=require"
    assert read_address({"REVGATE_DATABASE_URL": url}).connect_args("x")["sslmode"] == "require"
    url = "postgresql://app:pw@db/books?sslmode=verify-full&connect_timeout=3"
    arguments = read_address({"REVGATE_DATABASE_URL": url}).connect_args("x")
    assert (arguments["sslmode"], arguments["connect_timeout"]) == ("verify-full", "3")


def test_the_parts_make_the_same_as_a_url():
    values = {"host": "db", "port": "6432", "name": "books", "user": "app", "password": "p@s/s%", "sslMode": "require"}
    database = read_address({DATABASE_PARTS[part]: value for part, value in values.items()})
    arguments = database.connect_args("x")
    assert (arguments["password"], arguments["sslmode"], arguments["dbname"]) == ("p@s/s%", "require", "books")
    assert "p%40s%2Fs%25" in database.given


def test_a_port_is_not_needed():
    database = read_address({DATABASE_PARTS["host"]: "db", DATABASE_PARTS["name"]: "books"})
    assert database.place == "db:5432/books"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"REVGATE_DATABASE_URL": "secret-word"},
        {"REVGATE_DATABASE_URL": "mysql://app:secret-word@db/books"},
        {"REVGATE_DATABASE_URL": "postgresql://app:secret-word@db:port/books"},
        {"REVGATE_DATABASE_URL": "postgresql://app:p@secret-word@db/books"},
        {"REVGATE_DATABASE_URL": "postgresql://app:p@h/secret-word@db/books"},
        {"REVGATE_DATABASE_URL": "postgresql://app:p@h?secret-word@db/books"},
        {"REVGATE_DATABASE_URL": "postgresql://app:p@h#secret-word@db/books"},
        {"REVGATE_DATABASE_URL": "postgresql://ap/p:secret-word@db/books"},
        {DATABASE_PARTS["host"]: "db", DATABASE_PARTS["port"]: "secret-word"},
    ],
)
def test_what_names_no_database_is_refused_without_being_shown(environ):
    with pytest.raises(InvalidDatabaseUrl) as caught:
        read_address(environ)
    assert "secret-word" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_no_representation_shows_the_password():
    database = read_address({"REVGATE_DATABASE_URL": "postgresql://app:hunter22@db/books"})
    assert "hunter22" not in f"{database!r} {database!s}"


def test_the_key_of_a_history_never_changes():
    assert History("books", "public", "alembic_version").key == -7823877622228853330
    assert History("books", "meta", "alembic_version").key != History("books", "public", "alembic_version").key


def test_a_session_name_fits_into_postgresql():
    assert application_name("books-7f3a", "watch") == "revgate/books-7f3a/watch"
    assert application_name("") == "revgate"
    assert len(application_name("x" * 100)) == 63


def test_a_timeout_is_never_rounded_to_none():
    assert [milliseconds(seconds) for seconds in (0, 0.0001, 0.5, 60)] == ["0", "1ms", "500ms", "60000ms"]
