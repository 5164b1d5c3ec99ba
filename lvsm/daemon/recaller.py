"""Generations by the words that name them, with their texts."""

from __future__ import annotations

import asyncio
from typing import Protocol

from lvsm.core import recalling
from lvsm.core.errors import LvsmError
from lvsm.core.generation import EMPTY, Generation
from lvsm.core.replication.disk import Disk


class LostGenerationError(LvsmError):
    """The history names a generation, and its file cannot be read."""

    code = "lost-generation"


class Past(Protocol):
    """What this node remembers."""

    @property
    def disk(self) -> Disk:
        """The state as it is on the disk: the head and what the history names."""

    def read(self, key: str) -> Generation | None:
        """The generation with that hash, None when it cannot be read; it may block."""


class Recaller:
    """Gives generations by the words that name them."""

    def __init__(self, past: Past) -> None:
        """Look into this past."""
        self.past = past

    async def recall(self, word: str) -> Generation:
        """The generation that is meant, with its text.

        Raises RecallError, and LostGenerationError when its file cannot be read.
        """
        disk = self.past.disk
        head = disk.head
        found = recalling.find(disk.history, head, word)
        if found is None:
            return EMPTY
        if found.hash == head.hash:
            return head
        read = await asyncio.to_thread(self.past.read, found.hash)
        if read is None:
            raise LostGenerationError(
                f"generation {found.order[1]} cannot be read from this node's disk: ask another"
                " node, by --node"
            )
        return read
