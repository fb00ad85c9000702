"""The look that a verb takes before it loads Alembic: is there anything to do at all?

It answers where the answer is sure, and in a tenth of the time: the one head of the scripts is the one row of the
version table, and the ledger's digest of it says that nothing below is missing and nothing was edited. In every other
case, an error among them, the answer is None and the verb goes its usual way.
"""

from __future__ import annotations

import os

from revgate.contract import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence

    from revgate.contract.serves import Edge
    from revgate.gate.connection import Connection
    from revgate.gate.tables import Table
    from revgate.migration.project.catalog import Catalog
    from revgate.migration.project.entry import Entry
    from revgate.migration.project.index import Summary

_BUNDLED_TABLE = "alembic_version"

in_vain: set[object] = set()
"""What was looked at before the verb was loaded, which need not look again."""


class Settled:
    """A database at the only head of the scripts."""

    def __init__(self, head: str, edges: Sequence[Edge]) -> None:
        self.head = head
        self.edges = edges  # of the ledger; none where they were not asked for


def project(*, bundled: bool, config: str) -> Summary | None:
    """Return what is known of the scripts without reading them: the bundled ones, or those of a configuration."""
    from revgate.migration.project.index import read_index, summary_of  # noqa: PLC0415  not for every verb

    place = _bundled_place() if bundled else _configuration(config)
    found = read_index(place) if place else None
    if found or not bundled:
        return found
    catalog = _bundled_catalog()
    return summary_of(catalog, _BUNDLED_TABLE) if catalog else None


def entries(*, bundled: bool, config: str) -> tuple[Entry, ...] | None:
    """Return the revisions as an index or, of the bundled ones, their headers have them."""
    from revgate.migration.project.catalog_entries import decode_rows, entries_of  # noqa: PLC0415  as above

    found = project(bundled=bundled, config=config)
    if found is not None and found.rows:
        return decode_rows(found.rows, found.locations)
    catalog = _bundled_catalog() if bundled else None
    return entries_of(catalog) if catalog else None


def database_variable(environ: Mapping[str, str]) -> str:
    """Return which variable names the database of a verb for people; "" when a file or the parts may do so."""
    return next((name for name in names.DATABASE_URLS if environ.get(name, "").strip()), "")


def settled_head(args: Namespace, *, with_ledger: bool = False) -> str:
    """Return the revision of a database that is at the only head, for a verb for people; else "".

    Args:
        args: with the options of `database_options`.
        with_ledger: whether the ledger has to agree, as an upgrade wants it and a mere question does not.
    """
    if args.echo or args.debug or args.x or was_in_vain((args.bundled, args.config, with_ledger)):
        return ""
    return head_of(bundled=args.bundled, config=args.config, with_ledger=with_ledger)


def head_of(*, bundled: bool, config: str, with_ledger: bool) -> str:
    """Return the same for scripts that are named."""
    variable = database_variable(os.environ)
    found = project(bundled=bundled, config=config) if variable else None
    settled = look(found, variable, ledger=with_ledger) if found else None
    return settled.head if settled else ""


def settle_job(*, bundled: bool) -> bool:
    """Report that a Job had nothing to do; False where that is not sure, or it was asked to stop: nothing was said."""
    import signal  # noqa: PLC0415  as above

    found = project(bundled=bundled, config="")
    state = look(found, of_a_job(os.environ), edges=True) if found else None
    if state is None or signal.sigpending() & {signal.SIGTERM, signal.SIGINT}:
        return False
    from revgate.cli.settled_report import report  # noqa: PLC0415  only for those who need no more

    report(state, os.environ)
    return True


def of_a_job(environ: Mapping[str, str]) -> str:
    """Return which variable names the database of a Job; "" when the parts do, or none."""
    return next((name for name in (names.DIRECT_DATABASE_URL, names.DATABASE_URL) if environ.get(name)), "")


