"""What a handler makes of a request: its words, options and literal, each checked.

Also what a verb is: a handler, who may use it, and its line of help.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.principal import Need, Principal
from lvsm.core.roles import Right
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


readers = Need(Right.VIEW)
"""Whoever may look."""
operators = Need(Right.OPERATE)
"""Whoever may change what goes on, but not the configuration: weights, drains, moves."""
admins = Need(Right.ADMINISTER)
"""Whoever may change the configuration and the users."""
events = Need(Right.TELL_EVENTS)
"""Heartbeat's scripts, as root or as heartbeat's own account."""
monitors = Need(Right.TELL_HEALTH)
"""mon's monitors and alerts."""
root = Need(Right.HEARTBEAT)
"""Heartbeat's resource scripts, which run as root on this machine."""
nodes = Need(Right.PEER)
"""Other nodes of the cluster."""


def words(request: Request, count: int) -> tuple[str, ...]:
    """The `count` words after the verb; raises BadRequestError for fewer or more."""
    if len(request.args) != count:
        wants = f"{count} word{'' if count == 1 else 's'}" if count else "no words"
        raise BadRequestError(f"{request.verb} takes {wants} after it")
    return tuple(request.args)


def some_words(request: Request, least: int, most: int) -> tuple[str, ...]:
    """The words after the verb, so many of them; raises BadRequestError for fewer or more."""
    if not least <= len(request.args) <= most:
        raise BadRequestError(f"{request.verb} takes {least} to {most} words after it")
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


def option(request: Request, name: str) -> str:
    """An option that has to be there; raises BadRequestError."""
    value = request.options.get(name)
    if value is None:
        raise BadRequestError(f"{request.verb} needs {name}=")
    return value


def only_options(request: Request, *names: str) -> None:
    """Raises BadRequestError for an option that the verb does not have."""
    unknown = sorted(request.options.keys() - set(names))
    if unknown:
        has = f"has {', '.join(f'{name}=' for name in names)}" if names else "has no options"
        raise BadRequestError(f"{request.verb} {has}: {unknown[0][:40]}= is none")


def switch(request: Request, name: str) -> bool:
    """An option that is yes or no, no when it is not given; raises BadRequestError."""
    value = request.options.get(name, "no")
    if value not in ("yes", "no"):
        raise BadRequestError(f"{name} is yes or no, not {value[:40]!r}")
    return value == "yes"
