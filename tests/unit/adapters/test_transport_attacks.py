import asyncio
import contextlib
import ssl
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from lvsm.adapters.certificates import client_context, load_or_make, server_context
from lvsm.adapters.dialer import LinkError, dial
from lvsm.core import scram
from lvsm.core.admission import Limits
from lvsm.core.certificate import end_point_hash
from lvsm.core.conversation import RefusedError
from lvsm.core.scram import NotTheServerError
from tests.unit.adapters.protocol_node import KEY, Node, Raw, raw_tls, raw_unix, running, until

WRONG = 'ERR auth-failed "the user or the password is wrong"\n'


async def log_in(client: Raw, user: str, password: str) -> tuple[list[bytes], str]:
    """Log in by hand; the client's messages and the server's last line."""
    login = scram.Client(
        user=user,
        password=password,
        nonce="c" * 24,
        binding=end_point_hash(client.binding()),
        least=scram.KEY_ITERATIONS,
    )
    await client.line()
    first = b"AUTH SCRAM-SHA-256-PLUS " + b64encode(login.first())
    await client.say(first + b"\n")
    final = b64encode(login.final(b64decode((await client.line())[2:])))
    await client.say(final + b"\n")
    answer = await client.line()
    if answer.startswith("+"):
        answer = await client.line()
    return [first, final], answer


@pytest.mark.parametrize(
    ("user", "password"),
    [("node:dir2", "wrong"), ("node:dir9", KEY.hex()), ("nobody", "x"), ("admin", "x")],
)
async def test_a_wrong_login_gets_one_answer_and_the_end(
    tmp_path: Path, user: str, password: str
) -> None:
    async with running(tmp_path) as node, raw_tls(node.port) as client:
        _, answer = await log_in(client, user, password)
        assert answer == WRONG
        assert await client.rest() == b""
        assert node.refused == [user]


async def test_a_recorded_login_is_worth_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        async with raw_tls(node.port) as client:
            said, answer = await log_in(client, "node:dir2", KEY.hex())
            assert answer == "OK 0 logged in as node:dir2\n"
        async with raw_tls(node.port) as client:
            await client.line()
            await client.say(said[0] + b"\n")
            await client.line()
            await client.say(said[1] + b"\n")
            assert await client.line() == WRONG


