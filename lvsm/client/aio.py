"""The asyncio variant: performs the flows' effects on the running loop.

    async with await aio.connect("dir1", "dir2", user="admin", password=...) as client:
        answer = await client.request("VIP LIST")
        async with client.watch("status") as events:
            async for event in events: ...

It does what `lvsm.client.blocking` does and raises the same. PBKDF2, which takes 0.14 s, runs in a
thread. A request that is cancelled ends its connection; the next one makes another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from lvsm.client import resolving
from lvsm.client.addresses import Address
from lvsm.client.blocking import world
from lvsm.client.cluster import Cluster
from lvsm.client.effects import Compute, Effect, Flow, Open, Place, Receive, Resolve, Rest, Send
from lvsm.client.link import Asking
from lvsm.client.settings import Deadlines, Settings, addresses_of
from lvsm.client.watching import Event, Lost, Watching
from lvsm.client.wire import Wire
from lvsm.core.conversation import Response
from lvsm.core.errors import LvsmError
from lvsm.core.responses import Greeting

_T = TypeVar("_T")


async def connect(
    *nodes: str | Address,
    user: str = "admin",
    password: str | Callable[[], str] = "",
    fingerprint: str | None = None,
    deadlines: Deadlines | None = None,
) -> Client:
    """Connect to the first of the `nodes` that answers, and log in; as `lvsm.client.connect`."""
    client = Client(
        Settings(
            addresses=addresses_of(nodes),
            user=user,
            password=password,
            fingerprint=fingerprint,
            deadlines=deadlines or Deadlines(),
        )
    )
    await client.connect()
    return client


class Client:
    """The nodes of one cluster; requests of several tasks are asked one after the other."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected yet; `connect` makes one that is."""
        self._settings = settings
        self._cluster = Cluster(settings, world())
        self._turn = asyncio.Lock()

    async def connect(self) -> Greeting:
        """Connect unless that is done, and tell how the node has greeted. Raises as `connect`."""
        async with self._turn:
            return (await _run(self._cluster.ready())).greeting

    @property
    def address(self) -> Address | None:
        """Where the node is that answers, None without a connection."""
        return self._cluster.link.address if self._cluster.link is not None else None

    async def request(
        self,
        verb: str,
        /,
        *args: str,
        options: Mapping[str, object] | None = None,
        literal: bytes | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  it is for each node's answer
        again: bool | None = None,
    ) -> Response:
        """Ask, and wait for the whole answer; as `lvsm.client.Client.request`."""
        seconds = self._settings.deadlines.request if timeout is None else timeout
        asking = Asking(verb, args, options, literal)
        async with self._turn:
            return await _run(self._cluster.request(asking, seconds=seconds, again=again))

    def watch(self, *topics: str, lost: Lost | None = None) -> Watch:
        """What happens from now on, over a connection of its own; as `lvsm.client.Client.watch`."""
        return Watch(Watching(self._cluster, Asking("WATCH", topics), moves=True, lost=lost))

    def follow(
        self,
        verb: str,
        /,
        *args: str,
        options: Mapping[str, object] | None = None,
        lost: Lost | None = None,
        again: Callable[[], Mapping[str, object]] | None = None,
    ) -> Watch:
        """What one node tells behind another verb's answer; as `lvsm.client.Client.follow`."""
        return Watch(
            Watching(
                self._cluster,
                Asking(verb, args, options),
                moves=False,
                lost=lost,
                again=again and (lambda: Asking(verb, args, again())),
            )
        )

    def close(self) -> None:
        """End the connection; another request makes a new one."""
        self._cluster.close()

    async def __aenter__(self) -> Self:
        """It is ready already."""
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End the connection."""
        self.close()


class Watch:
    """Events to iterate over, inside `async with`; as `lvsm.client.Watch`."""

    def __init__(self, watching: Watching) -> None:
        """Made by `Client.watch`."""
        self._watching = watching

    async def next(
        self,
        timeout: float | None = None,  # noqa: ASYNC109  silence is no error
    ) -> Event | None:
        """The next event; None when none came for `timeout` seconds."""
        return await _run(self._watching.next(timeout))

    def close(self) -> None:
        """End it."""
        self._watching.close()

    async def __aenter__(self) -> Self:
        """Be watching from here on."""
        await _run(self._watching.begin())
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()

    def __aiter__(self) -> Self:
        """Without an end."""
        return self

    async def __anext__(self) -> Event:
        """Wait for the next."""
        event = await self.next()
        if event is None:
            raise StopAsyncIteration
        return event


async def _run(flow: Flow[_T]) -> _T:
    """Perform a flow to its end; being cancelled closes what it holds."""
    try:
        effect = next(flow)
        while True:
            try:
                value = await _perform(effect)
            except (OSError, LvsmError) as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what a generator returns is Any
    finally:
        flow.close()


async def _perform(effect: Effect) -> Any:
    match effect:
        case Compute(work):
            return await asyncio.to_thread(work)
        case Rest(seconds):
            await asyncio.sleep(seconds)
        case Resolve():
            async with asyncio.timeout(effect.seconds):
                return await _resolve(effect)
        case Open(place, seconds):
            async with asyncio.timeout(seconds):
                return await Wire.open(place)
        case Send(Wire() as wire, data, seconds):
            async with asyncio.timeout(seconds):
                await wire.send(data)
        case Receive(Wire() as wire, 0.0):
            return await _at_once(wire)
        case Receive(Wire() as wire, seconds):
            async with asyncio.timeout(seconds):
                return await wire.receive()
    return None


async def _at_once(wire: Wire) -> bytes:
    """What is there after the loop has looked: its round after the next knows."""
    for _ in range(2):
        await asyncio.sleep(0)
    data = wire.take()
    if data is None:
        raise TimeoutError
    return data


async def _resolve(effect: Resolve) -> list[Place]:
    places = resolving.known(effect.host, effect.port)
    if places is not None:
        return places
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Place] | OSError] = loop.create_future()

    def tell(answer: list[Place] | OSError) -> None:
        if not found.done():
            found.set_result(answer)

    def done(answer: list[Place] | OSError) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, answer)

    resolving.look_up(effect.host, effect.port, done)
    answer = await found
    if isinstance(answer, OSError):
        raise answer
    return answer
