"""WATCH, AUDIT and the record of refused logins, over real sockets and with a real log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lvsm.adapters import clock
from lvsm.adapters.audit_files import AuditFiles
from lvsm.adapters.audit_log import AuditLog
from lvsm.adapters.connection import Connection
from lvsm.adapters.dialer import dial
from lvsm.core.admission import Limits
from lvsm.core.audit import Stand
from lvsm.core.errors import LvsmError
from lvsm.core.events import GroupTaken
from lvsm.core.handling import Reply
from lvsm.core.principal import Principal
from lvsm.core.session_actions import Request
from lvsm.daemon.audit_verbs import AuditVerbs, tell_written
from lvsm.daemon.auditing import Auditor
from lvsm.daemon.feed import Feed
from lvsm.daemon.handlers import Handlers
from lvsm.daemon.requests import Verb, words
from lvsm.daemon.watch_verbs import WatchVerbs
from lvsm.daemon.watchers import Watchers
from tests.unit.adapters.protocol_node import KEY, Node, Raw, raw_tls, raw_unix, running, until
from tests.unit.adapters.test_transport_attacks import log_in
from tests.unit.core.test_status import GOOD


@dataclass(kw_only=True)
class Serving:
    node: Node
    watchers: Watchers
    path: Path
    connections: list[Connection]

    def records(self) -> list[dict[str, Any]]:
        """What is on the disk."""
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]

    @asynccontextmanager
    async def client(self, way: str) -> AsyncIterator[Raw]:
        """Somebody logged in, by TLS or the unix socket."""
        if way == "unix":
            async with raw_unix(self.node.path) as client:
                await client.line()
                yield client
        else:
            async with raw_tls(self.node.port) as client:
                await log_in(client, "node:dir2", KEY.hex())
                yield client


async def _save(request: Request, _reply: Reply) -> str:
    words(request, 0)
    return "saved"


def _everybody(_principal: Principal) -> bool:
    return True


@asynccontextmanager
async def serving(folder: Path, limits: Limits | None = None) -> AsyncIterator[Serving]:
    watchers = Watchers(node="dir1", clock=clock)
    path = folder / "audit.jsonl"
    audit_log = AuditLog(
        AuditFiles(path),
        copy_to=lambda _line: None,
        on_written=partial(tell_written, watchers),
    )
    auditor = Auditor(
        node="dir1",
        audit_log=audit_log,
        clock=clock,
        stand=lambda: Stand(epoch=1, number=4),
    )
    feed = Feed(clock=clock, watchers=watchers, known=lambda: GOOD)
    tables = (
        WatchVerbs(watchers=watchers, feed=feed).table(),
        AuditVerbs(audit_log=audit_log, watchers=watchers, clock=clock).table(),
        {"CONFIG SAVE": Verb(_save, _everybody, "", changes=True)},
    )
    everybody = [
        {name: Verb(v.handle, _everybody, v.help, v.changes) for name, v in table.items()}
        for table in tables
    ]
    handlers = Handlers(everybody, auditor)
    async with (
        audit_log,
        running(
            folder,
            limits,
            handle=handlers,
            verbs=handlers.help(),
            on_login_refused=auditor.login_refused,
        ) as node,
    ):
        yield Serving(
            node=node,
            watchers=watchers,
            path=path,
            connections=list(node.server._connections),
        )


def event(line: str) -> dict[str, Any]:
    assert line.startswith("! "), line
    found: dict[str, Any] = json.loads(line[2:])
    return found


@pytest.mark.parametrize("way", ["unix", "tls"])
async def test_a_watcher_hears_how_things_are_and_what_happens(tmp_path: Path, way: str) -> None:
    async with serving(tmp_path) as served, served.client(way) as client:
        assert await client.ask("WATCH status events") == ["OK 0 watching status, events\n"]
        status = event(await client.line())
        assert (status["event"], status["status"]["state"]) == ("status", "OK")
        served.watchers.tell(GroupTaken(group="web", reason="first of its list"))
        assert event(await client.line())["event"] == "group-taken"
        (refused,) = await client.ask("WATCH weather")
        assert refused.startswith("ERR bad-request ")


@pytest.mark.parametrize("way", ["unix", "tls"])
async def test_a_watcher_that_does_not_read_costs_little_and_hears_resync(
    tmp_path: Path, way: str
) -> None:
    async with serving(tmp_path) as served, served.client(way) as client:
        await client.ask("WATCH config events")
        await client.line()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads
        connections = served.node.server._connections
        most = 0
        for _ in range(5_000):  # until the system's buffers are full, and then some
            full = not all(c._writable.is_set() for c in connections)
            for _ in range(1_500 if full else 20):
                served.watchers.tell(GroupTaken(group="web", reason="x" * 500))
            await asyncio.sleep(0)
            most = max(most, *(c.unread() for c in connections))
            if full:
                break
        assert full
        assert most < 256 * 1024
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # it reads
        while event(await client.line())["event"] != "resync":
            pass
        assert event(await client.line())["snapshot"]
        group = ""
        while group != "dns":  # until what was told between two times of falling behind is read
            served.watchers.tell(GroupTaken(group="dns", reason="after"))
            group = event(await client.line()).get("group", "")


async def test_many_watchers_all_hear_and_the_loop_is_not_held_up(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(served.client("unix")) for _ in range(50)]
        for client in clients:
            await client.say("WATCH events")
            await client.line()
        await until(lambda: served.watchers._topics["events"] == 50)
        for number in range(20):
            served.watchers.tell(GroupTaken(group=f"g{number}", reason=""))
        for client in clients:
            groups = [event(await client.line())["group"] for _ in range(20)]
            assert groups == [f"g{number}" for number in range(20)]


async def test_a_change_is_on_the_disk_when_it_is_ok_and_followers_hear_of_it(
    tmp_path: Path,
) -> None:
    async with (
        serving(tmp_path) as served,
        served.client("tls") as admin,
        served.client("unix") as auditor,
    ):
        assert await auditor.ask("AUDIT FOLLOW limit=0") == ["OK 0 0 shown\n"]
        secret = "hunter2"
        assert await admin.ask(f'CONFIG SAVE comment="add web" password={secret}') == [
            "OK 0 saved\n"
        ]
        (record,) = served.records()
        assert (record["event"], record["result"], record["seq"]) == ("change", "ok", 1)
        assert (record["who"]["name"], record["who"]["kind"]) == ("dir2", "node")
        assert record["origin"].startswith("127.0.0.1:")
        assert record["options"] == {"comment": "add web"}
        assert secret.encode() not in served.path.read_bytes()
        followed = event(await auditor.line())
        assert {key: followed[key] for key in record} == record
        assert (await admin.ask("CONFIG SAVE junk"))[0].startswith("ERR bad-request ")
        assert event(await auditor.line())["result"] == "bad-request"
        shown = await auditor.ask("AUDIT SHOW")
        assert [json.loads(line[2:])["seq"] for line in shown if line.startswith("* ")] == [1, 2]


async def test_a_refused_login_is_recorded_with_its_address(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        with pytest.raises(LvsmError):
            await dial("127.0.0.1", served.node.port, node="dir2", key=b"wrong" * 8)
        await until(lambda: served.path.exists() and served.records())
        (record,) = served.records()
        assert (record["event"], record["name"]) == ("login-refused", "node:dir2")
        assert record["origin"] == "127.0.0.1"


async def test_a_disk_that_refuses_is_answered_and_nothing_is_changed(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.client("unix") as client:
        served.path.mkdir()
        assert (await client.ask("CONFIG SAVE"))[0].startswith("ERR audit-failed ")
        (answer,) = await client.ask("CONFIG SAVE")
        assert answer.startswith("ERR audit-failed ")
        assert "nothing was changed" in answer
        served.path.rmdir()
        async with asyncio.timeout(20):
            while (await client.ask("CONFIG SAVE"))[0].startswith("ERR"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert [record["seq"] for record in served.records()] == [1, 2]
