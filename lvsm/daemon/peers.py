"""Connections to the other nodes: one kept open to each, for facts and questions.

Law: a connection that this node dialled carries only this node's requests; what the other one has
to say comes over the connection that it dialled. So there is one direction to reason about, and a
half-dead connection is found by its own unanswered request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts
from lvsm.core.facts import encode as encode_facts
from lvsm.daemon.link_state import LinkState
from lvsm.daemon.ports import Clock, Dial, Link

log = logging.getLogger(__name__)

FACTS_SECONDS = 1.0
BACK_OFF_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.0)
ANSWER_SECONDS = 2.5
"""A peer that takes longer to say OK to facts is not there, or not well."""


NONE_ENDED = b"[]"


@dataclass(slots=True, kw_only=True)
class Peer:
    """One other node: its open link, if any, and what is still to be sent to it."""

    name: str
    link: Link | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    questions: list[str] = field(default_factory=list)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    said: str = ""
    told: bytes = NONE_ENDED
    state: LinkState = field(default_factory=LinkState)


class Peers:
    """Keeps a link to every other node."""

    def __init__(
        self,
        *,
        names: tuple[str, ...],
        dial: Dial,
        clock: Clock,
        facts: Callable[[], Facts],
        ended: Callable[[], bytes] = lambda: NONE_ENDED,
    ) -> None:
        """`facts` tells this node's.

        `ended` tells the sessions that ended before their time, which the others hear of at once
        and again after each connection.
        """
        self._peers = {name: Peer(name=name) for name in names}
        self._dial = dial
        self._clock = clock
        self._facts = facts
        self._ended = ended

    async def run(self) -> None:
        """Keep the links for ever."""
        async with asyncio.TaskGroup() as group:
            for peer in self._peers.values():
                group.create_task(self._keep(peer), name=f"peer {peer.name}")

    def publish(self) -> None:
        """Send this node's facts to all now."""
        for peer in self._peers.values():
            peer.wake.set()

    def state(self, node: str) -> LinkState | None:
        """How the connection to a node is; None for a node that there is none to."""
        peer = self._peers.get(node)
        return peer.state if peer is not None else None

    def ask(self, node: str, group: str) -> None:
        """Ask `node` to let `group` go; asked once however often this is called meanwhile."""
        peer = self._peers[node]
        question = f"GROUP ASK {group}"
        if question not in peer.questions:
            peer.questions.append(question)
            peer.wake.set()

    def lost(self, node: str) -> None:
        """Heartbeat calls `node` dead: do not wait for its connection to find that out."""
        peer = self._peers.get(node)
        if peer is not None:
            peer.questions.clear()

    async def _keep(self, peer: Peer) -> None:
        attempt = 0
        while True:
            try:
                peer.link = await self._dial(peer.name)
                attempt = 0
                log.info("connected to %s", peer.name)
                peer.said = ""
                peer.state.connected(self._clock)
                await self._converse(peer, peer.link)
            except (LvsmError, OSError, TimeoutError) as error:
                peer.state.failed(str(error), self._clock)
                if str(error) != peer.said:
                    log.warning("no connection to %s: %s", peer.name, error)
                    peer.said = str(error)
            finally:
                link, peer.link, peer.told = peer.link, None, NONE_ENDED
                if link is not None:
                    await link.close()
            await asyncio.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
            attempt += 1

    async def _converse(self, peer: Peer, link: Link) -> None:
        while True:
            async with peer.turn:
                facts, sent = encode_facts(self._facts()), self._clock.monotonic()
                answer = await link.request("PEER FACTS", facts, timeout=ANSWER_SECONDS)
                peer.state.answered(answer, sent, self._clock)
                await self._tell_ended(peer, link)
                while peer.questions:
                    await link.request(peer.questions[0])
                    peer.questions.pop(0)
            try:
                async with asyncio.timeout(FACTS_SECONDS):
                    await peer.wake.wait()
            except TimeoutError:
                continue
            peer.wake.clear()

    async def _tell_ended(self, peer: Peer, link: Link) -> None:
        ended = self._ended()
        if ended != peer.told:
            await link.request("PEER SESSIONS", ended)
            peer.told = ended
