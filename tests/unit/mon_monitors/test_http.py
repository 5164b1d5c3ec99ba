"""The checks tcp and http by the real monitor, against servers of every behaviour at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lvsm.core.check import Check, CheckType
from lvsm.core.check_spec import Target
from tests.unit.mon_monitors.servers import (
    answering,
    drip,
    hang,
    in_chunks,
    monitor,
    never_end,
    page,
    serving,
)

HTTP = Check(type=CheckType.HTTP, interval=0.5, timeout=1.5, path="/health?x=1")
REFUSED = Target(label="refused", address="127.0.0.2", port=1)
NO_ANSWER = "no answer within 1.5 s, waiting for an answer"


async def test_tcp_is_good_where_somebody_accepts(tmp_path: Path) -> None:
    check = Check(type=CheckType.TCP, interval=0.5, timeout=1.5)
    async with serving({"a": hang, "b": hang}) as targets:
        ended = await monitor(tmp_path, check, (*targets, REFUSED))
    assert (ended.status, ended.failed) == (1, ("refused",))
    assert ended.reasons == {"refused": "connection refused"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_all_are_well(tmp_path: Path, host: str) -> None:
    async with serving({"a": answering(page(b""))}, host=host) as targets:
        ended = await monitor(tmp_path, HTTP, targets)
    assert (ended.status, ended.output) == (0, "\n")


async def test_http_goes_by_the_status_and_nobody_waits_for_who_hangs(tmp_path: Path) -> None:
    talks = {
        "good": answering(page(b"ready")),
        "no-content": answering(b"HTTP/1.1 204 No Content\r\n\r\n"),
        "interim": answering(b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + page(b"")),
        "error": answering(page(b"", "503 Unavailable")),
        "moved": answering(page(b"", "301 Moved", "Location: /")),
        "garbage": answering(b"SSH-2.0-OpenSSH\r\n\r\n"),
        "nothing": answering(b""),
        "headless": answering(b"HTTP/1.1 abc\r\n\r\n"),
        "hung": hang,
        "slow": answering(page(b""), pause=5.0),
        "drip": drip,
        "endless": never_end,
    }
    async with serving(talks) as targets:
        ended = await monitor(tmp_path, HTTP, (*targets, REFUSED))
    assert ended.reasons == {
        "refused": "connection refused",
        "error": "status 503",
        "moved": "status 301",
        "garbage": "the answer is no HTTP",
        "headless": "the answer is no HTTP",
        "nothing": "it closed the connection without an answer",
        "hung": NO_ANSWER,
        "slow": NO_ANSWER,
        "drip": NO_ANSWER,
    }


async def test_http_goes_by_the_body(tmp_path: Path) -> None:
    check = replace(HTTP, body=r"re[a]dy\.", limit=5000, expect=("200", "4xx"))
    talks = {
        "good": answering(page(b"I am ready.")),
        "until-close": answering(b"HTTP/1.0 200 OK\r\n\r\nready."),
        "in-chunks": answering(in_chunks(b"I am re", b"a", b"dy.")),
        "at-limit": answering(page(b"ready." + b"x" * 6000)),
        "not-found": answering(page(b"ready.", "404 Not Found")),
        "not-ready": answering(page(b"ready?")),
        "in-other-chunks": answering(in_chunks(b"re", b"dy.")),
        "bad-chunks": answering(in_chunks(b"re").replace(b"\r\n2\r\n", b"\r\nzz\r\n")),
        "cut-short": answering(page(b"ready.")[:-2]),
        "too-far": answering(page(b"x" * 5000 + b"ready.")),
        "endless": never_end,
    }
    async with serving(talks) as targets:
        ended = await monitor(tmp_path, check, targets)
    too_far = "the first 5000 bytes of the body do not match"
    assert ended.reasons == {
        "not-ready": "the body does not match",
        "in-other-chunks": "the body does not match",
        "bad-chunks": "the body does not match",
        "cut-short": "the body does not match",
        "too-far": too_far,
        "endless": too_far,
    }


async def test_the_request_is_what_was_configured(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def note(reader, writer):  # type: ignore[no-untyped-def]
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(page(b""))

    check = replace(HTTP, method="HEAD", headers=("X-A: 1", "X-B: \\n"))
    async with serving({"a": note}) as targets:
        await monitor(tmp_path, check, targets, host="[2001:db8::1]:80")
    assert seen[0].decode().split("\r\n") == [
        "HEAD /health?x=1 HTTP/1.1",
        "Host: [2001:db8::1]:80",
        "User-Agent: lvsm",
        "Connection: close",
        "X-A: 1",
        "X-B: \\n",
        "",
        "",
    ]
    assert len(seen) >= 2, "a run has several rounds"


async def test_only_those_are_checked_that_mon_asks_for(tmp_path: Path) -> None:
    async with serving({"a": hang, "b": hang}) as targets:
        ended = await monitor(tmp_path, HTTP, targets, "b")
    assert ended.failed == ("b",)
