"""What answers requests, and what it answers with: the seam between the transport and handlers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lvsm.core.responses import Prepared
from lvsm.core.session_actions import Request


class Reply(Protocol):
    """One request's answer: items, then `ok` or `error` once, and after that only events.

    None of these waits. They raise ReplyGoneError when the client is gone, so that a handler that
    has much to say stops; whoever says very much awaits `drain` now and then.
    """

    def item(self, fields: Mapping[str, Any]) -> None:
        """Send one JSON object of the answer."""

    def ok(self, text: str) -> None:
        """End the answer well; the client's next request is delivered from here on."""

    def error(self, code: str, message: str, **fields: object) -> None:
        """End the answer with a refusal: a stable code, what to do about it, details."""

    def event(self, fields: Mapping[str, Any] | Prepared) -> bool:
        """Tell something that happened, also after `ok`; false when it was dropped.

        A client that reads too slowly loses events, and is told so by `{"event": "resync"}` as
        soon as it reads again.
        """

    async def drain(self) -> None:
        """Wait until the client has read most of what was sent; a stalled one is cut off."""


class Handler(Protocol):
    """Answers requests. What it raises becomes an ERR: LvsmError with its code, else `internal`.

    It may go on after `ok`, to send events; it is cancelled when the client is gone.
    """

    async def __call__(self, request: Request, reply: Reply) -> None:
        """Answer one request."""
