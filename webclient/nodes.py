"""The nodes of a cluster as one session sees them: a client of its own, one request at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from lvsm.client import Address, Client, Deadlines, LvsmError, Response, Settings, connect

DEADLINES = Deadlines(connect=2.0, login=15.0, request=20.0)
"""Shorter than a command's: a page is waited for, and the next node may answer at once."""


class Nodes:
    """A connection to whichever node answers, with a session credential."""

    def __init__(self, client: Client) -> None:
        """`client` is used by nobody else."""
        self._client = client
        self._lock = threading.Lock()

    def ask(
        self,
        verb: str,
        *args: str,
        options: Mapping[str, object] | None = None,
        literal: bytes | None = None,
    ) -> Response:
        """As `Client.request`, and raises the same."""
        with self._lock:
            return self._client.request(verb, *args, options=options, literal=literal)

    def one(self, verb: str, *args: str, **more: Any) -> dict[str, Any]:
        """The only item of an answer."""
        [item] = self.ask(verb, *args, **more).items
        return item

    @property
    def address(self) -> str:
        """The node that answered last, empty for none."""
        return str(self._client.address or "")

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._client.close()


def log_in(
    addresses: tuple[Address, ...], user: str, password: str, seconds: int
) -> tuple[Nodes, dict[str, Any]]:
    """Log in by a password, and go on with a session credential; what plvsd says of it.

    The password is not kept. Raises LoginRefusedError, UnreachableError and others of the client's.
    """
    with connect(*addresses, user=user, password=password, deadlines=DEADLINES) as client:
        [made] = client.request("SESSION NEW", options={"seconds": seconds}).items
        first = client.address
    settings = Settings(
        addresses=_beginning_with(first, addresses),
        user=f"session:{made['id']}",
        password=made["secret"],
        deadlines=DEADLINES,
    )
    return Nodes(Client(settings)), made


def log_out(nodes: Nodes) -> bool:
    """End the session credential on all nodes; whether a node has heard it."""
    try:
        nodes.ask("SESSION END")
    except LvsmError:
        return False
    finally:
        nodes.close()
    return True


def _beginning_with(first: Address | None, all_of: tuple[Address, ...]) -> tuple[Address, ...]:
    if first is None:
        return all_of
    return (first, *(address for address in all_of if address != first))
