"""The root of every error that LVSM raises on purpose.

A mistake of somebody else's (an admin's text, a peer's bytes, a kernel's refusal) is a subclass of
`LvsmError`, carries a stable code, and is answered with a message that says what to do. A mistake
of ours is any other exception, and is logged with its traceback.
"""

from __future__ import annotations

LONGEST_REPEATED = 200
"""Characters of a stranger's text, or of another library's error about it, that a message has."""


class LvsmError(Exception):
    """Something outside LVSM is wrong: `code` is stable, `message` says what and what to do."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        """Keep the message; `code` overrides the class's own."""
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


def shortened(text: object) -> str:
    """The text of something, no longer than a message may repeat it."""
    whole = str(text)
    return whole if len(whole) <= LONGEST_REPEATED else f"{whole[:LONGEST_REPEATED]}..."
