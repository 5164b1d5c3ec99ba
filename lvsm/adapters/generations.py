"""The generations that this node keeps, one file each, in /var/lib/lvsm/generations.

Law: a file appears whole and durably or not at all, and is never changed. What is newest is found
by reading, so that there is no pointer that could disagree with the files.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from lvsm.core import epochs
from lvsm.core.generation import EMPTY, BadGenerationError, Generation, decode, encode

log = logging.getLogger(__name__)


class Generations:
    """A folder of generations; `replace(path, data)` writes a file whole and durably."""

    def __init__(self, folder: Path, replace: Callable[[Path, bytes], None]) -> None:
        """Keep the folder, which is made if it is missing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._replace = replace

    def newest(self) -> Generation:
        """The newest readable generation, `EMPTY` when there is none.

        A damaged file is logged and passed over: the one before it is used.
        """
        for file in sorted(self._folder.glob("*.json"), reverse=True):
            try:
                return decode(file.read_bytes())
            except (OSError, BadGenerationError) as error:
                log.warning("generation file %s cannot be used: %s", file, error)
        return EMPTY

    def keep(self, generation: Generation) -> None:
        """Write `generation` durably; raises OSError when the disk refuses."""
        epoch = epochs.name(generation.epoch, width=6)
        name = f"{epoch}-{generation.number:08d}-{generation.hash[:16]}.json"
        self._replace(self._folder / name, encode(generation))
