"""The kernel's own word that something has changed wakes the control loop at once."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable

log = logging.getLogger(__name__)


async def follow(changes: AsyncIterator[None], touch: Callable[[], None]) -> None:
    """Call `touch` for each change, for ever; where the kernel does not tell, say so once.

    Then the control loop's own look each second finds it.
    """
    try:
        async for _ in changes:
            touch()
    except OSError as error:
        log.warning(
            "the kernel does not tell of changes, so they are seen a second late: %s", error
        )
