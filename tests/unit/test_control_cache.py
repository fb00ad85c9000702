"""What the watches have shown: the newest of each object, and never more than a person would believe."""

import pytest

from revgate.control.observing.snapshot import Key
from revgate.control.watching.cache import Cache, Shelf

KEY = Key("shop", "ledger")


def body(version: int, uid: str = "a", created: str = "2026-03-01T12:00:00Z", **metadata):
    known = {"uid": uid, "name": "ledger", "namespace": "shop", "resourceVersion": str(version)}
    return {"metadata": known | {"creationTimestamp": created} | metadata}


def test_an_older_event_does_not_replace_a_newer_one():
    shelf = Shelf()
    shelf.put(KEY, body(5))
    shelf.put(KEY, body(4))
    assert shelf.of(KEY) == (body(5),)


def test_an_object_is_forgotten_with_its_last_trace():
    shelf = Shelf()
    shelf.put(KEY, body(5))
    shelf.drop(KEY, body(6))
    assert shelf.of(KEY) == ()
    assert shelf.keys() == ()


def test_forgetting_what_was_never_seen_is_no_fault():
    shelf = Shelf()
    shelf.drop(KEY, body(6))
    assert shelf.keys() == ()


def test_a_list_is_the_truth_about_a_migration():
    shelf = Shelf()
    shelf.put(KEY, body(1, uid="gone"))
    assert shelf.replace(KEY, [body(7)], shelf.mark(KEY))
    assert shelf.of(KEY) == (body(7),)


EVENTS = {
    "something changed": lambda shelf: shelf.put(KEY, body(9)),
    "something was removed": lambda shelf: shelf.drop(KEY, body(9)),
    "something is new": lambda shelf: shelf.put(KEY, body(9, uid="b")),
}


@pytest.mark.parametrize("event", EVENTS)
def test_a_list_is_not_believed_when_meanwhile(event):
    shelf = Shelf()
    shelf.put(KEY, body(7))
    mark = shelf.mark(KEY)
    EVENTS[event](shelf)
    seen = shelf.of(KEY)
    assert not shelf.replace(KEY, [body(7)], mark)
    assert shelf.of(KEY) == seen


def test_what_happens_to_another_migration_does_not_matter_to_a_list():
    shelf = Shelf()
    mark = shelf.mark(KEY)
    shelf.put(Key("shop", "other"), body(9))
    assert shelf.replace(KEY, [body(7)], mark)


def test_a_list_of_everything_forgets_what_is_gone_and_keeps_what_came_meanwhile():
    gone, new, changed = Key("shop", "gone"), Key("shop", "new"), Key("shop", "changed")
    shelf = Shelf()
    shelf.put(gone, body(1))
    shelf.put(changed, body(2))
    marks = shelf.marks()
    shelf.put(changed, body(9))
    shelf.replace_all([(changed, shelf.kept(body(2))), (new, shelf.kept(body(3)))], marks)
    assert {key: shelf.of(key) for key in shelf.keys()} == {changed: (body(9),), new: (body(3),)}  # noqa: SIM118 - no dict


def test_a_list_does_not_bring_back_what_came_and_went_while_it_was_made():
    shelf = Shelf()
    mark, marks = shelf.mark(KEY), shelf.marks()
    shelf.put(KEY, body(7))
    shelf.drop(KEY, body(8))
    assert not shelf.replace(KEY, [body(7)], mark)
    shelf.replace_all([(KEY, shelf.kept(body(7)))], marks)
    assert shelf.keys() == ()
    shelf.replace_all([(KEY, shelf.kept(body(9, uid="new")))], shelf.marks())
    assert shelf.of(KEY) == (body(9, uid="new"),)


def test_ends_of_long_ago_are_forgotten():
    shelf = Shelf()
    for number in range(2000):
        shelf.put(Key("shop", str(number)), body(number, uid=str(number)))
        shelf.drop(Key("shop", str(number)), body(number, uid=str(number)))
    assert len(shelf.marks()) < 2000


def test_of_two_migrations_with_one_name_the_younger_one_counts():
    cache = Cache()
    cache.migrations.put(KEY, body(9, uid="old"))
    cache.migrations.put(KEY, body(8, uid="new", created="2026-03-01T12:00:05Z"))
    assert cache.migration(KEY) == body(8, uid="new", created="2026-03-01T12:00:05Z")
    assert cache.migration(Key("shop", "none")) is None


def test_what_nobody_reads_is_not_kept():
    noise = {"managedFields": [{}], "annotations": {"revgate.io/retry": "1", "kubectl.kubernetes.io/last": "{}"}}
    whole = {"metadata": body(1)["metadata"] | noise, "spec": {"containers": []}, "status": {"phase": "Running"}}
    shelf = Shelf("status")
    shelf.put(KEY, whole)
    (kept,) = shelf.of(KEY)
    assert kept["metadata"] == body(1)["metadata"] | {"annotations": {"revgate.io/retry": "1"}}
    assert kept["status"] == {"phase": "Running"}
    assert "spec" not in kept