@contextlib.asynccontextmanager
async def in_between(node: Node, folder: Path):  # type: ignore[no-untyped-def]  # yields a port
    """A man in the middle: ends TLS with a certificate of his own and passes all lines on."""
    folder.mkdir()
    context = server_context(load_or_make(folder, "dir1").path)
    writers: list[asyncio.StreamWriter] = []

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection(
            "127.0.0.1", node.port, ssl=client_context(), server_hostname=""
        )
        writers.extend((writer, back))
        await asyncio.gather(copy(reader, back), copy(onward, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def test_a_man_in_the_middle_is_no_way_in(tmp_path: Path) -> None:
    async with running(tmp_path) as node, in_between(node, tmp_path / "evil") as port:
        with pytest.raises(RefusedError) as caught:
            await dial("127.0.0.1", port, node="dir2", key=KEY)
        assert caught.value.code == "auth-failed"
        assert node.toy.requests == []


async def test_somebody_who_plays_the_server_is_found_out(tmp_path: Path) -> None:
    context = server_context(load_or_make(tmp_path, "dir1").path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"LVSM 1 dir1 2.0.0\n")
        nonce = (await reader.readline()).split()[2]
        nonce = b64decode(nonce).rpartition(b"r=")[2] + b"s" * 24
        salt = b64encode(b"s" * 16)
        writer.write(b"+ " + b64encode(b"r=" + nonce + b",s=" + salt + b",i=4096") + b"\n")
        await reader.readline()
        proof = b64encode(b"v=" + b64encode(b"x" * 32))
        writer.write(b"+ " + proof + b"\nOK 0 logged in\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        with pytest.raises(NotTheServerError):
            await dial("127.0.0.1", server.sockets[0].getsockname()[1], node="dir2", key=KEY)


async def test_tls_1_2_is_not_spoken(tmp_path: Path) -> None:
    context = client_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with running(tmp_path) as node:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", node.port, ssl=context, server_hostname="")


@pytest.mark.parametrize(
    "junk",
    [b"\0" * 100 + b"\n", b"\xff\xfe\n", b"x" * 20_000, b"GET / HTTP/1.1\n\n\n!\n", b"NOOP\n" * 99],
)
async def test_junk_before_the_login_is_closed_and_disturbs_nobody(
    tmp_path: Path, junk: bytes
) -> None:
    async with running(tmp_path) as node:
        link = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        for _ in range(5):
            async with raw_tls(node.port) as client:
                await client.say(junk)
                assert (await client.rest()).startswith(b"LVSM 1 dir1")
        assert (await link.request("ECHO")).text == "echoed"
        await link.close()


async def test_what_is_no_tls_is_closed(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        await Raw(reader, writer).say(b"STATUS\n" * 100)
        assert b"LVSM" not in await Raw(reader, writer).rest()
        writer.close()


async def test_a_line_without_an_end_is_cut_off(tmp_path: Path) -> None:
    async with running(tmp_path) as node, raw_unix(node.path) as client:
        await client.line()
        with contextlib.suppress(OSError):
            await client.say(b"x" * 200_000)
        assert (await client.rest()).startswith(b"ERR line-too-long ") or node.toy.requests == []


async def test_who_says_nothing_is_closed(tmp_path: Path) -> None:
    """Without a handshake, without a login, and in the middle of one."""
    async with running(tmp_path, Limits(login_seconds=0.3)) as node:
        silent = Raw(*await asyncio.open_connection("127.0.0.1", node.port))
        assert await silent.rest() == b""
        silent.writer.close()
        async with raw_tls(node.port) as client:
            assert b"ERR timeout" in await client.rest()
        async with raw_tls(node.port) as client:
            first = b64encode(b"p=tls-server-end-point,,n=admin,r=" + b"c" * 24)
            await client.say(b"AUTH SCRAM-SHA-256-PLUS " + first + b"\n")
            assert b"ERR timeout" in await client.rest()


async def test_who_says_nothing_for_long_after_the_login_is_closed(tmp_path: Path) -> None:
    limits = Limits(idle_seconds=0.2, login_seconds=0.4)
    async with running(tmp_path, limits) as node, raw_unix(node.path) as client:
        assert b"ERR timeout" in await client.rest()


async def test_a_slow_reader_is_cut_off_and_others_are_served(tmp_path: Path) -> None:
    async with running(tmp_path, Limits(stall_seconds=0.5)) as node:
        link = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        async with raw_unix(node.path) as local, raw_tls(node.port) as remote:
            await log_in(remote, "node:dir2", KEY.hex())
            for slow in (local, remote):
                slow.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads
                await slow.say("BIG 100000")
            assert (await link.request("ECHO")).text == "echoed"
            await until(lambda: node.toy.ended.count("BIG") == 2)
            assert (await link.request("ECHO")).text == "echoed"
        await link.close()


async def test_answers_that_nobody_reads_are_not_piled_up(tmp_path: Path) -> None:
    async with running(tmp_path) as node, raw_unix(node.path) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads
        client.writer.write(b"BIG 300\n" * 50)
        await until(lambda: node.toy.requests)
        await until(lambda: any(not c._writable.is_set() for c in node.server._connections))
        async with raw_unix(node.path) as other:
            await other.line()
            await other.ask("ECHO")
        assert len(node.toy.requests) < 5
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # it reads
        while len(node.toy.ended) < 50:
            assert await client.reader.read(2**20)


async def test_a_slow_watcher_loses_events_and_is_told_so(tmp_path: Path) -> None:
    limits = Limits(unread_output=100_000)
    async with running(tmp_path, limits) as node, raw_unix(node.path) as client:
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads
        await client.say("WATCH")
        await until(lambda: node.toy.dropped > 100)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # it reads
        while "resync" not in await client.line():
            pass


async def test_many_strangers_do_not_keep_a_newcomer_from_the_greeting(tmp_path: Path) -> None:
    limits = Limits(strangers=50, strangers_per_address=8)
    async with running(tmp_path, limits) as node:
        silent = [await asyncio.open_connection("127.0.0.1", node.port) for _ in range(60)]
        link = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        assert (await link.request("ECHO")).text == "echoed"
        closed = [r for r, _ in silent if r.at_eof() or r.exception()]
        await until(lambda: sum(r.at_eof() or bool(r.exception()) for r, _ in silent) >= 52)
        assert len(closed) <= 60
        for _, writer in silent:
            writer.transport.abort()
        await link.close()


async def test_failed_logins_make_their_address_wait(tmp_path: Path) -> None:
    limits = Limits(free_failures=0, penalty_seconds=0.3)
    async with running(tmp_path, limits) as node, raw_tls(node.port) as client:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await log_in(client, "nobody", "x")
        assert loop.time() - began >= 0.3


async def test_a_foreign_uid_has_only_so_many_connections(tmp_path: Path) -> None:
    async with running(tmp_path, Limits(connections=3)) as node:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                client = await stack.enter_async_context(raw_unix(node.path))
                assert (await client.line()).startswith("LVSM")
            client = await stack.enter_async_context(raw_unix(node.path))
            assert await client.rest() == b""
        await until(lambda: not node.server._connections)


async def test_a_peer_that_is_not_there(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        pass
    with pytest.raises(LinkError):
        await dial("127.0.0.1", node.port, node="dir2", key=KEY)
