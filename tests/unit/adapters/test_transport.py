import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from lvsm.adapters.dialer import dial
from lvsm.core.admission import Limits
from tests.unit.adapters.protocol_node import KEY, Raw, raw_tls, raw_unix, running, until


async def test_a_stranger_is_greeted_and_told_to_log_in(tmp_path: Path) -> None:
    async with running(tmp_path) as node, raw_tls(node.port) as client:
        assert await client.line() == "LVSM 1 dir1 2.0.0 config echo\n"
        assert (await client.ask("ECHO"))[0].startswith("ERR login-required ")
        assert len(await client.ask("HELP")) == 5
        assert node.toy.requests == []


async def test_the_kernel_says_who_is_at_the_unix_socket(tmp_path: Path) -> None:
    async with running(tmp_path) as node, raw_unix(node.path) as client:
        assert stat.S_IMODE(node.path.stat().st_mode) == 0o600
        await client.line()
        who, what, literal, end = await client.ask('echo "two words" a=1')
        name = "root" if os.getuid() == 0 else f"uid:{os.getuid()}"
        assert json.loads(who[2:]) == {"name": name, "kind": "local", "uid": os.getuid()}
        assert json.loads(what[2:]) == {"args": ["two words"], "options": {"a": "1"}}
        assert json.loads(literal[2:]) == {"literal": None}
        assert end == "OK 3 echoed\n"
        assert f"pid={os.getpid()}" in node.toy.requests[0].origin


async def test_a_literal_of_16_mib_arrives(tmp_path: Path) -> None:
    literal = os.urandom(1024) * 16 * 1024
    async with running(tmp_path) as node:
        link = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        await link.request("CONFIG SAVE", literal)
        assert node.toy.requests[0].literal == literal
        await link.close()


async def test_a_node_is_a_principal_of_its_own_kind(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        link = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        who = (await link.request("ECHO")).items[0]
        assert who == {"name": "dir2", "kind": "node", "uid": None}
        await link.close()


async def test_what_a_handler_raises_becomes_an_err(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as node, raw_unix(node.path) as client:
        await client.line()
        assert await client.ask("REFUSE") == ['* {"problem":1}\n', 'ERR not-so "that is not so"\n']
        (answer,) = await client.ask("FAIL")
        assert answer.startswith("ERR internal ")
        assert "secret" not in answer
        assert "ZeroDivisionError" in caplog.text
        (answer,) = await client.ask("FORGET")
        assert answer.startswith("ERR internal ")
        assert (await client.ask("ECHO"))[-1] == "OK 3 echoed\n"


async def test_requests_sent_ahead_are_answered_in_order(tmp_path: Path) -> None:
    async with running(tmp_path, Limits(pipelined=4)) as node, raw_unix(node.path) as client:
        await client.say(b"".join(b"ECHO %d\n" % n for n in range(500)) + b"QUIT\n")
        answer = (await client.rest()).decode().splitlines()
        numbers = [json.loads(line[2:])["args"] for line in answer if "args" in line]
        assert numbers == [[str(n)] for n in range(500)]
        assert answer[-1] == "OK 0 good bye"


async def test_a_connection_that_asks_too_often_is_slowed_down(tmp_path: Path) -> None:
    limits = Limits(requests_per_second=50.0, requests_at_once=1)
    async with running(tmp_path, limits) as node, raw_unix(node.path) as client:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await client.say(b"ECHO\n" * 11 + b"QUIT\n")
        assert (await client.rest()).count(b"OK 3 echoed") == 11
        assert loop.time() - began >= 10 / 50


async def test_a_client_that_closes_its_half_still_gets_its_answers(tmp_path: Path) -> None:
    async with running(tmp_path) as node, raw_unix(node.path) as client:
        await client.say(b"ECHO 1\nECHO 2\n")
        client.writer.write_eof()
        assert (await client.rest()).count(b"OK 3 echoed") == 2


async def test_events_come_after_the_answer_and_between_others(tmp_path: Path) -> None:
    async with running(tmp_path) as node, raw_unix(node.path) as client:
        await client.line()
        assert await client.ask("WATCH") == ["OK 0 watching\n"]
        assert (await client.line()).startswith("! ")
        answer = await client.ask("ECHO")
        while not answer[-1].startswith("OK"):
            answer.append(await client.line())
        assert [line for line in answer if line[0] != "!"][-1] == "OK 3 echoed\n"
    async with running(tmp_path) as node:
        async with raw_unix(node.path) as client:
            await client.ask("WATCH")
        await until(lambda: node.toy.ended == ["WATCH"])


async def test_watches_of_one_connection_are_bounded(tmp_path: Path) -> None:
    async with running(tmp_path, Limits(watches=2)) as node, raw_unix(node.path) as client:
        await client.say("WATCH\nWATCH\nWATCH")
        while "unwatched" not in await client.line():
            pass
        await until(lambda: node.toy.ended == ["WATCH"])


async def test_a_change_is_not_cancelled_when_its_client_goes(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        async with raw_unix(node.path) as client:
            await client.say("HANG")
            await node.toy.hung.wait()
        async with raw_unix(node.path) as client:
            await client.line()
            await client.ask("ECHO")
        assert "HANG" not in node.toy.ended
    assert "HANG" in node.toy.ended


async def test_leaving_the_server_ends_everything(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        link = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        local = await asyncio.open_unix_connection(str(node.path))
        await local[0].readline()
    await until(lambda: link.broken)
    assert await Raw(*local).rest() == b""
    local[1].close()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", node.port)


async def test_an_old_socket_is_replaced(tmp_path: Path) -> None:
    async with running(tmp_path):
        pass
    assert (tmp_path / "socket").exists()
    async with running(tmp_path) as node, raw_unix(node.path) as client:
        assert (await client.line()).startswith("LVSM")
