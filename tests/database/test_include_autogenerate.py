"""What a host project's comparisons see: its own tables, and none of revgate's."""

import pytest

from support.including import TABLES, VERSION_TABLE, Host

pytest_plugins = ["support.including_fixtures"]

NOTHING = "No new upgrade operations detected"
LEDGER = "CREATE SCHEMA revgate; CREATE TABLE revgate.revision_log (revision text)"
SEEN = """
seen = set()

def include_name(name, type_, parent_names):
    seen.add(("name", type_, name))
    return name != "ignored"

def include_object(item, name, type_, reflected, compare_to):
    seen.add(("object", type_, name))
    return name != "left_out"

import atexit
atexit.register(lambda: print(sorted(map(str, seen))))
"""
FILTERS = "include_name=include_name, include_object=include_object"
OUR_MODELS = """
for made in ("accounts", "transaction_lines"):
    sa.Table(made, target_metadata, sa.Column("id", sa.Integer, primary_key=True), schema={schema!r})
"""


@pytest.fixture
def upgraded(any_host: Host) -> Host:
    any_host.run("upgrade", "head")
    return any_host


def generated(host: Host) -> str:
    """Return the body of the revision that autogenerate writes, and take the file away again."""
    host.run("revision", "--autogenerate", "-m", "made")
    (path,) = (host.folder / "migrations" / "versions").glob("*_made.py")
    text = path.read_text()
    path.unlink()
    return text.partition("def upgrade()")[2]


def test_autogenerate_writes_an_empty_revision_after_an_upgrade(upgraded):
    assert "op." not in generated(upgraded)
    assert NOTHING in upgraded.run("check")


def test_without_the_line_in_env_all_of_it_would_be_dropped(upgraded):
    said = upgraded.plain().refused("check")
    assert all(f"'{table}'" in said for table in (*TABLES, VERSION_TABLE))


@pytest.mark.parametrize("arguments", ["context", "context, table_prefix='p_'", "context, schema='accounting'"])
def test_with_include_schemas_nothing_of_ours_is_seen_either(host15, arguments):
    host15.env(arguments, options="include_schemas=True").run("upgrade", "head")
    host15.query(LEDGER)
    host15.query("CREATE TABLE revgate_revision_log (revision text)")
    assert NOTHING in host15.run("check")
    assert "op." not in generated(host15)


def test_the_ledger_beside_the_version_table_is_not_seen(sqlite_host):
    sqlite_host.run("upgrade", "head")
    sqlite_host.query("CREATE TABLE revgate_revision_log (revision text)")
    assert NOTHING in sqlite_host.run("check")


@pytest.mark.parametrize("arguments", ["context, schema='accounting'", "context, table_prefix='p_', schema='app'"])
def test_tables_that_the_search_path_leads_to_are_not_seen_without_their_schema(host15, arguments):
    user = host15.engine.url.username
    host15.query(f'ALTER ROLE "{user}" SET search_path = public, accounting, app, revgate')
    host15.env(arguments).run("upgrade", "head")
    host15.query(LEDGER)
    assert NOTHING in host15.run("check")


def test_the_hosts_own_table_of_that_name_in_another_schema_is_seen(host15):
    host15.env("context, schema='accounting'", options="include_schemas=True").run("upgrade", "head")
    host15.query("CREATE TABLE accounts (id integer)")
    said = host15.refused("check")
    assert "remove_table" in said
    assert "'accounts'" in said
    assert "'journals'" not in said


def test_what_the_host_changes_is_seen(upgraded):
    upgraded.query("DROP TABLE orders")
    upgraded.query("CREATE TABLE leftover (id integer)")
    body = generated(upgraded)
    assert "op.create_table('orders'" in body.replace('"', "'")
    assert "op.drop_table('leftover')" in body.replace('"', "'")
    assert "accounts" not in body


def test_the_hosts_own_filters_are_asked_and_obeyed(upgraded):
    upgraded.query("CREATE TABLE ignored (id integer)")
    upgraded.query("CREATE TABLE left_out (id integer)")
    said = upgraded.env(head=SEEN, options=FILTERS).run("check")
    assert NOTHING in said
    for asked in ("('name', 'table', 'users')", "('object', 'table', 'users')", "('name', 'column', 'id')"):
        assert asked in said.replace('"', "'").replace("\\'", "'"), said
    assert "'accounts'" not in said.replace('"', "'")


def test_a_host_whose_models_refer_to_our_tables_makes_none_of_them(upgraded):
    upgraded.env(head=OUR_MODELS.format(schema=None))
    assert NOTHING in upgraded.run("check")


def test_a_host_whose_models_refer_to_our_tables_in_their_schema_makes_none_of_them(host15):
    host15.env("context, schema='accounting'", head=OUR_MODELS.format(schema="accounting")).run("upgrade", "head")
    assert NOTHING in host15.run("check")
    host15.env("context, schema='accounting'", head=OUR_MODELS.format(schema=None))
    assert "add_table" in host15.refused("check")


def test_a_foreign_key_to_our_tables_is_compared_as_any_other(upgraded):
    model = 'target_metadata.tables["orders"].append_column(sa.Column("account_id", sa.BigInteger, {key}))'
    key = 'sa.ForeignKey("accounts.id", name="orders_account")'
    upgraded.env(head=OUR_MODELS.format(schema=None) + model.format(key=key))
    body = generated(upgraded).replace('"', "'")
    assert "op.add_column('orders', sa.Column('account_id'" in body
    assert "create_table" not in body
    assert "drop_table" not in body
    if upgraded.engine.dialect.name == "postgresql":
        assert "'orders', 'accounts', ['account_id'], ['id']" in body


def test_a_table_that_a_pending_revision_of_ours_drops_is_not_the_hosts_to_drop(upgraded):
    upgraded.query("CREATE TABLE balances (account_id integer)")
    assert "'balances'" in upgraded.refused("check")
    upgraded.query(f"UPDATE {VERSION_TABLE} SET version_num = '0006'")
    assert NOTHING in upgraded.run("check")
