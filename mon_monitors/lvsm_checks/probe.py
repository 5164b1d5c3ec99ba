"""What a check of one realserver is to the engine: bytes in, bytes out, and an outcome."""

from __future__ import annotations

from _socket import SOCK_STREAM

UP = ""
"""The outcome of a good check; that of a bad one is its reason."""


class Probe:
    """One check under way; each method returns what is to be sent, and may set `outcome`.

    `outcome` is None until it is decided. `doing` says what is waited for, for the reason of a
    check whose time is up.
    """

    outcome: str | None = None
    doing = "connecting"
    kind = (SOCK_STREAM, 0, 0)
    """The socket's type, and its protocol over IPv4 and over IPv6."""

    def connected(self) -> bytes:
        """The connection is there."""
        raise NotImplementedError

    def received(self, data: bytes) -> bytes:
        """The realserver said something."""
        raise NotImplementedError

    def ended(self) -> None:
        """The realserver will say no more: the outcome is decided now at the latest."""
        if self.outcome is None:
            self.outcome = "it closed the connection without an answer"
