"""The gate's own use of libpq, the wheel's and the system's, and of psycopg: each connects, answers and fails alike."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from revgate.gate import by_psycopg, connection, libpq
from revgate.gate.address import parse_url
from revgate.gate.failure import Failure, NoAnswer
from revgate.gate.look import Line, Question, Source, look
from revgate.gate.patience import Patience
from support.gate import WITHIN, migrated, recorded, waiting
from support.ledger import eventually
from support.servers import HOST, Database, running_server

Connect = Callable[[Mapping[str, str]], Any]


def of(path: str) -> Connect:
    library = libpq.open_library(path)
    return lambda keywords: connection.connect(library, keywords)


DRIVERS = {
    "the wheel's libpq": lambda: of(next(libpq._bundled())),
    "the system's libpq": lambda: of("libpq.so.5"),
    "psycopg": lambda: by_psycopg.connect,
}


@pytest.fixture(params=DRIVERS.values(), ids=DRIVERS.keys())
def connect(request) -> Connect:
    return request.param()


def asked(connect: Connect, url: str, requires: str = "0008", table: str = "alembic_version") -> Line:
    address = parse_url(url, "URL")
    return look(Source(connect, address, table, ""), Question((requires,), "serves", address.name, address.user))


def at_hosts(database: Database, hosts: str, options: str = "") -> str:
    """Return the URL with other hosts, such as a:1,b:2."""
    return database.url.replace(f"{database.host}:{database.port}", hosts) + options


@contextmanager
def silent_host() -> Iterator[tuple[str, socket.socket]]:
    """Listen, and answer nothing."""
    with closing(socket.create_server((HOST, 0))) as listener:
        listener.settimeout(WITHIN)
        yield f"{HOST}:{listener.getsockname()[1]}", listener


def test_the_heads_and_the_ledger_are_read(database, connect):
    migrated(database, "0008")
    recorded(database, upto="0008")
    assert asked(connect, database.url).message == "Database is at 0008"
    assert asked(connect, database.url, "0006").message == "Database is at 0008, which includes 0006"
    assert "0005 is too old" in asked(connect, database.url, "0005").message


ODD = ("a\"b'c\\d%s:e {x} $1", "E'", "\\", "%", "é ß", '""', "';--")


@pytest.mark.parametrize("conforming", ["on", "off"])
def test_names_are_quoted_whatever_is_in_them(database15, connect, conforming):
    database15.query(f"ALTER ROLE {database15.user} SET standard_conforming_strings = {conforming}")
    for name in ODD:
        quoted = '"{}"'.format(name.replace('"', '""'))
        database15.query(f"CREATE TABLE {quoted} AS SELECT '0008' AS version_num")
        assert asked(connect, database15.url, table=name).message == "Database is at 0008"
        database15.query(f"DROP TABLE {quoted}")
    assert "has no table" in asked(connect, database15.url, table="' OR true --").message


def test_a_view_with_a_null_and_a_warning_is_read_and_nothing_of_it_is_printed(database15, connect, capfd):
    database15.query(
        "CREATE FUNCTION said() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'noise'; RETURN '0008'; END $$"
    )
    database15.query("CREATE VIEW alembic_version AS SELECT said() AS version_num UNION ALL SELECT NULL")
    assert asked(connect, database15.url).message == "Database is at 0008"
    assert capfd.readouterr().err == ""


def test_a_host_that_refuses_is_passed_over_for_the_next(database15, connect):
    migrated(database15, "0008")
    hosts = f"{HOST}:1,{HOST}:{database15.port}"
    for options in ("", "?target_session_attrs=read-write", "?target_session_attrs=prefer-standby"):
        assert asked(connect, at_hosts(database15, hosts, options)).message == "Database is at 0008"


def test_a_server_that_is_not_of_the_wanted_kind_is_none(database15, connect):
    migrated(database15, "0008")
    hosts = f"{HOST}:1,{HOST}:{database15.port}"
    line = asked(connect, at_hosts(database15, hosts, "?target_session_attrs=standby"))
    assert line.failed
    assert not line.served


def test_a_host_that_never_answers_is_left_at_its_time_and_the_next_is_tried(database15, connect):
    migrated(database15, "0008")
    with silent_host() as (silent, _):
        hosts = f"{silent},{HOST}:{database15.port}"
        assert asked(connect, at_hosts(database15, hosts, "?connect_timeout=1")).message == "Database is at 0008"
        line = asked(connect, at_hosts(database15, silent, "?connect_timeout=1"))
    assert line.failed
    assert line.message.startswith(f"Database {database15.name} on {silent} was not reached: ")
    assert "time" in line.message


def test_a_connect_timeout_that_is_no_number_is_said(database15, connect):
    line = asked(connect, database15.url + "?connect_timeout=soon")
    assert line.failed
    assert "connect_timeout" in line.message
    assert "soon" in line.message


def test_tls_that_is_required_of_a_server_without_it_is_not_gone_without(database15, connect):
    migrated(database15, "0008")
    line = asked(connect, database15.url + "?sslmode=require")
    assert line.failed
    assert "server does not support SSL" in line.message


PASSWORD = "p%40 '\"\\é"
FORMS = (PASSWORD, quote(PASSWORD), quote(PASSWORD, ""), repr(PASSWORD)[1:-1], "p%40", "%5C")


@pytest.fixture
def odd_password(database15, server15) -> Database:
    server15.query(
        psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            psycopg.sql.Identifier(database15.user), psycopg.sql.Literal(PASSWORD)
        )
    )
    return replace(database15, password=PASSWORD)


def test_a_password_of_odd_characters_is_right_and_a_wrong_one_is_shown_nowhere(
    odd_password, database15, connect, capfd
):
    migrated(odd_password, "0008")
    assert asked(connect, odd_password.url).message == "Database is at 0008"
    wrong = replace(odd_password, password=PASSWORD + "!")
    mistakes = [wrong.url, replace(odd_password, port=1).url, odd_password.url + "?sslmode=never"]
    mistakes += [odd_password.url + "?connect_timeout=soon", replace(odd_password, host="no-such-host.invalid").url]
    said = [asked(connect, url).message for url in mistakes]
    captured = capfd.readouterr()
    assert "refused user" in said[0]
    assert not [form for form in FORMS for text in (*said, captured.out, captured.err) if form in text]


def test_a_byte_of_a_password_that_is_no_utf_8_is_left_to_the_server(database15, connect):
    url = database15.url.replace(quote(database15.password, ""), "p%FFq")
    line = asked(connect, url)
    assert line.failed
    assert "refused user" in line.message or "UTF-8" in line.message


def test_a_libpq_that_does_not_know_a_guard_says_so_and_one_that_does_uses_it(database15):
    migrated(database15, "0008")
    url = database15.url + "?require_auth=scram-sha-256"
    system, wheel = (DRIVERS[name]() for name in ("the system's libpq", "the wheel's libpq"))
    assert asked(wheel, url).message == "Database is at 0008"
    assert asked(wheel, database15.url + "?require_auth=md5").failed
    said = asked(system, url)
    if libpq.version(libpq.open_library("libpq.so.5")) >= 16:
        assert said.message == "Database is at 0008"
    else:
        assert "of this image does not know require_auth: install psycopg[binary]" in said.message
    assert asked(system, database15.url + "?load_balance_hosts=random").message == "Database is at 0008"


@pytest.fixture
def locked(database15):
    migrated(database15, "0007")
    with closing(database15.connect(autocommit=False)) as blocker:
        blocker.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        yield database15


def by_libpq(path: str) -> Callable[[Database], object]:
    def read(database: Database) -> object:
        library = libpq.open_library(path)
        opened = libpq.Connection(library, parse_url(database.url, "URL").keywords, 5.0, 0.5)
        with closing(opened):
            return opened.rows("SELECT * FROM alembic_version")

    return read


def by_psycopgs_patience(database: Database) -> object:
    with closing(database.connect()) as opened:
        patience = Patience(0.5, opened)
        try:
            return opened.execute("SELECT * FROM alembic_version").fetchall()
        except psycopg.Error as error:
            assert patience.is_over
            raise NoAnswer(0.5) from error


WAITS = {
    "the wheel's libpq": lambda: by_libpq(next(libpq._bundled())),
    "the system's libpq": lambda: by_libpq("libpq.so.5"),
    "psycopg": lambda: by_psycopgs_patience,
}


@pytest.mark.parametrize("reader", WAITS.values(), ids=WAITS.keys())
def test_a_statement_without_an_answer_ends_and_leaves_nobody_in_the_locks_queue(locked, reader):
    with pytest.raises(NoAnswer, match=r"no answer within 0\.5 s"):
        reader()(locked)
    waiting_for_it = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    eventually(lambda: locked.query(waiting_for_it) == [(0,)], lambda: locked.query(waiting_for_it))


def test_a_connection_that_is_lost_in_the_middle_of_a_look_is_a_failure(database15, server15, connect):
    with closing(connect(parse_url(database15.url, "URL").keywords)) as opened:
        assert opened.rows("SELECT 1, NULL, 'x'") == [("1", None, "x")]
        server15.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", database15.user)
        with pytest.raises(Failure, match=r"terminat|closed|reset|lost"):
            opened.rows("SELECT 1")


@pytest.fixture(scope="module")
def reachable(tmp_path_factory):
    """Run a server that is there by IPv6 and by a socket in a folder too."""
    folder = tmp_path_factory.mktemp("socket")
    for place in (folder, *folder.parents[:2]):
        place.chmod(0o777)
    with running_server(15) as server:
        server.stop()
        changed = {"listen_addresses=": f"{HOST},::1", "unix_socket_directories=": str(folder)}
        server.postmaster.command = tuple(
            next((name + value for name, value in changed.items() if word.startswith(name)), word)
            for word in server.postmaster.command
        )
        server.start()
        database = server.new_database()
        migrated(database, "0008")
        yield database, folder


def test_a_database_is_reached_by_ipv6(reachable, connect):
    database, _ = reachable
    assert asked(connect, at_hosts(database, f"[::1]:{database.port}")).message == "Database is at 0008"


def test_a_database_is_reached_by_a_unix_socket(reachable, connect):
    database, folder = reachable
    url = at_hosts(database, f"{quote(str(folder), '')}:{database.port}")
    assert asked(connect, url).message == "Database is at 0008"


def test_a_signal_ends_a_gate_that_connects(tmp_path):
    url = "postgresql://app:x@{}/x"
    with silent_host() as (silent, listener), waiting(tmp_path, url.format(silent), "--requires", "1") as gate:
        with listener.accept()[0]:
            assert gate.stop() == 143
        assert gate.lines == ["Wait was stopped by SIGTERM: nothing was read yet"]


def packages(folder: Path, *names: str) -> dict[str, str]:
    """Make a folder with these packages only, and return the environment in which Python knows no other."""
    folder.mkdir()
    for name in names:
        spec = find_spec(name)
        place = Path(spec.origin)
        (folder / (name if place.stem == "__init__" else place.name)).symlink_to(
            place.parent if place.stem == "__init__" else place
        )
    return {"PYTHONPATH": str(folder)}


def no_libpq(folder: Path) -> dict[str, str]:
    """Return the environment in which the system's libpq cannot be loaded."""
    folder.mkdir()
    (folder / "libpq.so.5").write_text("no library")
    return {"LD_LIBRARY_PATH": str(folder)}


