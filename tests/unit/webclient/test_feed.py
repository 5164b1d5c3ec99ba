"""The feed: what nodes tell is kept in order and bounded, whoever's credential ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lvsm.client import Event, Tcp
from tests.unit.client.nodes import serving
from webclient.feed import MOST_EVENTS, Feed


def event(at: float, text: str = "took web", **more: object) -> Event:
    return Event({"event": "group-taken", "node": "dir1", "at": at, "text": text, **more})


def test_the_newest_comes_first_and_there_is_a_last() -> None:
    feed = Feed((Tcp("dir1"),))
    for at in (3.0, 1.0, 2.0):
        feed._take(event(at))
    assert [told.at for told in feed.newest()] == [3.0, 2.0, 1.0]
    assert [told.at for told in feed.newest(1)] == [3.0]
    for at in range(2 * MOST_EVENTS):
        feed._take(event(float(at)))
    assert len(feed.newest()) == MOST_EVENTS


def test_how_things_are_is_no_event() -> None:
    feed = Feed((Tcp("dir1"),))
    feed._take(event(1.0, snapshot=True))
    feed._take(Event({"event": "resync"}))
    feed._take(Event({"event": "status", "status": {}}))
    assert feed.newest() == []


def test_a_credential_that_has_ended_makes_way_and_without_any_nobody_listens(
    tmp_path: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    with serving(tmp_path / "node") as node:
        host, _, port = node.tcp.partition(":")
        address = Tcp(host, int(port))
        feed = Feed((address,))
        feed.listen("admin", "wrong")
        eventually(lambda: address not in feed._listening)
        assert feed._credentials == []
