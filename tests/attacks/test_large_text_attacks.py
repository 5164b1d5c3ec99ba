"""Large texts to check and to save: a real worker reads them apart, and goes on with all else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lvsm.core.lines import LITERAL
from tests.attacks.attacker import Victim
from tests.unit.adapters.protocol_node import raw_unix, until

LARGE = 64 * 1024
SOME_SECONDS = 1.0
"""How long the largest text is worked on before whoever sent it hangs up."""


def service(number: int, *, mistaken: bool = False) -> str:
    """A virtual service with some realservers, in 1 KiB."""
    address = f"10.{number // 62_500}.{number // 250 % 250}.{number % 250 + 1}/8"
    realservers = "".join(
        f'[[vip.v{number}.realserver]]\nnode = "rs{n}"\n{"wieght" if mistaken else "weight"} = 1\n'
        for n in range(16)
    )
    return (
        f'[vip.v{number}]\naddress = "{address}"\nports = [80]\ndirectors = ["dir1", "dir2"]\n'
        f"{realservers}"
    )


def configuration(size: int, *, mistaken: bool = False) -> bytes:
    """A text of nearly that size."""
    nodes = "".join(
        f'[node.rs{n}]\naddress = "11.0.0.{n + 1}"\nexternal = true\n' for n in range(16)
    )
    each = len(service(99_999, mistaken=mistaken)) + 1
    services = (service(n, mistaken=mistaken) for n in range((size - len(nodes)) // each))
    return ("\n".join(services) + "\n" + nodes).encode()


KINDS: dict[str, Callable[[int], bytes]] = {
    "sound": configuration,
    "mistaken in every line": lambda size: configuration(size, mistaken=True),
    "broken at its end": lambda size: configuration(size) + b"= \n",
    "keys that there are not": lambda size: b"".join(b"key%d = 1\n" % n for n in range(size // 24)),
    "one line": lambda size: b"x = [" + b"1," * (size // 3) + b"]\n",
    "no UTF-8": lambda size: configuration(size) + b"\xff",
}


def apart(victim: Victim) -> list[Path]:
    """The processes that work for the victim just now."""
    tasks = Path(f"/proc/{victim.pid}/task/{victim.pid}/children").read_text().split()
    return [
        Path("/proc", child)
        for task in tasks
        for child in Path(f"/proc/{task}/task/{task}/children").read_text().split()
    ]


async def disturbed_by(victim: Victim, attack: Awaitable[None]) -> None:
    """Let honest clients come all the time while the attack goes on."""
    async with asyncio.TaskGroup() as group:
        going = group.create_task(_whole(attack))
        while not going.done():
            await victim.serves()


async def _whole(attack: Awaitable[None]) -> None:
    await attack


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_large_text_is_checked_apart(victim: Victim, kind: str) -> None:
    text = KINDS[kind](LARGE)

    async def check() -> None:
        async with raw_unix(victim.path) as client:
            await client.line()
            await client.say(b"CONFIG CHECK bytes=%d\n" % len(text))
            await client.say(text)
            while not (answer := await client.line()).startswith(("OK ", "ERR ")):
                pass
            assert answer.startswith("ERR bad-request" if kind == "no UTF-8" else "OK 1 ")

    await victim.undisturbed(lambda: disturbed_by(victim, check()))


async def test_the_largest_text_that_there_can_be(victim: Victim) -> None:
    """And whoever sent it goes before the answer: then nobody works on it any more."""
    text = configuration(LITERAL)

    async def check() -> None:
        async with raw_unix(victim.path) as client:
            await client.line()
            await client.say(b"CONFIG CHECK bytes=%d\n" % len(text))
            await client.say(text)
            await until(lambda: apart(victim))
            await asyncio.sleep(SOME_SECONDS)

    await victim.undisturbed(lambda: disturbed_by(victim, check()))
    await until(lambda: not apart(victim))
