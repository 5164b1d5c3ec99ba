"""Users, roles and session credentials over real sockets, with a real file and two nodes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lvsm.adapters import files
from lvsm.adapters.cluster_login import KnownVerifiers
from lvsm.adapters.dialer import dial
from lvsm.adapters.user_file import UserFile
from lvsm.client import connect
from lvsm.core import users as user_table
from lvsm.core.audit import Stand
from lvsm.core.facts import Facts
from lvsm.core.generation import EMPTY
from lvsm.core.handling import Reply
from lvsm.core.roles import OF_ROLE, Role
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
    until,
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


async def test_each_user_may_what_the_role_says(tmp_path: Path) -> None:
    async with (
        site(tmp_path, FakeClock()) as here,
        here.user("alice", "alice's password") as alice,
        here.user("admin", "admin's password") as admin,
    ):
        assert await first_word(alice, "STATUS") == "OK 0"
        (refusal,) = await alice.ask("RS DRAIN")
        assert refusal == (
            'ERR forbidden "alice (role viewer) may not use RS DRAIN:'
            ' it is for the role operator or admin"\n'
        )
        await admin.ask("USER SET alice role=operator")
        assert await first_word(alice, "RS DRAIN") == "OK 0"
        assert await first_word(alice, "USER LIST") == "ERR forbidden"
        assert await first_word(alice, "PEER FACTS") == "ERR forbidden"
        assert await first_word(alice, "EVENT TAKE") == "ERR forbidden"


@pytest.mark.parametrize(
    ("account", "may"),
    [
        ("mon", ["EVENT HEALTH"]),
        ("hacluster", ["EVENT TAKE"]),
        ("plvsd", []),
        (None, []),
    ],
)
async def test_the_unix_socket_knows_accounts_by_their_uids(
    tmp_path: Path, account: str | None, may: list[str]
) -> None:
    uid = os.getuid() or 1234
    names = {uid: account} if account else {}
    async with site(tmp_path, FakeClock(), local_names=names) as here:
        tmp_path.chmod(0o711)
        here.node.path.chmod(0o666)
        verbs = ["EVENT HEALTH", "EVENT TAKE", "STATUS", "RS DRAIN", "USER LIST", "SESSION NEW"]
        found = await ask_as(uid, here.node.path, ["NOOP", *verbs])
        assert found["NOOP"] == "OK 0"
        assert [verb for verb in verbs if found[verb] == "OK 0"] == may
        assert {found[verb] for verb in verbs if verb not in may} == {"ERR forbidden"}


_ASK = """
import json, os, socket, sys
uid, path, *verbs = sys.argv[1:]
sock = socket.socket(socket.AF_UNIX)
if os.getuid() != int(uid):
    os.setuid(int(uid))
sock.connect(path)
lines = sock.makefile("rw", newline="\\n")
lines.readline()
found = {}
for verb in verbs:
    lines.write(verb + "\\n")
    lines.flush()
    found[verb] = " ".join(lines.readline().split()[:2])
