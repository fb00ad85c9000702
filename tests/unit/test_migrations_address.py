"""Which database `alembic` reaches: the counterpart of get_settings()."""

import pytest
from alembic.util import CommandError
from revgate.migrations.address import database_url, place

SECRET = "hunter2"


@pytest.fixture
def dotenv(tmp_path):
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://me:p%40@db/books", "postgresql+psycopg://me:p%40@db/books"),
        ("postgres://me:p%40@db/books", "postgresql+psycopg://me:p%40@db/books"),
        ("postgresql+asyncpg://me:p%40@db:6432/books", "postgresql+psycopg://me:p%40@db:6432/books"),
        ("postgresql+psycopg_async://me:p%40@db/books", "postgresql+psycopg://me:p%40@db/books"),
        ("postgresql+asyncpg://me@db/books?ssl=require", "postgresql+psycopg://me@db/books?sslmode=require"),
        ("postgresql+asyncpg://me@db/books?prepared_statement_cache_size=0", "postgresql+psycopg://me@db/books"),
        ("sqlite+aiosqlite:///books.db", "sqlite+pysqlite:///books.db"),
        ("sqlite:////srv/books.db", "sqlite+pysqlite:////srv/books.db"),
        ("  sqlite:///books.db\n", "sqlite+pysqlite:///books.db"),
    ],
)
def test_any_url_leads_to_a_driver_that_blocks(given, used, dotenv):
    found = database_url({"DATABASE_URL": given}, dotenv)
    assert found.render_as_string(hide_password=False) == used


@pytest.mark.parametrize(
    ("environ", "file", "name"),
    [
        ({"PYACC__DATABASE_URL": "a", "DATABASE_URL": "b", "SQLALCHEMY_DATABASE_URI": "c"}, {}, "a"),
        ({"DATABASE_URL": "b", "SQLALCHEMY_DATABASE_URI": "c"}, {}, "b"),
        ({"SQLALCHEMY_DATABASE_URI": "c"}, {}, "c"),
        ({"PYACC__DATABASE_URL": " ", "DATABASE_URL": "", "SQLALCHEMY_DATABASE_URI": "c"}, {}, "c"),
        ({}, {"PYACC__DATABASE_URL": "a", "DATABASE_URL": "b", "SQLALCHEMY_DATABASE_URI": "c"}, "a"),
        ({}, {"SQLALCHEMY_DATABASE_URI": "c"}, "c"),
        ({"DATABASE_URL": ""}, {"DATABASE_URL": "b"}, "b"),
        ({"DATABASE_URL": "test"}, {"DATABASE_URL": "production"}, "test"),
        ({"SQLALCHEMY_DATABASE_URI": "test"}, {"PYACC__DATABASE_URL": "production"}, "test"),
    ],
)
def test_the_environment_is_asked_first_and_each_in_the_same_order(environ, file, name, dotenv):
    urls = {variable: f"sqlite:///{value}" if value.strip() else value for variable, value in environ.items()}
    dotenv.write_text("".join(f"{variable}=sqlite:///{value}\n" for variable, value in file.items()))
    assert database_url(urls, dotenv).database == name


def test_nothing_is_found_where_nothing_is_said(dotenv):
    assert database_url({}, dotenv) is None
    dotenv.write_text("# DATABASE_URL=sqlite:///books.db\nOTHER=1\n")
    assert database_url({}, dotenv) is None


def test_a_file_is_not_read_for_a_url_that_the_environment_has(dotenv):
    dotenv.write_text("broken")
    assert database_url({"DATABASE_URL": "sqlite:///books.db"}, dotenv).database == "books.db"
    with pytest.raises(CommandError, match=r"^Line 1 of \S+ could not be understood"):
        database_url({}, dotenv)


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "hunter2://me@db/books",
        "mysql://me:hunter2@db/books",
        "postgresql://me:hunter2@db:port/books",
        "postgresql://me:p@hunter2@db/books",
        "postgresql+asyncpg://me:p@hunter2@db/books",
        "postgresql://me:p@db/hunter2@",
        "sqlite://hunter2/books.db",
        "sqlite://me:hunter2@/books.db",
    ],
)
def test_what_is_no_url_is_refused_without_being_shown(text, dotenv):
    with pytest.raises(CommandError, match=r"^DATABASE_URL is not a database URL: write it as ") as caught:
        database_url({"DATABASE_URL": text}, dotenv)
    assert SECRET not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    dotenv.write_text(f"DATABASE_URL='{text}'\n")
    with pytest.raises(CommandError, match=r"^DATABASE_URL in \S+\.env is not a database URL: write it as "):
        database_url({}, dotenv)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql+asyncpg://me:hunter2@db:6432/books", "books on db:6432"),
        ("postgresql://me:hunter2@db", "me on db:5432"),
        ("postgresql:///books?password=hunter2", "books"),
        ("sqlite:////srv/books.db", "/srv/books.db"),
        ("sqlite://", "in memory"),
    ],
)
def test_a_message_may_name_the_database_and_no_more(url, name, dotenv):
    assert place(database_url({"DATABASE_URL": url}, dotenv)) == name
