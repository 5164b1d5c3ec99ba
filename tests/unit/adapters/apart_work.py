"""What `test_apart` has done apart; it imports little, as what runs there does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path


def echo(frames: Sequence[bytes]) -> Iterator[bytes]:
    """What runs apart: its process, then every frame."""
    yield str(os.getpid()).encode()
    yield from frames


def endless(frames: Sequence[bytes]) -> Iterator[bytes]:
    """Tell the process by a file, and work for ever."""
    Path(frames[0].decode()).write_text(str(os.getpid()))
    while True:
        yield from ()


def failing(_frames: Sequence[bytes]) -> Iterator[bytes]:
    yield b"first"
    raise MemoryError
