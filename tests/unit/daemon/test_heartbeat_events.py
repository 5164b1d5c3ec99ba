"""What heartbeat's scripts write, taken as requests that nobody waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.session_actions import Request
from lvsm.daemon.heartbeat_events import follow
from lvsm.daemon.requests import UnknownNameError, words


class Noted:
    """A table of one verb that remembers."""

    def __init__(self) -> None:
        self.seen: list[Request] = []

    def note(self, request: Request) -> str:
        words(request, 2)
        if request.args[0] == "nobody":
            raise UnknownNameError("nobody is no node")
        self.seen.append(request)
        return "noted"

    async def follow(self, *lines: str) -> list[tuple[str, ...]]:
        async def given() -> AsyncIterator[str]:
            for line in lines:
                yield line

        await follow(given(), {"EVENT MEMBER": self.note})
        return [request.args for request in self.seen]


async def test_a_note_comes_from_root_on_this_machine() -> None:
    noted = Noted()
    assert await noted.follow("EVENT MEMBER dir1 dead") == [("dir1", "dead")]
    (request,) = noted.seen
    assert (request.principal.kind, request.principal.uid) == ("local", 0)
    assert request.origin == "heartbeat"


@pytest.mark.parametrize(
    "wrong",
    ["", "EVENT", "EVENT MEMBER dir1", "EVENT MEMBER nobody dead", "CONFIG SAVE", "HELP", '"', "="],
)
async def test_what_is_no_note_is_logged_and_the_next_one_taken(
    wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await Noted().follow(wrong, "EVENT MEMBER dir1 dead") == [("dir1", "dead")]
    assert "heartbeat's scripts" in caplog.text


async def test_a_note_has_no_literal(caplog: pytest.LogCaptureFixture) -> None:
    assert await Noted().follow("EVENT MEMBER dir1 dead bytes=3") == []
    assert "no event of heartbeat's" in caplog.text


@given(st.text(max_size=60))
async def test_junk_never_stops_the_reading(junk: str) -> None:
    noted = Noted()
    await noted.follow(junk, "EVENT MEMBER dir1 dead")
    assert noted.seen[-1].args == ("dir1", "dead")
