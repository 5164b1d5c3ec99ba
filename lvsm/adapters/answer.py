"""What a handler answers with: the `Reply` of one request on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from lvsm.adapters.connection import Connection, ReplyGoneError
from lvsm.core.responses import Err, Event, Item, Ok, Prepared


class Answer:
    """The `Reply` of one request."""

    def __init__(self, connection: Connection) -> None:
        """Nothing has been said yet."""
        self._connection = connection
        self._items = 0
        self.done = False
        self.task: asyncio.Task[None] | None = None

    def item(self, fields: Mapping[str, Any]) -> None:
        """Send one JSON object of the answer."""
        self._check()
        self._items += 1
        self._connection.send(Item(fields))

    def ok(self, text: str) -> None:
        """End the answer well."""
        self._end(Ok(self._items, text))

    def error(self, code: str, message: str, **fields: object) -> None:
        """End the answer with a refusal."""
        texts = {key: str(value) for key, value in fields.items() if value is not None}
        self._end(Err(code, message, texts))

    def event(self, fields: Mapping[str, Any] | Prepared) -> bool:
        """Tell something that happened; false when it was dropped."""
        event = fields if isinstance(fields, Prepared) else Event(fields)
        return self._connection.send_event(event)

    async def drain(self) -> None:
        """Wait until the client has read most of what was sent."""
        await self._connection.drain()

    def _check(self) -> None:
        if self.done:
            raise RuntimeError("the answer has ended already")
        if self._connection.gone:
            raise ReplyGoneError("the client is gone")

    def _end(self, response: Ok | Err) -> None:
        self._check()
        self.done = True
        self._connection.send(response)
        if self.task is not None:
            self._connection.watch(self.task)
        self._connection.answered()