BARE = (sys.executable, "-S")


def test_without_psycopg_the_systems_libpq_is_enough(database15, tmp_path):
    migrated(database15, "0008")
    environment = packages(tmp_path / "site", "revgate")
    with waiting(tmp_path, database15.url, "--requires", "0008", environment=environment, python=BARE) as gate:
        assert gate.ends() == 0
        assert gate.lines == ["Database is at 0008"]


def test_without_a_libpq_that_can_be_found_psycopg_is_enough(database15, tmp_path):
    migrated(database15, "0008")
    recorded(database15, upto="0008")
    environment = packages(tmp_path / "site", "revgate", "psycopg", "psycopg_binary", "typing_extensions")
    environment |= no_libpq(tmp_path / "libraries")
    with waiting(tmp_path, database15.url, "--requires", "0006", environment=environment, python=BARE) as gate:
        assert gate.ends() == 0
        assert gate.lines == ["Database is at 0008, which includes 0006"]


def test_without_either_the_gate_says_what_to_install(tmp_path):
    environment = packages(tmp_path / "site", "revgate") | no_libpq(tmp_path / "libraries")
    url = "postgresql://app:sEcret@db/x"
    with waiting(tmp_path, url, "--requires", "1", environment=environment, python=BARE) as gate:
        assert gate.ends() == 2
        assert gate.lines == ["Driver psycopg is missing in this image: install revgate[postgresql]"]


HEAVY = {"argparse", "dataclasses", "enum", "inspect", "json", "pathlib", "psycopg", "re", "signal", "socket", "typing"}


def test_a_gate_that_opens_at_once_has_imported_next_to_nothing(database15):
    migrated(database15, "0008")
    code = (
        "import sys; from revgate.cli.main import main; assert main(['wait', '--requires', '0008']) == 0; "
        "print(*sys.modules)"
    )
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("REVGATE_", "DATABASE_", "PG"))}
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [*BARE, "-c", code],
        env=clean | paths | {"REVGATE_DATABASE_URL": database15.url},
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(done.stdout.split()) & HEAVY == set()
    assert "revgate.gate.libpq" in done.stdout.split()
