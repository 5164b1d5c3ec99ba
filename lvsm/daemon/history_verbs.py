"""The verbs that look back: CONFIG HISTORY, SHOW and DIFF.

Law: they read what this disk has and change nothing. A generation never changes, so what the table
of the history says of it is read once; texts are read and compared off the event loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from lvsm.core import recalling
from lvsm.core.generation import Generation
from lvsm.core.handling import Reply
from lvsm.core.recalling import State
from lvsm.core.replication.history import Record
from lvsm.core.session_actions import Request
from lvsm.daemon.comparing_apart import Compare
from lvsm.daemon.ports import Clock
from lvsm.daemon.recaller import Past, Recaller
from lvsm.daemon.requests import Verb, Verbs, number, only_options, readers, some_words
from lvsm.daemon.view import View

DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the table says of a generation, without its text."""

    author: str
    node: str
    comment: str
    saved_at: float
    confirm_by: float | None


class HistoryVerbs:
    """Shows what was saved."""

    def __init__(self, *, view: View, past: Past, clock: Clock, compare: Compare) -> None:
        """Everything comes from this past; the view knows what is in use."""
        self._compare = compare
        self._view = view
        self._past = past
        self._clock = clock
        self._recaller = Recaller(past)
        self._facts: dict[str, _Facts] = {}

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "CONFIG SHOW": Verb(
                self.config_show,
                readers,
                "the configuration as saved last, or as it was once: CONFIG SHOW [GENERATION]",
            ),
            "CONFIG HISTORY": Verb(
                self.config_history, readers, "who saved what and when: CONFIG HISTORY limit=20"
            ),
            "CONFIG DIFF": Verb(
                self.config_diff, readers, "what differs: CONFIG DIFF GENERATION [GENERATION]"
            ),
        }

    async def config_show(self, request: Request, reply: Reply) -> str:
        """A generation with its text: the present one, or the one that the word names.

        `12` is what the cluster had as generation 12; `12@EPOCH` and the first letters of a hash
        name those that a forced Save displaced.
        """
        [word] = some_words(request, 0, 1) or (None,)
        only_options(request)
        used = self._view.generation
        generation = used if word is None else await self._recaller.recall(word)
        waits = self._view.unconfirmed if generation.hash == used.hash else ""
        told = {**self._document(generation), "unconfirmed": waits}
        reply.item({**told, "text": generation.text})
        return f"generation {generation.number}"

    async def config_history(self, request: Request, reply: Reply) -> str:
        """The generations with author, time and comment, the newest first: 20, or `limit`.

        `state` is `in use`, `saved`, `unconfirmed` (somebody has to confirm it) or `conflict`
        (displaced by a forced Save, or never finished).
        """
        some_words(request, 0, 0)
        only_options(request, "limit")
        limit = number(request, "limit")
        disk = self._past.disk
        found = recalling.newest_first(disk.history, disk.head)
        states = recalling.states(disk.history, disk.head, used=self._view.generation.hash)
        shown = found[: DEFAULT_LIMIT if limit is None else limit]
        for record in shown:
            facts = await self._facts_of(record.hash)
            reply.item(self._row(record, facts, states[record.hash]))
            await reply.drain()
        return f"{len(shown)} of {len(found)} shown"

    async def config_diff(self, request: Request, reply: Reply) -> str:
        """What changed from one generation to another, or to the present one.

        `changes` are the objects that differ, None where a text cannot be read any more; `lines`
        are a unified diff of the texts.
        """
        one, *rest = some_words(request, 1, 2)
        only_options(request)
        before = await self._recaller.recall(one)
        after = await self._recaller.recall(rest[0]) if rest else self._view.generation
        found = await self._compare(before, after)
        reply.item({"from": self._document(before), "to": self._document(after), **found})
        return f"{len(found['lines'])} lines"

    # inside

    async def _facts_of(self, key: str) -> _Facts | None:
        known = self._facts.get(key)
        if known is None:
            head = self._past.disk.head
            read = head if key == head.hash else await asyncio.to_thread(self._past.read, key)
            if read is None:
                return None
            known = self._facts[key] = _Facts(
                author=read.author,
                node=read.node,
                comment=read.comment,
                saved_at=read.saved_at,
                confirm_by=read.confirm_by,
            )
        return known

    def _row(self, record: Record, facts: _Facts | None, state: State) -> dict[str, object]:
        epoch, place, key = record.order
        return {
            "generation": place,
            "epoch": epoch,
            "hash": key,
            "parent": record.parent,
            "state": state,
            "decided": record.decided,
            "author": None if facts is None else facts.author,
            "node": None if facts is None else facts.node,
            "comment": None if facts is None else facts.comment,
            "saved_at": None if facts is None else facts.saved_at,
            "ago_s": None if facts is None else self._ago(facts.saved_at),
            "confirm_by": None if facts is None else facts.confirm_by,
        }

    def _document(self, generation: Generation) -> dict[str, object]:
        return {
            "generation": generation.number,
            "epoch": generation.epoch,
            "hash": generation.hash,
            "author": generation.author,
            "node": generation.node,
            "comment": generation.comment,
            "saved_at": generation.saved_at,
            "confirm_by": generation.confirm_by,
        }

    def _ago(self, moment: float) -> float:
        return round(max(0.0, self._clock.now() - moment), 1)
