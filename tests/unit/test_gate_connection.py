"""How an address becomes attempts at hosts, and which of its words a libpq may go without."""

import pytest

from revgate.gate.attempts import attempts, other_addresses
from revgate.gate.connection import usable
from revgate.gate.failure import Failure

WITHOUT_LISTS = [{"host": "a", "port": "1"}, {"dbname": "x"}, {"host": "/run/postgresql"}, {"service": "books"}]
A, B = {"host": "a"}, {"host": "b"}


@pytest.mark.parametrize("keywords", WITHOUT_LISTS, ids=str)
def test_an_address_without_lists_is_one_attempt(keywords):
    assert attempts(keywords) == [keywords]


LISTS = {
    "each host has its port": ({"host": "a,b", "port": "1,2"}, [A | {"port": "1"}, B | {"port": "2"}]),
    "one port is for all hosts": ({"host": "a,b", "port": "1"}, [A | {"port": "1"}, B | {"port": "1"}]),
    "a missing port is the default": ({"host": "a,b", "port": ",2"}, [A | {"port": ""}, B | {"port": "2"}]),
    "no port is given": ({"host": "a,b"}, [A, B]),
    "hosts have addresses": (
        {"host": "a,b", "hostaddr": "10.0.0.1,10.0.0.2"},
        [A | {"hostaddr": "10.0.0.1"}, B | {"hostaddr": "10.0.0.2"}],
    ),
    "there are only addresses": ({"hostaddr": "::1,::2"}, [{"hostaddr": "::1"}, {"hostaddr": "::2"}]),
    "lists that do not match are for libpq to refuse": (
        {"host": "a,b", "port": "1,2,3"},
        [{"host": "a,b", "port": "1,2,3"}],
    ),
    "the session is of a kind": (
        {"host": "a,b", "target_session_attrs": "read-write"},
        [A | {"target_session_attrs": "read-write"}, B | {"target_session_attrs": "read-write"}],
    ),
    "a standby is preferred": (
        {"host": "a,b", "target_session_attrs": "prefer-standby"},
        [one | {"target_session_attrs": kind} for kind in ("standby", "any") for one in (A, B)],
    ),
}


@pytest.mark.parametrize(("keywords", "expected"), LISTS.values(), ids=LISTS.keys())
def test_every_host_is_an_attempt_of_its_own_when(keywords, expected):
    assert attempts(keywords) == expected


def test_hosts_among_which_the_load_is_balanced_come_in_any_order():
    keywords = {"host": "a,b,c,d,e", "load_balance_hosts": "random"}
    orders = {tuple(one["host"] for one in attempts(keywords)) for _ in range(50)}
    assert len(orders) > 1
    assert {frozenset(order) for order in orders} == {frozenset("abcde")}


def test_a_name_whose_address_does_not_answer_is_tried_at_its_others():
    others = other_addresses({"host": "localhost", "port": "1", "dbname": "x"}, "10.9.8.7")
    assert {"host": "localhost", "port": "1", "dbname": "x", "hostaddr": "127.0.0.1"} in others
    assert "127.0.0.1" not in [one["hostaddr"] for one in other_addresses({"host": "localhost"}, "127.0.0.1")]


ALONE = [{}, {"host": "/run"}, {"host": "@abstract"}, {"host": "a,b"}, {"host": "localhost", "hostaddr": "::1"}]


@pytest.mark.parametrize("keywords", [*ALONE, {"host": "127.0.0.1"}, {"host": "no-such-host.invalid"}], ids=str)
def test_there_are_no_other_addresses_of(keywords):
    assert other_addresses(keywords, "127.0.0.1") == []


OLD = {"host", "sslmode", "sslrootcert", "connect_timeout", "client_encoding", "keepalives_idle", "tcp_user_timeout"}
OURS = {
    "client_encoding": "UTF8",
    "connect_timeout": "5",
    "fallback_application_name": "revgate wait",
    "keepalives_idle": "10",
    "tcp_user_timeout": "15000",
}


def test_words_of_other_drivers_are_left_out_and_ours_are_defaults():
    keywords = {
        "host": "db",
        "prepared_statement_cache_size": "0",
        "connect_timeout": "9",
        "load_balance_hosts": "random",
    }
    assert usable(keywords, OLD, 15) == OURS | {"host": "db", "connect_timeout": "9"}


GUARDS = {
    "require_auth": ({"require_auth": "scram-sha-256"}, 15),
    "channel_binding": ({"channel_binding": "require"}, 12),
    "sslcertmode": ({"sslcertmode": "require"}, 15),
    "sslrootcert=system": ({"sslrootcert": "system"}, 15),
}


@pytest.mark.parametrize(("keywords", "version"), GUARDS.values(), ids=GUARDS.keys())
def test_a_guard_that_this_libpq_does_not_know_is_not_left_out_in_silence(request, keywords, version):
    with pytest.raises(Failure, match=f"^libpq {version} of this image does not know {request.node.callspec.id}: inst"):
        usable({"host": "db"} | keywords, OLD, version)


def test_a_file_of_root_certificates_and_the_systems_own_are_taken_where_libpq_knows_them():
    assert usable({"sslrootcert": "/ca.crt"}, OLD, 12)["sslrootcert"] == "/ca.crt"
    assert usable({"sslrootcert": "system"}, OLD, 16)["sslrootcert"] == "system"
