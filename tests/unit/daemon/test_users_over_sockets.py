"""Users and roles over real sockets, with a real file."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from lvsm.core.roles import OF_ROLE, Role
from tests.fakes.clock import FakeClock
from tests.unit.adapters.protocol_node import (
    until,
)
from tests.unit.daemon.user_sites import NEW, first_word, site


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
