"""How much of what a client has sent ahead is taken before others have their turn."""

from __future__ import annotations

from lvsm.core.session_actions import Pause, Resume

TURN = 64
"""Lines that are taken of what a client has sent ahead before others have their turn."""
TURN_BYTES = 64 * 1024
"""What is said to it in a turn; one answer may go beyond it."""


class Turns:
    """A client's turns, and whether it is being read from."""

    def __init__(self) -> None:
        """It is."""
        self._lines = 0
        self._paused = False
        self.ended = False
        """Whether the present turn has ended before what was sent ahead did."""

    def begin(self) -> None:
        """A new turn."""
        self._lines = 0
        self.ended = False

    def took(self, said: int) -> bool:
        """A line was taken, and so many bytes said in this turn; whether that was enough."""
        self._lines += 1
        self.ended = self._lines >= TURN or said >= TURN_BYTES
        return self.ended

    def pace(self, *, full: bool) -> Pause | Resume | None:
        """Read no more when that is enough for now, and go on afterwards."""
        if full == self._paused:
            return None
        self._paused = full
        return Pause() if full else Resume()
