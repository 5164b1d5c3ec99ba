"""Replies that remember what they were told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from lvsm.core.responses import Prepared


class FakeReply:
    """Satisfies `core.handling.Reply`; `readable` cleared is a client that does not read."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.end: tuple[str, str] | None = None
        self.readable = asyncio.Event()
        self.readable.set()
        self.details: Mapping[str, object] = {}
        self.drops = 0
        self.drained = 0

    def item(self, fields: Mapping[str, Any]) -> None:
        assert self.end is None
        self.items.append(json.loads(json.dumps(fields)))

    def ok(self, text: str) -> None:
        assert self.end is None
        self.end = ("ok", text)

    def error(self, code: str, message: str, **fields: object) -> None:
        assert self.end is None
        self.end = (code, message)
        self.details = fields

    def event(self, fields: Mapping[str, Any] | Prepared) -> bool:
        if self.drops:
            self.drops -= 1
            return False
        line = fields.line[2:] if isinstance(fields, Prepared) else json.dumps(fields)
        self.events.append(json.loads(line))
        return True

    async def drain(self) -> None:
        self.drained += 1
        await self.readable.wait()

    def codes(self) -> list[str]:
        return [event["event"] for event in self.events]
