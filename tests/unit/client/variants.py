"""The two variants of the client behind one face, so that one suite holds for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from lvsm import client
from lvsm.client import Event, Response, aio
from lvsm.core.scram import machine_password
from tests.unit.adapters.protocol_node import KEY

QUICK: dict[str, Any] = {
    "user": "node:dir2",
    "password": machine_password(KEY),
}
"""A login that does not cost 600,000 iterations."""


class Face(Protocol):
    def request(self, verb: str, /, *args: str, **more: Any) -> Response: ...

    def watch(self, *topics: str) -> AbstractContextManager[Callable[..., Event | None]]: ...

    def follow(self, verb: str) -> AbstractContextManager[Callable[..., Event | None]]: ...

    def close(self) -> None: ...


class Variant(Protocol):
    def connect(self, *nodes: str, **more: Any) -> Face: ...

    def close(self) -> None: ...


class BlockingFace:
    def __init__(self, inner: client.Client) -> None:
        self.inner = inner

    def request(self, verb: str, /, *args: str, **more: Any) -> Response:
        return self.inner.request(verb, *args, **more)

    @contextmanager
    def watch(self, *topics: str) -> Iterator[Callable[..., Event | None]]:
        with self.inner.watch(*topics) as events:
            yield events.next

    @contextmanager
    def follow(self, verb: str) -> Iterator[Callable[..., Event | None]]:
        with self.inner.follow(verb) as events:
            yield events.next

    def close(self) -> None:
        self.inner.close()


class Blocking:
    def __init__(self) -> None:
        self._made: list[client.Client] = []

    def connect(self, *nodes: str, **more: Any) -> BlockingFace:
        made = client.connect(*nodes, **{**QUICK, **more})
        self._made.append(made)
        return BlockingFace(made)

    def close(self) -> None:
        for made in self._made:
            made.close()


class AsyncioFace:
    def __init__(self, inner: aio.Client, runner: asyncio.Runner) -> None:
        self.inner = inner
        self._runner = runner

    def request(self, verb: str, /, *args: str, **more: Any) -> Response:
        return self._runner.run(self.inner.request(verb, *args, **more))

    @contextmanager
    def _events(self, watch: aio.Watch) -> Iterator[Callable[..., Event | None]]:
        self._runner.run(watch.__aenter__())
        try:
            yield lambda timeout=None: self._runner.run(watch.next(timeout))
        finally:
            self._runner.run(watch.__aexit__(None, None, None))

    def watch(self, *topics: str) -> AbstractContextManager[Callable[..., Event | None]]:
        return self._events(self.inner.watch(*topics))

    def follow(self, verb: str) -> AbstractContextManager[Callable[..., Event | None]]:
        return self._events(self.inner.follow(verb))

    def close(self) -> None:
        self.inner.close()


class Asyncio:
    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._made: list[aio.Client] = []

    def connect(self, *nodes: str, **more: Any) -> AsyncioFace:
        made = self._runner.run(aio.connect(*nodes, **{**QUICK, **more}))
        self._made.append(made)
        return AsyncioFace(made, self._runner)

    def close(self) -> None:
        for made in self._made:
            made.close()
        self._runner.run(asyncio.sleep(0.01))
        self._runner.close()


VARIANTS: dict[str, Callable[[], Variant]] = {"blocking": Blocking, "asyncio": Asyncio}
