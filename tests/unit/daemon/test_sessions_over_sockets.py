"""Session credentials over real sockets, with real files and two nodes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lvsm.client import connect
from lvsm.core import users as user_table
from lvsm.core.roles import Role
from tests.fakes.clock import FakeClock
from tests.unit.adapters.protocol_node import (
    until,
)
from tests.unit.daemon.user_sites import ALICE, NEW, begin, first_word, site


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


@pytest.mark.parametrize(
    "what", ["unknown", "altered", "expired", "ended", "password", "removed", "added again"]
)
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
            await here.accounts.change(
                lambda users: user_table.remove(users, "alice"), author="root", comment=""
            )
        elif what == "added again":
            await here.accounts.change(
                lambda users: user_table.remove(users, "alice"), author="root", comment=""
            )
            now = here.clock.now()
            await here.accounts.change(
                lambda users: user_table.add(users, "alice", Role.VIEWER, ALICE, now),
                author="root",
                comment="",
            )
            async with here.user("alice", "alice's password") as alice:
                again = await begin(alice)
            async with here.user(f"session:{again['id']}", again["secret"]) as session:
                assert await first_word(session, "STATUS") == "OK 0"
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
