"""One connection to one node, as flows: connect, log in, ask.

Law: whatever goes wrong with the connection is an UnreachableError that names the node; the link is
closed then, because nobody knows what would come next. Only what plvsd says, and a server that
cannot prove itself, are other errors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lvsm.client.addresses import Address, Tcp
from lvsm.client.effects import Compute, Flow, Open, Place, Receive, Resolve, Send, Wire
from lvsm.client.errors import (
    NotAllowedError,
    NotTheServerError,
    ProtocolError,
    UnreachableError,
    WrongCertificateError,
    classified,
)
from lvsm.core.conversation import (
    Answered,
    Conversation,
    Happened,
    Happening,
    Login,
    Ready,
    RefusedError,
    Response,
)
from lvsm.core.errors import LvsmError
from lvsm.core.lines import StreamError
from lvsm.core.responses import BadResponseError, Greeting

if TYPE_CHECKING:
    from lvsm.client.settings import Settings

_NOT_THE_SERVER, _UNUSABLE = NotTheServerError.code, "unusable-text"
"""Codes of the login's errors that another node would not mend."""


class World(NamedTuple):
    """What a flow knows that is not an effect: monotonic seconds, and a new nonce."""

    now: Callable[[], float]
    nonce: Callable[[], str]


class Asking(NamedTuple):
    """A request; `verb` may go on as one would type it."""

    verb: str
    args: Sequence[str] = ()
    options: Mapping[str, object] | None = None
    literal: bytes | None = None


@dataclass(slots=True)
class Link:
    """A connection that is ready; `heard` is when something came last.

    `happened` is what came with the last answer and is none.
    """

    address: Address
    wire: Wire
    conversation: Conversation
    greeting: Greeting
    heard: float
    happened: list[Happened]


def enter(address: Address, settings: Settings, password: str, world: World) -> Flow[Link]:
    """Connect to a node and log in.

    Raises UnreachableError, LoginRefusedError, NotTheServerError; UnusableTextError for a name or
    password that cannot be one.
    """
    wire = yield from _connect(address, settings.deadlines.connect, world)
    try:
        return (yield from _log_in(address, wire, settings, password, world))
    except BaseException:
        wire.close()
        raise


def ask(link: Link, asking: Asking, seconds: float, world: World) -> Flow[Response]:
    """Ask, and wait for the whole answer.

    Raises UnreachableError, RefusedError, BadRequestError.
    """
    link.happened = []
    link.conversation.request(asking.verb, asking.args, asking.options, asking.literal)
    deadline = world.now() + seconds
    try:
        while True:
            happenings = yield from exchange(link, deadline, world)
            link.happened += [it for it in happenings if isinstance(it, Happened)]
            for happening in happenings:
                if isinstance(happening, Answered):
                    return _answer(happening)
    except TimeoutError:
        link.wire.close()
        raise UnreachableError(f"{link.address}: no answer within {seconds:g} s") from None
    except GeneratorExit:
        link.wire.close()  # whoever asked does not wait for the answer
        raise


def exchange(link: Link, deadline: float, world: World) -> Flow[list[Happening]]:
    """Send what is to be sent, and take what comes next.

    Raises TimeoutError, after which the link still stands; UnreachableError.
    """
    try:
        outgoing = link.conversation.outgoing()
        if outgoing:
            yield from _send(link, outgoing, deadline, world)
        data: bytes = yield Receive(link.wire, _left(deadline, world))
        if not data:
            raise UnreachableError(f"{link.address}: plvsd ended the connection")
        link.heard = world.now()
        return link.conversation.receive(data)
    except TimeoutError:
        raise
    except (OSError, LvsmError) as error:
        link.wire.close()
        raise _lost(link.address, error) from error


def still_there(link: Link) -> Flow[bool]:
    """Whether the node has not ended the connection while nothing was asked."""
    try:
        while data := (yield Receive(link.wire, 0.0)):
            link.conversation.receive(data)
    except TimeoutError:
        return True
    except (OSError, LvsmError):
        pass  # it said that it has waited too long, say
    link.wire.close()
    return False


def _send(link: Link, data: bytes, deadline: float, world: World) -> Flow[None]:
    try:
        yield Send(link.wire, data, _left(deadline, world))
    except TimeoutError:
        raise UnreachableError(f"{link.address}: plvsd takes nothing any more") from None
    except OSError:
        return  # it may have said why before it went: that is read next


def _answer(answered: Answered) -> Response:
    if isinstance(answered.answer, RefusedError):
        raise classified(answered.answer)
    return answered.answer


