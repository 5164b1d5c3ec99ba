"""A plvsd for the command line's tests: the real server in a thread of its own, scripted answers.

with FakePlvsd.running(folder) as plvsd:
    plvsd.answers["STATUS"] = [{...}]                items
    plvsd.answers["VIP SHOW"] = LvsmError("...", code="unknown-name")
    plvsd.texts["STATUS"] = "2 shown"                the answer's text
    plvsd.refusals["CONFIG SAVE"] = [(items, LvsmError(...))]    before it answers
    plvsd.after["CONFIG SAVE"] = function            called when it has refused
    plvsd.events["WATCH"] = [{...}]                  told after the answer, and then it goes on
    result = plvsd.lvsm("status", "--json")
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from lvsm.adapters.certificates import load_or_make
from lvsm.adapters.transport import Server
from lvsm.cli.choices import Choices
from lvsm.cli.main import cli
from lvsm.client import Unix
from lvsm.core import scram
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.session_actions import Request

PASSWORD = "pencil"
VERBS = (
    "STATUS",
    "VIP LIST",
    "VIP SHOW",
    "CONFIG SHOW",
    "CONFIG HISTORY",
    "CONFIG DIFF",
    "CONFIG CHECK",
    "CONFIG PLAN",
    "CONFIG SAVE",
    "CONFIG ROLLBACK",
    "CONFIG CONFIRM",
    "CONFIG EDIT",
    "USER LIST",
    "USER ADD",
    "USER SET",
    "USER REMOVE",
    "PASSWD",
    "CERT SHOW",
    "CERT RENEW",
    "AUDIT SHOW",
    "AUDIT FOLLOW",
    "WATCH",
    "RS LIST",
    "RS WEIGHT",
    "RS DRAIN",
    "RS ENABLE",
    "RS DISABLE",
    "NODE LIST",
    "NODE SHOW",
    "NODE STANDBY",
    "NODE ONLINE",
)
Answer = Sequence[Mapping[str, Any]] | LvsmError


class _Admin:
    """The admin, and nobody else."""

    def __init__(self) -> None:
        self._verifier: scram.Verifier | None = None

    def lookup(self, name: str) -> scram.Verifier | None:
        if self._verifier is None:
            self._verifier = scram.make_verifier(PASSWORD, b"a" * 16)
        return self._verifier if name == "admin" else None


@dataclass(kw_only=True)
class FakePlvsd:
    """What it answers, and what it was asked."""

    socket: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    events: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, list[tuple[Sequence[Mapping[str, Any]], LvsmError]]] = field(
        default_factory=dict
    )
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    fingerprint: str = ""

    async def __call__(self, request: Request, reply: Reply) -> None:
        self.requests.append(request)
        answer = self.answers[request.verb]
        if self.refusals.get(request.verb):
            items, error = self.refusals[request.verb].pop(0)
            for item in items:
                reply.item(item)
            reply.error(error.code, error.message)
            self.after.get(request.verb, lambda: None)()
            return
        if isinstance(answer, LvsmError):
            reply.error(answer.code, answer.message)
            return
        for item in answer:
            reply.item(item)
        reply.ok(self.texts.get(request.verb, "done"))
        if request.verb in self.events:
            for event in self.events[request.verb]:
                reply.event(event)
            await asyncio.Event().wait()

    @property
    def node(self) -> str:
        """Its address, as --node takes it."""
        return f"127.0.0.1:{self.port}"

    @property
    def only(self) -> Request:
        """The one request that was made."""
        [request] = self.requests
        return request

    def lvsm(self, *words: str, input: str | None = None) -> Result:  # noqa: A002  click's word
        """Run `lvsm WORDS` on this machine."""
        return lvsm(*words, input=input, local=self.socket)

    @staticmethod
    @contextlib.contextmanager
    def running(
        folder: Path,
        answers: Mapping[str, Answer] | None = None,
        events: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> Iterator[FakePlvsd]:
        """Serve a unix socket, and TLS on a free port of 127.0.0.1."""
        plvsd = FakePlvsd(
            socket=folder / "plvsd.sock", answers={**(answers or {})}, events={**(events or {})}
        )
        ready, stop = threading.Event(), threading.Event()
        failed: list[BaseException] = []

        def serve() -> None:
            try:
                asyncio.run(_serve(plvsd, folder, ready, stop))
            except BaseException as error:
                failed.append(error)
                raise
            finally:
                ready.set()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            ready.wait()
            assert not failed
            yield plvsd
        finally:
            stop.set()
            thread.join()


async def _serve(
    plvsd: FakePlvsd, folder: Path, ready: threading.Event, stop: threading.Event
) -> None:
    certificate = load_or_make(folder, "dir1")
    server = Server(
        node="dir1",
        software="2.0.0",
        handle=plvsd,
        verbs=dict.fromkeys(VERBS, "for the tests"),
        verifiers=_Admin(),
        secret=b"secret",
        certificate=certificate,
    )
    async with server:
        [(_, plvsd.port)] = await server.listen_tcp("127.0.0.1", 0)
        await server.listen_unix(plvsd.socket, mode=0o600)
        plvsd.fingerprint = certificate.fingerprint
        ready.set()
        await asyncio.to_thread(stop.wait)


def lvsm(*words: str, input: str | None = None, local: Path = Path("/nowhere")) -> Result:  # noqa: A002
    """Run `lvsm WORDS`, with `local` as this machine's socket."""
    choices = Choices(local=Unix(local))
    return CliRunner().invoke(cli, list(words), input=input, obj=choices, prog_name="lvsm")
