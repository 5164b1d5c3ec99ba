"""Whether the nodes of a cluster answer at all, for the login's page.

Law: strangers see it, so it costs a node one TCP connection in some seconds however often the page
is opened, and nothing about a node is told but that it answers.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lvsm.client import Address, Tcp

FRESH_SECONDS = 10.0
TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found when."""

    at: float
    answers: dict[str, bool]


class Reachability:
    """The last look at each cluster."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Nothing was looked at."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._looked: dict[str, Looked] = {}

    def of(self, cluster: str, addresses: tuple[Address, ...]) -> dict[str, bool]:
        """By each node's address whether it answers; one looks, others wait for what it finds."""
        with self._lock:
            last = self._looked.get(cluster)
            now = self._monotonic()
            if last is None or now - last.at >= FRESH_SECONDS:
                with ThreadPoolExecutor(max_workers=min(len(addresses), 16)) as pool:
                    answers = dict(
                        zip(map(str, addresses), pool.map(_answers, addresses), strict=True)
                    )
                last = self._looked[cluster] = Looked(self._monotonic(), answers)
            return last.answers


def _answers(address: Address) -> bool:
    if not isinstance(address, Tcp):
        return False
    try:
        with socket.create_connection((address.host, address.port), timeout=TIMEOUT):
            return True
    except OSError:
        return False
