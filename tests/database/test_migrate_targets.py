"""The migrate-* targets as a person types them, in a copy of the checkout: migrate-create writes into it."""

import re

import pytest

from support.checkout import Checkout

pytest_plugins = ["support.checkout_fixtures"]

ALL = [f"000{number}" for number in range(1, 9)]
NEW = re.compile(r"\d{8}_\d{4}_[0-9a-f]{12}_(\w+)\.py")


def status(checkout: Checkout) -> dict[str, list[str]]:
    """What migrate-status shows: each heading with the revisions below it."""
    done = checkout.make("migrate-status")
    assert done.returncode == 0, done.stderr
    sections: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if line.endswith(":"):
            shown = sections.setdefault(line.removesuffix(":"), [])
        else:
            shown.append(line.partition(" -> ")[2].partition(",")[0].removesuffix(" (head)") or line)
    return sections


def made(checkout: Checkout, *arguments: str) -> str:
    done = checkout.make(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refused(checkout: Checkout, *arguments: str) -> str:
    """What a target says that does nothing."""
    before = checkout.schema, checkout.versions
    done = checkout.make(*arguments)
    assert done.returncode == 2, done.stdout
    assert (checkout.schema, checkout.versions) == before
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_help_lists_the_targets(checkout_sqlite):
    shown = made(checkout_sqlite, "help")
    for target in ("create", "up", "down", "status", "reset"):
        assert re.search(rf"^  migrate-{target} +\w", shown, re.MULTILINE), target


def test_the_targets_go_up_and_down_and_say_where_the_database_is(checkout):
    assert status(checkout) == {"Current": ["nothing is applied"], "Pending": ALL, "History": ALL[::-1]}
    made(checkout, "migrate-up")
    whole = checkout.schema
    made(checkout, "migrate-down")
    made(checkout, "migrate-down")
    assert status(checkout) == {"Current": ["0006"], "Pending": ["0007", "0008"], "History": ALL[::-1]}
    made(checkout, "migrate-up")
    assert checkout.schema == whole


def test_a_new_revision_holds_what_differs_and_is_named_by_the_template(checkout):
    whole, bundled = checkout.upgrade(), checkout.versions
    checkout.execute("ALTER TABLE journals ADD COLUMN author varchar(20)")
    made(checkout, "migrate-create", "MSG=Drop author")
    (name,) = checkout.versions - bundled
    assert NEW.fullmatch(name)[1] == "drop_author"
    assert (checkout.newest.revision, checkout.newest.down_revision) == (name.split("_")[2], "0008")
    made(checkout, "migrate-up")
    assert checkout.schema == whole
    made(checkout, "migrate-down")
    assert checkout.schema != whole
    assert checkout.execute("SELECT version_num FROM alembic_version") == [("0008",)]


def test_the_walk_of_the_document_works_on_a_database_at_the_head(checkout_sqlite):
    whole, bundled = checkout_sqlite.upgrade(), checkout_sqlite.versions
    assert status(checkout_sqlite) == {"Current": ["0008 (head)"], "Pending": ["nothing"], "History": ALL[::-1]}
    for arguments in (["migrate-create", "MSG=Test migration"], ["migrate-up"], ["migrate-down"]):
        made(checkout_sqlite, *arguments)
        assert checkout_sqlite.schema == whole  # nothing differed, so the new revision does nothing
    assert len(checkout_sqlite.versions - bundled) == 1
    assert status(checkout_sqlite)["Pending"] == [checkout_sqlite.newest.revision]


def test_a_new_revision_needs_a_database_at_the_head(checkout_sqlite):
    assert "FAILED: Target database is not up to date." in refused(checkout_sqlite, "migrate-create", "MSG=Too early")


@pytest.mark.parametrize("arguments", [(), ("MSG=",), ("MSG=  ",)])
def test_a_new_revision_needs_a_message(checkout_sqlite, arguments):
    checkout_sqlite.upgrade()
    said = refused(checkout_sqlite, "migrate-create", *arguments)
    assert 'say what the revision does, make migrate-create MSG="Add user table"' in said


@pytest.mark.parametrize(
    "message",
    ["Costs $5 and $(HOME) `id`", 'it\'s "so"', 'C:\\new """ \\', "--autogenerate", "Добавить таблицу", "a # b"],
)
def test_a_message_is_taken_as_it_is_written(checkout_sqlite, message):
    checkout_sqlite.upgrade()
    made(checkout_sqlite, "migrate-create", f"MSG={message}")
    assert checkout_sqlite.newest.doc == message


def test_a_message_may_come_from_the_environment(checkout_sqlite):
    checkout_sqlite.upgrade()
    made(checkout_sqlite.with_environ(MSG="Costs $5"), "migrate-create")
    assert checkout_sqlite.newest.doc == "Costs $5"


def test_reset_does_nothing_without_a_terminal_or_a_yes(checkout_sqlite):
    checkout_sqlite.upgrade()
    assert "Nothing was reset: there is no terminal to ask in" in refused(checkout_sqlite, "migrate-reset")
    assert "Nothing was reset" in refused(checkout_sqlite, "migrate-reset", "CONFIRM=no")


def test_reset_with_a_yes_takes_every_revision_back(checkout):
    checkout.upgrade()
    made(checkout, "migrate-reset", "CONFIRM=yes")
    assert checkout.schema == []
    assert checkout.execute("SELECT version_num FROM alembic_version") == []


def test_reset_asks_in_a_terminal_and_names_the_database(checkout):
    whole = checkout.upgrade()
    done = checkout.make_answering("no\n", "migrate-reset")
    assert done.returncode == 2
    assert re.search(r"^Database (books\.db|test_\w+ on 127\.0\.0\.1:\d+)$", done.stderr, re.MULTILINE)
    assert "Type yes to drop all tables and data of this database" in done.stderr
    assert checkout.schema == whole
    assert checkout.make_answering("yes\n", "migrate-reset").returncode == 0
    assert checkout.schema == []


@pytest.mark.parametrize("answer", ["\n", "y\n", "YES please\n", "\x04"])
def test_only_yes_is_a_yes(checkout_sqlite, answer):
    whole = checkout_sqlite.upgrade()
    done = checkout_sqlite.make_answering(answer, "migrate-reset")
    assert (done.returncode, checkout_sqlite.schema) == (2, whole)
    assert "Nothing was reset" in done.stderr


@pytest.mark.parametrize("target", ["migrate-up", "migrate-down", "migrate-status", "migrate-reset CONFIRM=yes"])
def test_each_target_fails_without_a_database_and_says_what_to_set(checkout_sqlite, target):
    said = refused(checkout_sqlite.without_url(), *target.split())
    assert "FAILED: No database was named: set PYACC__DATABASE_URL or DATABASE_URL" in said
