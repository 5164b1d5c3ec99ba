"""A lock that one program on this machine holds for as long as it lives (flock(2))."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def take(path: Path) -> int | None:
    """Hold the lock at `path`: its descriptor, None while another program has it.

    The lock goes when the last process with the descriptor has ended; forked children have it too,
    programs that they run do not. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
