"""Which plvsd a command talks to, who logs in there, and how long it waits.

Law: nodes are tried in their order, and only one that cannot be reached makes way for the next: a
refused login is final. A password comes from a question, a file or a descriptor, and is read once,
when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lvsm.client import Address, Client, Deadlines, connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The nodes to try, and how to log in there; `timeout` is for each answer, in seconds."""

    addresses: tuple[Address, ...]
    user: str
    password: Callable[[], str]
    fingerprint: str | None
    timeout: float

    def connect(self) -> Client:
        """Connect to the first node that answers, and log in.

        Raises UnreachableError when none does; LoginRefusedError, NotTheServerError.
        """
        usual = Deadlines()
        return connect(
            *self.addresses,
            user=self.user,
            password=self.password,
            fingerprint=self.fingerprint,
            deadlines=Deadlines(
                connect=min(self.timeout, usual.connect),
                login=min(self.timeout, usual.login),
                request=self.timeout,
            ),
        )


def first_line(lines: Iterable[str]) -> str:
    """A password as a file has it: the first line, without its end."""
    return next(iter(lines), "").rstrip("\r\n")