def _connect(address: Address, seconds: float, world: World) -> Flow[Wire]:
    """A wire to a node; a host's places share the time that there is."""
    deadline = world.now() + seconds
    try:
        if not isinstance(address, Tcp):
            wire: Wire = yield Open(str(address), seconds)
            return wire
        places: list[Place] = yield Resolve(address.host, address.port, seconds)
        return (yield from _open_one(places, deadline, world))
    except TimeoutError:
        raise UnreachableError(f"{address}: no answer within {seconds:g} s") from None
    except FileNotFoundError:
        raise UnreachableError(f"plvsd does not run here ({address} is missing)") from None
    except OSError as error:
        raise UnreachableError(f"{address}: {_why(error)}") from error


def _open_one(places: list[Place], deadline: float, world: World) -> Flow[Wire]:
    """The first place that answers; raises the first place's OSError."""
    first: OSError | None = None
    for index, place in enumerate(places):
        share = (deadline - world.now()) / (len(places) - index)
        try:
            wire: Wire = yield Open(place, max(share, 0.001))
        except OSError as error:
            first = first or error
        else:
            return wire
    raise first or OSError("the name has no address")


def _log_in(
    address: Address, wire: Wire, settings: Settings, password: str, world: World
) -> Flow[Link]:
    seconds = settings.deadlines.login
    try:
        conversation = Conversation(_login(address, wire, settings, password, world))
        greeting = yield from _greeting(wire, conversation, world.now() + seconds, world)
    except TimeoutError:
        raise UnreachableError(
            f"{address}: plvsd does not answer within {seconds:g} s, it may be stuck"
        ) from None
    except OSError as error:
        raise UnreachableError(f"{address}: {_why(error)}") from error
    except LvsmError as error:
        raise _of_login(address, error) from error
    return Link(address, wire, conversation, greeting, world.now(), [])


def _greeting(
    wire: Wire, conversation: Conversation, deadline: float, world: World
) -> Flow[Greeting]:
    """Say what the login wants until the connection is ready."""
    while True:
        outgoing = conversation.outgoing()
        if outgoing:
            yield Send(wire, outgoing, _left(deadline, world))
        data: bytes = yield Receive(wire, _left(deadline, world))
        if not data:
            raise OSError("plvsd ended the connection")
        for happening in (yield Compute(partial(conversation.receive, data))):  # PBKDF2
            if isinstance(happening, Ready):
                return happening.greeting


def _login(
    address: Address, wire: Wire, settings: Settings, password: str, world: World
) -> Login | None:
    """How to log in over that wire; on a unix socket the kernel says who is there."""
    if not isinstance(address, Tcp):
        return None
    from lvsm.core.certificate import end_point_hash, fingerprint, same_fingerprint
    from lvsm.core.scram import Client

    shown = fingerprint(wire.certificate)
    if settings.fingerprint is not None and not same_fingerprint(shown, settings.fingerprint):
        raise WrongCertificateError(
            f"{address} shows another certificate, {shown}: if it was renewed, take this"
            " fingerprint from `lvsm cert show` on the node itself"
        )
    return Client(
        user=settings.user,
        password=password,
        nonce=world.nonce(),
        binding=end_point_hash(wire.certificate),
    )


def _of_login(address: Address, error: LvsmError) -> LvsmError:
    """What an error during a login is for the caller: only some are the last word."""
    if isinstance(error, UnreachableError) or error.code == _UNUSABLE:
        return error
    if error.code == _NOT_THE_SERVER:
        return NotTheServerError(f"{address}: {error.message}")
    if isinstance(error, RefusedError):
        refused = classified(error)
        known = isinstance(refused, NotAllowedError)
        return refused if known else UnreachableError(f"{address}: {error.message}")
    return ProtocolError(f"{address}: {error.message}")


def _lost(address: Address, error: OSError | LvsmError) -> UnreachableError:
    """What an error is after which a link is of no use."""
    if isinstance(error, UnreachableError):
        return error
    if isinstance(error, BadResponseError | StreamError):
        return ProtocolError(f"{address}: {error.message}")
    why = error.message if isinstance(error, LvsmError) else _why(error)
    return UnreachableError(f"{address}: the connection to plvsd broke: {why}")


def _why(error: OSError) -> str:
    """An error of the system's as people read it."""
    if type(error).__module__ == "ssl":
        return "no TLS 1.3 there"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)  # asyncio has words of its own
    return error.strerror or str(error)


def _left(deadline: float, world: World) -> float:
    """Seconds until the deadline; raises TimeoutError."""
    left = deadline - world.now()
    if left <= 0:
        raise TimeoutError
    return left
