"""The root of every error that LVSM raises on purpose.

A mistake of somebody else's (an admin's text, a peer's bytes, a kernel's refusal) is a subclass of
`LvsmError`, carries a stable code, and is answered with a message that says what to do. A mistake
of ours is any other exception, and is logged with its traceback.
"""

from __future__ import annotations


class LvsmError(Exception):
    """Something outside LVSM is wrong: `code` is stable, `message` says what and what to do."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        """Keep the message; `code` overrides the class's own."""
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
