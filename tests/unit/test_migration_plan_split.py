"""Taking SQL text apart into single statements."""

import pytest

from revgate.migration.rendering.split import split_statements


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        pytest.param("SELECT 1", ["SELECT 1;"], id="a semicolon is added"),
        pytest.param("A; B ;\n C;;", ["A;", "B;", "C;"], id="several"),
        pytest.param(" ;; -- nothing\n/* at all */ ", [], id="none"),
        pytest.param("SELECT ';''';B", ["SELECT ';''';", "B;"], id="in a text"),
        pytest.param("SELECT E'\\';';B", ["SELECT E'\\';';", "B;"], id="in a text with escapes"),
        pytest.param("SELECT '\\';B", ["SELECT '\\';", "B;"], id="a backslash is a character"),
        pytest.param('SELECT "a;""";B', ['SELECT "a;""";', "B;"], id="in a name"),
        pytest.param("DO $$ a; $x$ b; $x$ $$; B", ["DO $$ a; $x$ b; $x$ $$;", "B;"], id="in dollars"),
        pytest.param("DO $x$ a; $$; b; $x$; B", ["DO $x$ a; $$; b; $x$;", "B;"], id="in dollars with a name"),
        pytest.param("SELECT a$b$; B", ["SELECT a$b$;", "B;"], id="dollars in a name are none"),
        pytest.param("SELECT $1; B", ["SELECT $1;", "B;"], id="nor is a parameter"),
        pytest.param("-- why;\nA; B", ["-- why;\nA;", "B;"], id="in a comment before it"),
        pytest.param("A -- done; really", ["A;"], id="in a comment behind it"),
        pytest.param("A /* x /* y; */ z; */ B; C", ["A /* x /* y; */ z; */ B;", "C;"], id="in comments in comments"),
        pytest.param("A; /* open", ["A;"], id="a comment without end"),
        pytest.param(
            "CREATE RULE r AS DO ALSO (A; B); C", ["CREATE RULE r AS DO ALSO (A; B);", "C;"], id="in brackets"
        ),
        pytest.param("SELECT ')'; A); B", ["SELECT ')';", "A);", "B;"], id="brackets that nobody opened"),
        pytest.param(
            'CREATE OR REPLACE FUNCTION f("begin" int) RETURNS int BEGIN ATOMIC; SELECT 1; '
            "SELECT CASE WHEN true THEN 1 END; END; B",
            [
                (
                    'CREATE OR REPLACE FUNCTION f("begin" int) RETURNS int BEGIN ATOMIC; SELECT 1; '
                    "SELECT CASE WHEN true THEN 1 END; END;"
                ),
                "B;",
            ],
            id="in the body of a function",
        ),
        pytest.param("BEGIN; A; END; B", ["BEGIN;", "A;", "END;", "B;"], id="a transaction is no body"),
        pytest.param("SELECT '\t';", ["SELECT '\t';"], id="tabs stay"),
    ],
)
def test_postgresql_text_ends_where_psql_would_end_it(text, statements):
    assert list(split_statements(text, "postgresql")) == statements


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        pytest.param("SELECT [a;b], `c;d`; B", ["SELECT [a;b], `c;d`;", "B;"], id="other quotes"),
        pytest.param("SELECT $a$; B; C $a$", ["SELECT $a$;", "B;", "C $a$;"], id="no dollar quotes"),
        pytest.param("A /* /* ; */ + 1; B", ["A /* /* ; */ + 1;", "B;"], id="no comments in comments"),
        pytest.param(
            "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n UPDATE b SET c = CASE WHEN 1 THEN 2 END;\n"
            " DELETE FROM d;\nEND; B",
            [
                (
                    "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n UPDATE b SET c = CASE WHEN 1 THEN 2 END;\n"
                    " DELETE FROM d;\nEND;"
                ),
                "B;",
            ],
            id="in the body of a trigger",
        ),
    ],
)
def test_sqlite_text_ends_where_its_shell_would_end_it(text, statements):
    assert list(split_statements(text, "sqlite")) == statements
