"""A plan tells of revisions that were edited after they were applied, as the upgrade itself would."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from revgate import MigrationRunner
from revgate.migration.errors import EditedRevision
from support.cli import Cli
from support.recording import Recorded, make_recorded
from support.servers import Server

FORMS = ("text", "markdown", "sql")


@pytest.fixture(params=["pg15", "sqlite"])
def recorded(request: pytest.FixtureRequest, servers: Callable[[int], Server], tmp_path: Path) -> Iterator[Recorded]:
    """A database at a2 of three, where a1 was edited since."""
    database = None if request.param == "sqlite" else servers(15).new_database()
    url = database.sqlalchemy_url if database else f"sqlite:///{tmp_path / 'app.db'}"
    found = make_recorded(tmp_path / "app", url).scripts("a1 a2<-a1 a3<-a2")
    found.upgrade("a2", image="shop_2")
    found.edit("a1")
    yield found
    if database:
        servers(15).drop_database(database)


def refusal(recorded: Recorded) -> str:
    """Return what an upgrade says."""
    with pytest.raises(EditedRevision) as raised:
        recorded.upgrade()
    return str(raised.value)


def test_every_form_says_what_an_upgrade_would_be_refused_with(recorded: Recorded):
    cli, said = Cli(recorded.folder).at(recorded.url), refusal(recorded)
    for form in FORMS:
        shown = cli.ok("plan", "--format", form)
        assert f"Upgrade would be refused: {said}" in shown.out.replace("\\", ""), shown
        assert (said in shown.err) is (form == "sql"), shown
        assert "a3" in shown.out
    value = cli.ok("plan", "--json").json
    assert (value["edited"], value["refused"]) == (["a1"], said)
    assert [one["revision"] for one in value["revisions"]] == ["a3"]
    script = cli.ok("upgrade", "--sql")
    assert f"-- ! Upgrade would be refused: {said}\n" in script.out


def test_a_plan_with_nothing_pending_says_it_too(recorded: Recorded):
    cli, said = Cli(recorded.folder).at(recorded.url), refusal(recorded)
    for form in FORMS:
        shown = cli.ok("plan", "a2", "--format", form).out.replace("\\", "")
        assert "Nothing is pending" in shown
        assert f"Upgrade would be refused: {said}" in shown


def test_accepted_they_are_shown_and_stop_nothing(recorded: Recorded):
    cli = Cli(recorded.folder).at(recorded.url)
    shown = cli.ok("plan", "--edited", "accept").out
    assert "by image shop_2, was edited since, and would be accepted as what was applied" in shown
    assert "refused" not in shown
    value = cli.ok("plan", "--edited", "accept", "--json").json
    assert (value["edited"], value["refused"]) == (["a1"], "")
    recorded.upgrade(edited="accept")
    value = cli.ok("plan", "--json").json
    assert (value["edited"], value["refused"]) == ([], "")


def test_an_image_that_a_release_is_rolled_back_to_has_older_files(recorded: Recorded):
    recorded.upgrade(edited="accept")
    recorded.scripts("a1 a2<-a1")
    value = Cli(recorded.folder).at(recorded.url).ok("plan", "--json").json
    assert (value["edited"], value["refused"]) == ([], "")


def test_a_dry_run_is_refused_as_the_run_would_be(recorded: Recorded):
    config, said = recorded.folder / "alembic.ini", refusal(recorded)
    with pytest.raises(EditedRevision) as raised:
        MigrationRunner(recorded.engine, config, dry_run=True).upgrade_to_head()
    assert str(raised.value) == said
    statements = MigrationRunner(recorded.engine, config, dry_run=True, edited="accept").upgrade_to_head()
    assert any("a3" in statement for statement in statements)
    assert set(recorded.states()) == {"a1", "a2"}