def look(found: Summary, variable: str, *, edges: bool = False, ledger: bool = True) -> Settled | None:
    """Ask the database.

    Args:
        found: what is known of the scripts.
        variable: which one has the URL; "" where the parts of one are set.
        edges: whether the ledger's are wanted.
        ledger: whether there is to be one.
    """
    if not found.version_table or len(found.heads) != 1 or os.environ.get("REVGATE_X_ARGS"):
        return None
    from revgate.gate.address import AddressError, find_address  # noqa: PLC0415  as above
    from revgate.gate.connection import find_driver  # noqa: PLC0415  as above
    from revgate.gate.failure import Failure  # noqa: PLC0415  as above

    if "+async" in os.environ.get(variable, "") or not (variable or os.environ.get(names.DATABASE_PARTS["host"])):
        return None  # a word has to be said about the driver, or about the URL
    try:
        connection = find_driver()({"application_name": "revgate", **find_address(os.environ, variable).keywords})
        try:
            return _look(connection, found, edges=edges, ledger=ledger)
        finally:
            connection.close()
    except (AddressError, Failure, ImportError, ValueError):
        return None


def was_in_vain(what: object) -> bool:
    """Say whether that was looked at just before; it is forgotten with the answer."""
    was = what in in_vain
    in_vain.discard(what)
    return was


def _look(connection: Connection, found: Summary, *, edges: bool, ledger: bool) -> Settled | None:
    from revgate.gate.tables import find, find_ledgers, heads_of  # noqa: PLC0415  as above

    table = find(connection, "", found.version_table)
    if table is None or not table.readable or heads_of(connection, table) != found.heads:
        return None
    if not ledger:
        return Settled(found.heads[0], ())
    log = next(find_ledgers(connection, table), None)
    if log is None or not log.readable or not _agrees(connection, found, table, log):
        return None
    if not edges:
        return Settled(found.heads[0], ())
    from revgate.gate.read import edges_of  # noqa: PLC0415  as above

    return Settled(found.heads[0], edges_of(connection, log, table))


def _agrees(connection: Connection, found: Summary, table: Table, log: Table) -> bool:
    """Say whether the ledger knows all of it, as it is today, and whoever may read it can."""
    from revgate.gate.tables import literal, of_history  # noqa: PLC0415  as above

    history = of_history(table)
    floors = ", ".join(map(literal, found.floors)) or "NULL"
    rights = " AND ".join(_public_right(one) for one in (table, log))
    rows = connection.rows(
        f"SELECT digest, owner, (SELECT count(*) FROM {log.identifier} WHERE {history} AND floor <> ''"  # noqa: S608  quoted
        f" AND revision IN ({floors})), ({rights})::text"
        f" FROM {log.identifier} WHERE {history} AND revision = {literal(found.heads[0])}"
    )
    if len(rows) != 1:
        return False
    digest, owner, count, readable = rows[0]
    ours = os.environ.get("REVGATE_OWNER", "")
    return (
        digest == found.digest != ""
        and count == str(len(found.floors))
        and readable == "true"
        and owner in {ours, *([] if ours else [owner])}
    )


def _public_right(table: Table) -> str:
    from revgate.gate.tables import literal  # noqa: PLC0415  as above

    return (
        f"has_schema_privilege('public', {literal(table.schema)}, 'USAGE')"
        f" AND has_table_privilege('public', {literal(table.identifier)}, 'SELECT')"
    )


def _configuration(config: str) -> str:
    """Return the configuration that was named, or the one that is here; "" when there is none."""
    given = config or os.environ.get("ALEMBIC_CONFIG", "")
    return given or next(filter(os.path.isfile, ("alembic.ini", "pyproject.toml")), "")


def _bundled_place() -> str:
    """Return the folder of the bundled scripts, with a slash at its end."""
    from importlib.util import find_spec  # noqa: PLC0415  as above

    spec = find_spec("revgate.migrations")
    return os.path.join(os.path.dirname(spec.origin), "") if spec and spec.origin else ""  # noqa: PTH118, PTH120  pathlib takes 10 ms


def _bundled_catalog() -> Catalog | None:
    from revgate.migration.project.catalog import read_catalog  # noqa: PLC0415  as above

    place = _bundled_place()
    return read_catalog([f"{place}versions"], recursive=False) if place else None
