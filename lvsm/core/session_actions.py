"""What a session wants done: data, performed by the transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lvsm.core.messages import Command
from lvsm.core.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody wants: who, from where, and what."""

    principal: Principal
    origin: str
    verb: str
    args: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    literal: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, command: Command, literal: bytes | None, *, principal: Principal, origin: str
    ) -> Request:
        """What a command with that literal wants, of that principal from there."""
        return cls(
            principal=principal,
            origin=origin,
            verb=command.verb,
            args=command.args,
            options=command.options,
            literal=literal,
        )


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deliver:
    """Have the request answered; then say `answered`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Settle:
    """A login was decided: say `settled` after the penalty of whoever is there has passed."""

    user: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Say `rested` after so many seconds: the client has asked more often than it may."""

    seconds: float


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The connection belongs to a principal from here on."""

    principal: Principal


@dataclass(frozen=True, slots=True)
class Pause:
    """Read no more from the client until `Resume`."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Read again."""


@dataclass(frozen=True, slots=True)
class Close:
    """Send what is to be sent and end the connection; `reason` is for the log."""

    reason: str


Action = Send | Deliver | Settle | Wait | LoggedIn | Pause | Resume | Close
