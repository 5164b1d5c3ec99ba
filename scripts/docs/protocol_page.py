"""docs/protocol.md: written by hand around parts that the code and a real node fill in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from lvsm.core.error_codes import Where
from scripts.docs import from_code, node, transcript
from scripts.docs.blocks import BLOCK, Maker, fill

FENCE = "```"
CODES = {
    "codes-of-answers": Where.ANSWER,
    "codes-of-configurations": Where.PROBLEM,
    "codes-of-clients": Where.CLIENT,
    "codes-of-the-start": Where.START,
    "codes-of-the-kernel": Where.KERNEL,
}


def made(page: str) -> str:
    """The page as it should be; raises BlockError, TranscriptError."""
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        known = asyncio.run(node.verbs(Path(first)))
        talks = asyncio.run(_talks(page, Path(second)))
    makers: dict[str, Maker] = {
        "states": lambda _: from_code.states(),
        "limits": lambda _: from_code.limits(),
        "verbs": lambda _: from_code.verbs(known),
        "events": lambda _: from_code.happenings(),
        "exit-codes": lambda _: from_code.exit_codes(),
        **{name: lambda body: talks[body] for name in ("talk-over-tls", "talk-on-the-socket")},
    }
    for name, where in CODES.items():
        makers[name] = lambda _, where=where: from_code.codes(where)  # type: ignore[misc]
    return fill(page, makers)


async def _talks(page: str, folder: Path) -> Mapping[str, str]:
    """The page's transcripts, each with the answers that a node gives now."""
    bodies = {match["name"]: match["body"] for match in BLOCK.finditer(page)}
    over_tls = bodies.get("talk-over-tls", "")
    on_socket = bodies.get("talk-on-the-socket", "")
    async with node.running(folder) as served:
        return {
            over_tls: _fenced(await transcript.tls(served, _bare(over_tls))),
            on_socket: _fenced(await transcript.unix(served, _bare(on_socket))),
        }


def _bare(body: str) -> str:
    return body.strip("\n").removeprefix(f"{FENCE}text\n").removesuffix(FENCE)


def _fenced(talk: str) -> str:
    return f"{FENCE}text\n{talk}\n{FENCE}"
