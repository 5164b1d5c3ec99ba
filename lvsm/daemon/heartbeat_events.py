"""What heartbeat's scripts write into their pipe: requests of the line protocol without an answer.

A line does what the same request on the local socket would do, by the same handlers.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping

from lvsm.core.errors import LvsmError
from lvsm.core.messages import BadRequestError, parse
from lvsm.core.principal import local_principal
from lvsm.core.session_actions import Request

log = logging.getLogger(__name__)

ORIGIN = "heartbeat"
Notes = Mapping[str, Callable[[Request], str]]
"""Verbs that only note something, and so never wait."""


async def follow(lines: AsyncIterator[str], notes: Notes) -> None:
    """Take each line; what cannot be taken is logged and changes nothing."""
    async for line in lines:
        try:
            _take(line, notes)
        except LvsmError as error:
            log.warning("heartbeat's scripts: %.100r: %s", line, error.message)


def _take(line: str, notes: Notes) -> None:
    command = parse(line, notes)
    if not command.known or command.literal is not None:
        raise BadRequestError("this is no event of heartbeat's")
    request = Request(
        principal=local_principal(0, "root"),  # nobody else can write there
        origin=ORIGIN,
        verb=command.verb,
        args=command.args,
        options=command.options,
    )
    notes[command.verb](request)
