"""The last STATUS of each cluster, shared by all pages that look by themselves.

Law: what is shared is given only to a session that plvsd has just let through: its connection
still stands, or it has logged in again. Of ten thousand realservers a STATUS takes a node tenths of
a second, so however many pages are open, it is asked for once in FRESH_SECONDS; a click asks anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webclient.nodes import Nodes

FRESH_SECONDS = 2.5
"""A little less than a page waits between two looks."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a node said when; the document is shared, and nobody changes it."""

    at: float
    document: dict[str, Any]


class Snapshots:
    """Those of one cluster."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Nothing was asked."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: Snapshot | None = None

    def status(self, nodes: Nodes, *, shared: bool) -> dict[str, Any]:
        """The whole state; with `shared` it may be FRESH_SECONDS old. Raises as `Nodes.ask`."""
        if not shared:
            return self._ask(nodes)
        nodes.ask("NOOP")  # plvsd ends the connections of whoever may not go on
        with self._lock:
            last = self._last
            if last is not None and self._monotonic() - last.at < FRESH_SECONDS:
                return last.document
            return self._ask(nodes)

    def _ask(self, nodes: Nodes) -> dict[str, Any]:
        found = Snapshot(self._monotonic(), nodes.one("STATUS"))
        self._last = found
        return found.document
