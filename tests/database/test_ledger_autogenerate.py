"""The ledger and autogenerate: the plugin hides it wherever revgate is installed, `check` knows where it cannot."""

import importlib.metadata
import os
from pathlib import Path
from textwrap import dedent

import pytest

from revgate.migration.including.hiding import LINE, check_hiding
from revgate.migration.including.plugin import NAME
from support.including import Host
from support.recording import make_recorded

pytest_plugins = ["support.including_fixtures"]

NOTHING = "No new upgrade operations detected"
ALL = "include_schemas=True"
MODULE = "revgate.migration.including.plugin"


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    """Return a PYTHONPATH on which the plugin is installed: the entry point of the package, or the same beside it."""
    inherited = os.environ.get("PYTHONPATH", "")
    found = importlib.metadata.entry_points(group="alembic.plugins", name=NAME)
    if found:
        assert {one.value for one in found} == {MODULE}
        return inherited
    made = tmp_path / "site" / "revgate_plugin-1.dist-info"
    made.mkdir(parents=True)
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: revgate-plugin\nVersion: 1\n")
    (made / "entry_points.txt").write_text(f"[alembic.plugins]\n{NAME} = {MODULE}\n")
    return os.pathsep.join([str(made.parent), *filter(None, [inherited])])


@pytest.fixture
def host(host15: Host) -> Host:
    """A project of PostgreSQL that has never heard of revgate, but that something else than alembic migrated it."""
    host15.plain()
    host15.run("upgrade", "head")
    host15.query("CREATE SCHEMA revgate")
    host15.query("CREATE TABLE revgate.revision_log (revision text)")
    host15.query("CREATE INDEX ours ON revgate.revision_log (revision)")
    return host15


def plain(host: Host, options: str = "", head: str = "") -> Host:
    return host.env("context", head=f"include_in_alembic = lambda *_: None\n{dedent(head)}", options=options)


def test_the_ledger_is_hidden_where_all_schemas_are_compared(host: Host, plugin: str):
    assert NOTHING in plain(host, ALL).run("check", PYTHONPATH=plugin)


def test_without_the_plugin_it_would_be_dropped_unless_env_py_has_the_line(host: Host):
    chosen = f'{ALL}, autogenerate_plugins=["alembic.autogenerate.*", "~{NAME}"]'
    said = plain(host, chosen).refused("check")
    assert "revision_log" in said
    assert NOTHING in plain(host, f"{chosen}, {LINE}").run("check")


def test_the_ledger_is_hidden_beside_the_version_table_and_where_the_search_path_leads_to_it(host: Host, plugin: str):
    host.query("CREATE TABLE revgate_revision_log (revision text)")
    host.query(f'ALTER ROLE "{host.engine.url.username}" SET search_path = public, revgate')
    assert NOTHING in plain(host).run("check", PYTHONPATH=plugin)


def test_the_ledger_of_sqlite_is_hidden(sqlite_host: Host, plugin: str):
    sqlite_host.plain()
    sqlite_host.run("upgrade", "head")
    sqlite_host.query("CREATE TABLE revgate_revision_log (revision text)")
    assert NOTHING in sqlite_host.run("check", PYTHONPATH=plugin)


def test_what_else_is_there_is_compared_and_the_projects_own_filters_are_asked(host: Host, plugin: str):
    host.query("CREATE TABLE revision_log (id integer)")
    host.query("CREATE TABLE revgate.leftover (id integer)")
    host.query("CREATE TABLE left_out (id integer)")
    own = "def include_name(name, type_, parent_names):\n    return name != 'left_out'\n"
    done = plain(host, f"{ALL}, include_name=include_name", own).alembic("check", PYTHONPATH=plugin)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "'revision_log', MetaData(), Column('id'" in said
    assert "'leftover', MetaData(), Column('id', INTEGER(), table=<leftover>), schema='revgate'" in said
    assert "left_out" not in said
    assert "Column('revision'" not in said


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ("context.configure(include_schemas=True, autogenerate_plugins=['mine.*'])", ("include_schemas", LINE)),
        ("context.configure(include_schemas=True, include_name=not_revision_log)", ()),
        ("context.configure()", ()),
    ],
)
def test_check_warns_of_an_env_py_that_lets_autogenerate_see_the_ledger(
    tmp_path: Path, env: str, words: tuple[str, ...]
):
    recorded = make_recorded(tmp_path / "app", "sqlite://")
    (recorded.folder / "migrations" / "env.py").write_text(env)
    found = list(check_hiding(recorded.request().scripts.directory))
    assert len(found) == bool(words)
    for problem in found:
        assert problem.is_warning
        assert all(word in problem.message for word in words)
