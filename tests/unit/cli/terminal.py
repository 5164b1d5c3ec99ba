"""A program with a terminal of its own; it sees what a person sees."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Mapping

import pytest

SECONDS = 100.0
AGAIN_SECONDS = 3.0
MOST_TRIES = 20
_START = "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"


class Terminal:
    """Runs `python -c CODE WORDS`."""

    def __init__(self, code: str, *words: str, env: Mapping[str, str] | None = None) -> None:
        self._mine, theirs = pty.openpty()
        argv = [sys.executable, "-c", _START + code, *words]
        self._process = subprocess.Popen(
            argv, start_new_session=True, stdin=theirs, stdout=theirs, stderr=theirs, env=env
        )
        os.close(theirs)
        self.seen = ""
        self._answered = 0

    def answer(self, asked: str, text: str) -> None:
        """Wait until it asks, in what it said since the last answer; then type."""
        while asked not in self.seen[self._answered :] or not self.seen.endswith(": "):
            assert self._more(), f"{asked!r} was not asked: {self.seen}"
        self._answered = len(self.seen)
        os.write(self._mine, text.encode())

    def end(self, again: str = "") -> int:
        """Read to the end; the exit status. `again` is typed anew while nothing happens.

        Python's readline misses a Ctrl-C that comes between its look at signals and its select(2).
        """
        tries = 0
        while True:
            quiet = not select.select([self._mine], [], [], AGAIN_SECONDS)[0]
            if quiet and again and tries < MOST_TRIES:
                os.write(self._mine, again.encode())
                tries += 1
            elif not self._more():
                break
        os.close(self._mine)
        return self._process.wait(SECONDS)

    def _more(self) -> bool:
        if not select.select([self._mine], [], [], SECONDS)[0]:
            self._process.kill()
            pytest.fail(f"it says nothing more: {self.seen}")
        try:
            chunk = os.read(self._mine, 4096)
        except OSError:  # the other end is closed
            return False
        self.seen += chunk.decode(errors="replace").replace("\r\n", "\n")
        return bool(chunk)
