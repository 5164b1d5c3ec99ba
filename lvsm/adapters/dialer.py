"""A connection to a peer's plvsd, logged in with the cluster's key: asyncio.

Law: answers come in the order of the requests, so several may be under way at once. A request that
is not answered in time ends the connection, since nobody knows what would come next.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections import deque
from collections.abc import Mapping

from lvsm.adapters.certificates import client_context
from lvsm.core import scram
from lvsm.core.certificate import end_point_hash
from lvsm.core.conversation import Answered, Conversation, Happening, Ready, RefusedError, Response
from lvsm.core.errors import LvsmError
from lvsm.core.lines import PEER_LITERAL
from lvsm.core.principal import NODE_PREFIX
from lvsm.core.responses import Greeting

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 10.0


class LinkError(LvsmError):
    """The peer cannot be reached, or the connection to it broke."""

    code = "unreachable"


class Link(asyncio.Protocol):
    """A connection to a peer; made by `dial`."""

    def __init__(self, *, user: str, password: str) -> None:
        """Log in as that user as soon as there is a connection."""
        self._user = user
        self._password = password
        self._transport: asyncio.Transport | None = None
        self._conversation: Conversation | None = None
        self._ready: asyncio.Future[Greeting] = asyncio.get_running_loop().create_future()
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open: deque[asyncio.Future[Response]] = deque()
        self._broken: LvsmError | None = None

    async def ready(self) -> Greeting:
        """Wait until the peer has proved itself; raises LvsmError."""
        return await self._ready

    async def request(
        self,
        verb: str,
        literal: bytes | None = None,
        *,
        args: tuple[str, ...] = (),
        options: Mapping[str, object] | None = None,
        timeout: float = REQUEST_SECONDS,  # noqa: ASYNC109  the time limit ends the connection too
    ) -> Response:
        """Ask, and wait for the whole answer, `timeout` seconds at most.

        `verb` may go on as one would type it. Raises RefusedError, LinkError, BadRequestError.
        """
        if self._broken is not None:
            raise LinkError(self._broken.message)
        if self._conversation is None or self._transport is None:
            raise LinkError("the connection is closed")
        self._conversation.request(verb, args, options, literal)
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._open.append(answer)
        self._transport.write(self._conversation.outgoing())
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            late = LinkError(f"no answer to {verb} within {timeout:g} s")
            self._break(late)
            raise late from None

    async def close(self) -> None:
        """End the connection; open requests fail."""
        self._break(LinkError("the connection was closed"))
        if self._transport is not None:
            await self._closed

    @property
    def broken(self) -> bool:
        """Whether no request can be made any more."""
        return self._broken is not None

    @property
    def features(self) -> tuple[str, ...]:
        """The words of the peer's greeting that say what it has; none before it is ready."""
        known = self._ready.done() and not self._ready.cancelled() and not self._ready.exception()
        return self._ready.result().features if known else ()

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS stands: the peer's certificate is known."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection is a stream")
        self._transport = transport
        der = transport.get_extra_info("ssl_object").getpeercert(True) or b""
        try:
            login = scram.Client(
                user=self._user,
                password=self._password,
                nonce=secrets.token_urlsafe(18),
                binding=end_point_hash(der),
                least=scram.KEY_ITERATIONS,
                most=scram.KEY_ITERATIONS,  # the event loop waits for them
            )
        except LvsmError as error:
            self._break(error)
        else:
            self._conversation = Conversation(login, max_literal=PEER_LITERAL)

    def data_received(self, data: bytes) -> None:
        """The peer says something."""
        if self._conversation is None or self._transport is None:
            return
        try:
            for happening in self._conversation.receive(data):
                self._happen(happening)
        except LvsmError as error:
            self._break(error)
        else:
            self._transport.write(self._conversation.outgoing())

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone."""
        self._break(LinkError(f"the peer ended the connection{f': {exc}' if exc else ''}"))
        self._transport = None
        if not self._closed.done():
            self._closed.set_result(None)

    # inside

    def _happen(self, happening: Happening) -> None:
        if isinstance(happening, Ready):
            if not self._ready.done():
                self._ready.set_result(happening.greeting)
        elif isinstance(happening, Answered):
            answer = self._open.popleft()
            if answer.done():
                return  # whoever asked has been cancelled
            if isinstance(happening.answer, RefusedError):
                answer.set_exception(happening.answer)
            else:
                answer.set_result(happening.answer)

    def _break(self, error: LvsmError) -> None:
        if self._broken is not None:
            return
        self._broken = error
        if self._transport is not None:
            self._transport.abort()
        if not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()  # seen, whether or not somebody waits for it
        for answer in self._open:
            if not answer.done():
                answer.set_exception(error)
        self._open.clear()


async def dial(
    host: str,
    port: int,
    *,
    node: str,
    key: bytes,
    context: ssl.SSLContext | None = None,
    timeout: float = CONNECT_SECONDS,  # noqa: ASYNC109  one limit for connecting and logging in
) -> Link:
    """Connect to a peer and log in as this `node` with the cluster's `key`.

    The peer has proved that it has the key too when this returns. Raises LinkError; RefusedError
    with code `auth-failed`; NotTheServerError.
    """
    password = scram.machine_password(key)
    loop = asyncio.get_running_loop()
    link = Link(user=NODE_PREFIX + node, password=password)
    try:
        async with asyncio.timeout(timeout):
            await loop.create_connection(
                lambda: link, host, port, ssl=context or client_context(), server_hostname=""
            )
            await link.ready()
    except TimeoutError:
        await link.close()
        raise LinkError(f"{host} port {port} did not answer within {timeout:g} s") from None
    except OSError as error:
        raise LinkError(f"{host} port {port}: {error}") from error
    except BaseException:
        await link.close()
        raise
    return link