print(json.dumps(found))
"""


async def ask_as(uid: int, path: Path, verbs: list[str]) -> dict[str, str]:
    """What a process of another uid is answered; the test has to be root for that."""
    folder = os.open(path.parent, os.O_PATH)  # pytest's folders are root's alone
    try:
        process = await asyncio.create_subprocess_exec(
            "/usr/bin/python3",
            "-I",
            "-c",
            _ASK,
            str(uid),
            f"/proc/self/fd/{folder}/{path.name}",
            *verbs,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[folder],
        )
        output, _ = await process.communicate()
    finally:
        os.close(folder)
    found: dict[str, str] = json.loads(output)
    return found


async def test_a_session_stands_for_the_password_on_every_node(tmp_path: Path) -> None:
    clock = FakeClock()
    async with site(tmp_path / "1", clock) as here, site(tmp_path / "2", clock) as there:
        async with here.user("alice", "alice's password") as alice:
            made = await begin(alice, "SESSION NEW seconds=60")
            assert made["expires"] == "2001-09-09T01:47:40.000Z"
        name, secret = f"session:{made['id']}", made["secret"]
        for one in (here, there):
            async with one.user(name, secret) as session:
                assert await first_word(session, "STATUS") == "OK 0"
                assert await first_word(session, "RS DRAIN") == "ERR forbidden"
                assert await first_word(session, "SESSION NEW") == "ERR forbidden"
        assert made["secret"] not in here.path.read_text() + repr(here.audit_log.records)
        clock.pass_by(60)
        assert await here.refused(name, secret)
        assert await there.refused(name, secret)


async def test_the_client_library_logs_in_by_a_session(tmp_path: Path) -> None:
    async with site(tmp_path, FakeClock()) as here:
        async with here.user("alice", "alice's password") as alice:
            made = await begin(alice)

        def ask() -> str:
            node, name = f"127.0.0.1:{here.node.port}", f"session:{made['id']}"
            with connect(node, user=name, password=made["secret"]) as client:
                return client.request("STATUS").text

        assert await asyncio.to_thread(ask) == "done"


@pytest.mark.parametrize("what", ["unknown", "altered", "expired", "ended", "password", "removed"])
async def test_a_session_that_is_none_is_refused_like_a_wrong_password(
    tmp_path: Path, what: str
) -> None:
    clock = FakeClock()
    async with site(tmp_path, clock) as here:
        async with here.user("alice", "alice's password") as alice:
            made = await begin(alice)
            name, secret = f"session:{made['id']}", made["secret"]
            if what == "ended":
                assert await first_word(alice, f"SESSION END {made['id']}") == "OK 0"
            elif what == "password":
                await alice.say(f"PASSWD bytes={len(NEW)}\n".encode() + NEW)
                await alice.line()
        if what == "unknown":
            name = "session:nobody"
        elif what == "altered":
            name = name[:-1] + ("A" if name[-1] != "A" else "B")
        elif what == "expired":
            clock.pass_by(1800)
        elif what == "removed":
            await here.accounts.change(lambda users: user_table.remove(users, "alice"))
        assert await here.refused(name, secret)
        assert await here.refused("session:" + "x" * 3000, secret)


async def test_a_connection_ends_soon_after_its_session(tmp_path: Path) -> None:
    clock = FakeClock()
    async with site(tmp_path, clock) as here:
        async with here.user("alice", "alice's password") as alice:
            made, other = await begin(alice), await begin(alice, "SESSION NEW seconds=60")
        name = f"session:{made['id']}"
        async with (
            here.user(name, made["secret"]) as first,
            here.user(name, made["secret"]) as watching,
            here.user(f"session:{other['id']}", other["secret"]) as expiring,
            here.user("alice", "alice's password") as alice,
        ):
            await watching.ask("WATCH events")
            assert await first_word(first, "SESSION END") == "OK 0"
            for client in (first, watching):
                assert (await client.rest()).startswith(b"ERR session-ended ")
            clock.pass_by(60)
            assert (await expiring.rest()).startswith(b"ERR session-ended ")
            assert await first_word(alice, "STATUS") == "OK 0"


async def test_who_may_do_less_than_before_is_let_go_whatever_goes_on(tmp_path: Path) -> None:
    async with (
        site(tmp_path, FakeClock()) as here,
        here.user("alice", "alice's password") as alice,
        here.user("admin", "admin's password") as admin,
    ):
        connections = here.node.server._connections
        await alice.ask("WATCH events")
        await admin.ask("USER SET alice role=admin")
        assert await first_word(alice, "USER LIST") == "OK 2"
        await until(lambda: [c._rights for c in connections].count(OF_ROLE[Role.ADMIN]) == 2)
        await admin.ask("USER SET alice role=viewer")
        assert (await alice.rest()).startswith(b"ERR session-ended ")


async def test_a_new_password_ends_every_connection_of_the_user(tmp_path: Path) -> None:
    async with (
        site(tmp_path, FakeClock()) as here,
        here.user("alice", "alice's password") as alice,
        here.user("alice", "alice's password") as watching,
        here.user("admin", "admin's password") as admin,
    ):
        await watching.ask("WATCH events")
        await admin.say(f"PASSWD alice bytes={len(NEW)}\n".encode() + NEW)
        assert json.loads((await admin.line())[2:])["name"] == "alice"
        for client in (alice, watching):
            assert (await client.rest()).startswith(b"ERR session-ended ")
        assert await here.refused("alice", "alice's password")
        async with here.user("alice", "another password") as again:
            assert await first_word(again, "STATUS") == "OK 0"
        assert NEW.decode() in here.path.read_text()
        assert NEW.decode() not in repr(here.audit_log.records)


async def test_what_ends_on_one_node_ends_on_the_others(tmp_path: Path) -> None:
    clock = FakeClock()
    port: list[int] = []
    async with (
        site(tmp_path / "1", clock, peer_port=port) as here,
        site(tmp_path / "2", clock) as there,
        asyncio.TaskGroup() as group,
    ):
        async with here.user("alice", "alice's password") as alice:
            before, after = await begin(alice), await begin(alice)
            await alice.ask(f"SESSION END {before['id']}")  # while the other is not connected
        assert there.accounts.ended() == b"[]"
        port.append(there.node.port)
        keeping = group.create_task(here.peers.run())
        await until(lambda: there.accounts.ended() == here.accounts.ended())
        assert await there.refused(f"session:{before['id']}", before["secret"])
        name = f"session:{after['id']}"
        async with there.user(name, after["secret"]) as session:
            async with here.user(name, after["secret"]) as leaving:
                await leaving.ask("SESSION END")
            assert (await session.rest()).startswith(b"ERR session-ended ")
        assert await there.refused(name, after["secret"])
        keeping.cancel()


async def test_what_ended_is_ended_after_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with site(tmp_path, clock) as here, here.user("alice", "alice's password") as alice:
        made = await begin(alice)
        await alice.ask(f"SESSION END {made['id']}")
    async with site(tmp_path, clock) as here:
        assert await here.refused(f"session:{made['id']}", made["secret"])
