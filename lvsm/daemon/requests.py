"""What a handler makes of a request: its words, options and literal, each checked.

Also what a verb is: a handler, who may use it, and its line of help.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request


class UnknownNameError(LvsmError):
    """Somebody asked for a thing that there is not."""

    code = "unknown-name"


@dataclass(frozen=True, slots=True)
class Ongoing:
    """An answer that goes on after its OK: its text, and what is awaited then."""

    text: str
    go_on: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Verb:
    """A handler, which returns the text after OK, and who may call it.

    What `changes` something that people answer for is recorded in the audit log.
    """

    handle: Callable[[Request, Reply], Awaitable[str | Ongoing]]
    who: Callable[[Principal], bool]
    help: str
    changes: bool = False


Verbs = Mapping[str, Verb]


def root(principal: Principal) -> bool:
    """Heartbeat's scripts, which run as root on this machine."""
    return principal.kind == "local" and principal.uid == 0


def admins(principal: Principal) -> bool:
    """Whoever may change the configuration."""
    return principal.kind == "admin" or root(principal)


def readers(principal: Principal) -> bool:
    """Whoever may look."""
    return admins(principal)


def nodes(principal: Principal) -> bool:
    """Other nodes of the cluster."""
    return principal.kind == "node"


def words(request: Request, count: int) -> tuple[str, ...]:
    """The `count` words after the verb; raises BadRequestError for fewer or more."""
    if len(request.args) != count:
        wants = f"{count} word{'' if count == 1 else 's'}" if count else "no words"
        raise BadRequestError(f"{request.verb} takes {wants} after it")
    return tuple(request.args)


def literal(request: Request) -> bytes:
    """The literal; raises BadRequestError when there is none."""
    if request.literal is None:
        raise BadRequestError(f"{request.verb} needs bytes=N and N bytes after the line")
    return request.literal


def text(request: Request) -> str:
    """The literal as text; raises BadRequestError when it is missing or no UTF-8."""
    try:
        return literal(request).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError(f"the text is not UTF-8: {error.reason}") from error


def number(request: Request, name: str) -> int | None:
    """An option that is a whole number, None when it is not given; raises BadRequestError."""
    value = request.options.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) < 19):
        raise BadRequestError(f"{name}={value[:40]} is not a number")
    return int(value)
