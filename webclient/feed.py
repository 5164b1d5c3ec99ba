"""What the nodes of a cluster tell while somebody is logged in: the last events, for all of them.

Law: each node tells only what it did and saw itself, so each is listened to by a thread of its own,
with the session credential of whoever logged in last. When that has ended the next one is taken;
without any the threads end. What is kept is bounded.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from lvsm.client import Address, Client, Event, LvsmError, NotAllowedError, Settings
from webclient.nodes import DEADLINES

TOPICS = ("events", "health")
MOST_EVENTS = 500
MOST_NODES = 16
MOST_CREDENTIALS = 16
AGAIN_SECONDS = 5.0
SHOWN = ("at", "node", "event", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event: when (seconds since 1970), on which node, its code and its sentence."""

    at: float
    node: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A session credential."""

    user: str
    secret: str


class Feed:
    """The last events of one cluster."""

    def __init__(self, addresses: tuple[Address, ...]) -> None:
        """Nobody listens before the first login."""
        self._addresses = addresses[:MOST_NODES]
        self._lock = threading.Lock()
        self._told: deque[Told] = deque(maxlen=MOST_EVENTS)
        self._credentials: list[Credential] = []
        self._listening: set[Address] = set()
        self._wake = threading.Event()

    def newest(self, count: int = MOST_EVENTS) -> list[Told]:
        """What was told, the newest first."""
        with self._lock:
            return sorted(self._told, key=lambda told: told.at, reverse=True)[:count]

    def listen(self, user: str, secret: str) -> None:
        """Listen with this credential from now on; it begins where nobody listens yet."""
        with self._lock:
            self._credentials = [*self._credentials, Credential(user, secret)][-MOST_CREDENTIALS:]
            begin = [address for address in self._addresses if address not in self._listening]
            self._listening.update(begin)
        for address in begin:
            threading.Thread(target=self._follow, args=(address,), daemon=True).start()

    def _follow(self, address: Address) -> None:
        """Listen to one node until no credential is left."""
        while (credential := self._credential(address)) is not None:
            try:
                self._hear(address, credential)
            except NotAllowedError:
                self._drop(credential)
            except LvsmError:
                self._wake.wait(AGAIN_SECONDS)

    def _hear(self, address: Address, credential: Credential) -> None:
        settings = Settings(
            addresses=(address,),
            user=credential.user,
            password=credential.secret,
            deadlines=DEADLINES,
        )
        with Client(settings) as client, client.watch(*TOPICS) as events:
            for event in events:
                self._take(event)

    def _take(self, event: Event) -> None:
        fields = event.fields
        if event.resync or fields.get("snapshot") or not all(name in fields for name in SHOWN):
            return
        told = Told(
            at=float(fields["at"]),
            node=str(fields["node"]),
            code=str(fields["event"]),
            text=str(fields["text"]),
        )
        with self._lock:
            self._told.append(told)

    def _credential(self, address: Address) -> Credential | None:
        with self._lock:
            if self._credentials:
                return self._credentials[-1]
            self._listening.discard(address)
            return None

    def _drop(self, credential: Credential) -> None:
        with self._lock:
            self._credentials = [one for one in self._credentials if one != credential]
