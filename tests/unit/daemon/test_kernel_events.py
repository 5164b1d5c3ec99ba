from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lvsm.daemon.kernel_events import follow


async def test_each_change_wakes_until_the_kernel_tells_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def changes() -> AsyncIterator[None]:
        yield
        yield
        raise OSError(1, "not permitted")

    woken = []
    await follow(changes(), lambda: woken.append(1))
    assert len(woken) == 2
    assert "a second late" in caplog.text
