"""Nodes with users and sessions, over real sockets and with real files."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lvsm.adapters import files
from lvsm.adapters.cluster_login import KnownVerifiers
from lvsm.adapters.dialer import dial
from lvsm.adapters.user_file import UserFile
from lvsm.core import users as user_table
from lvsm.core.audit import Stand
from lvsm.core.facts import Facts
from lvsm.core.generation import EMPTY
from lvsm.core.handling import Reply
from lvsm.core.roles import Role
from lvsm.core.scram import KEY_ITERATIONS, make_verifier
from lvsm.core.session_actions import Request
from lvsm.daemon.accounts import Accounts
from lvsm.daemon.auditing import Auditor
from lvsm.daemon.feed import Feed
from lvsm.daemon.handlers import Handlers
from lvsm.daemon.peers import Peers
from lvsm.daemon.ports import Link
from lvsm.daemon.requests import Verb, events, monitors, nodes, operators, readers
from lvsm.daemon.session_verbs import SessionVerbs
from lvsm.daemon.user_verbs import UserVerbs
from lvsm.daemon.watch_verbs import WatchVerbs
from lvsm.daemon.watchers import Watchers
from tests.fakes.audit_log import FakeAuditLog
from tests.fakes.clock import FakeClock
from tests.unit.adapters.protocol_node import (
    KEY,
    Node,
    Raw,
    raw_tls,
    running,
)
from tests.unit.adapters.test_transport_attacks import WRONG, log_in
from tests.unit.core.test_status import GOOD

ADMIN = make_verifier("admin's password", b"a" * 16, KEY_ITERATIONS)
ALICE = make_verifier("alice's password", b"b" * 16, KEY_ITERATIONS)
NEW = str(make_verifier("another password", b"c" * 16)).encode()


@dataclass(kw_only=True)
class Site:
    """One node."""

    node: Node
    accounts: Accounts
    clock: FakeClock
    peers: Peers
    audit_log: FakeAuditLog
    path: Path

    @asynccontextmanager
    async def user(self, name: str, password: str) -> AsyncIterator[Raw]:
        """Somebody logged in by TLS."""
        async with raw_tls(self.node.port) as client:
            _, answer = await log_in(client, name, password)
            assert answer.startswith("OK 0 logged in as "), answer
            yield client

    async def refused(self, name: str, password: str) -> bool:
        async with raw_tls(self.node.port) as client:
            _, answer = await log_in(client, name, password)
            return answer == WRONG


async def _done(_request: Request, _reply: Reply) -> str:
    return "done"


@asynccontextmanager
async def site(
    folder: Path,
    clock: FakeClock,
    *,
    peer_port: list[int] | None = None,
    local_names: Mapping[int, str] | None = None,
) -> AsyncIterator[Site]:
    folder.mkdir(exist_ok=True)
    path = folder / "users.toml"
    accounts = Accounts(
        store=UserFile(path, partial(files.replace, mode=0o600), seed=ADMIN),
        key=KEY,
        clock=clock,
        random=os.urandom,
    )
    if "alice" not in accounts.users.by_name:
        await accounts.change(
            lambda users: user_table.add(users, "alice", Role.VIEWER, ALICE),
            author="root",
            comment="",
        )

    async def to_peer(node: str) -> Link:
        assert node == "dir2"
        return await dial("127.0.0.1", (peer_port or [0])[0], node="dir1", key=KEY)

    peers = Peers(
        names=("dir2",),
        dial=to_peer,
        clock=clock,
        facts=lambda: Facts(node="dir1", version="2", order=EMPTY.order, eligible=True),
        ended=accounts.ended,
    )
    watchers = Watchers(node="dir1", clock=clock)
    feed = Feed(clock=clock, watchers=watchers, known=lambda: GOOD)
    audit_log = FakeAuditLog()
    auditor = Auditor(
        node="dir1", audit_log=audit_log, clock=clock, stand=lambda: Stand(epoch=1, number=0)
    )
    handlers = Handlers(
        (
            UserVerbs(accounts).table(),
            SessionVerbs(accounts, peers.publish).table(),
            WatchVerbs(watchers=watchers, feed=feed).table(),
            {
                "STATUS": Verb(_done, readers, ""),
                "RS DRAIN": Verb(_done, operators, "", changes=True),
                "EVENT TAKE": Verb(_done, events, ""),
                "EVENT HEALTH": Verb(_done, monitors, ""),
                "PEER FACTS": Verb(_done, nodes, ""),
            },
        ),
        auditor,
        standing=accounts.standing,
    )
    verifiers = KnownVerifiers(
        users=lambda: accounts.users, key=KEY, nodes=("dir1", "dir2"), now=clock.now
    )
    async with running(
        folder,
        handle=handlers,
        verbs=handlers.help(),
        verifiers=verifiers,
        standing=accounts.standing,
        local_names=local_names,
    ) as node:
        yield Site(
            node=node,
            accounts=accounts,
            clock=clock,
            peers=peers,
            audit_log=audit_log,
            path=path,
        )


async def begin(client: Raw, request: str = "SESSION NEW") -> dict[str, Any]:
    item, end = await client.ask(request)
    assert end.startswith("OK 1 ")
    found: dict[str, Any] = json.loads(item[2:])
    return found


async def first_word(client: Raw, request: str) -> str:
    return " ".join((await client.ask(request))[-1].split()[:2])
