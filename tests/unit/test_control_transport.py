"""What Kopf is given to read of a watch, and what an event does to the cache."""

import asyncio
from collections.abc import Callable

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol

from revgate.control.observing.snapshot import Key
from revgate.control.watching.cache import Shelf
from revgate.control.watching.transport import Ears, _Overheard
from revgate.control.watching.watch import _handler

GONE = '{"type":"ERROR","object":{"code":410}}\n'


def read(text: str, hear: Callable[[], None] = lambda: None) -> str:
    """Return what is read of a watch that brings a text and ends."""

    async def reading() -> str:
        content = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
        content.feed_data(text.encode())
        content.feed_eof()
        return b"".join([piece async for piece in _Overheard(content, hear).iter_chunked(7)]).decode()

    return asyncio.run(reading())


def test_events_come_as_they_are_and_every_piece_is_heard():
    heard: list[int] = []
    events = '{"type":"ADDED","object":{}}\n{"type":"BOOKMARK","object":{}}\n'
    assert read(events, lambda: heard.append(1)) == events
    assert heard


@pytest.mark.parametrize("what", ['{"code":500}', "{}", '{"code":410}'])
def test_an_error_of_any_kind_begins_anew_with_a_list_and_ends_nothing(what: str):
    assert read(f'{{"type":"ERROR","object":{what}}}\n') == GONE


def test_only_what_a_watch_brings_ends_its_silence():
    ears = Ears(frozenset({"jobs"}), lambda _: None, refill=None)
    ears.silent["jobs"] = 3
    ears.hear_piece("jobs")
    assert ears.silent["jobs"] == 0


def test_an_object_whose_label_was_changed_is_kept_for_nobody_else():
    shelf, woken = Shelf("status"), []
    on_event = _handler("jobs", shelf, woken.append)

    def told(version: str, **labels: str) -> None:
        metadata = {"namespace": "shop", "name": "x", "uid": "u1", "resourceVersion": version, "labels": labels}
        asyncio.run(on_event({"type": "MODIFIED", "object": {"metadata": metadata}}))

    told("1", **{"revgate.io/run-of": "a"})
    told("2", **{"revgate.io/run-of": "b"})
    assert [key for key in (Key("shop", "a"), Key("shop", "b")) if shelf.of(key)] == [Key("shop", "b")]
    told("3")
    assert shelf.keys() == ()
    assert woken == [Key("shop", "a"), Key("shop", "a"), Key("shop", "b"), Key("shop", "b")]
