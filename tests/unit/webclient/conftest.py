from __future__ import annotations

import threading
from collections.abc import Callable

import pytest


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds."""

    def wait(holds: Callable[[], bool]) -> None:
        for _ in range(1_200):
            if holds():
                return
            threading.Event().wait(0.05)
        raise AssertionError("it does not come to hold")

    return wait
