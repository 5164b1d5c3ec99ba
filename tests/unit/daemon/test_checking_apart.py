"""Checking apart says what checking says; here without processes, which `test_apart` has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings

from lvsm.core.config_text import render
from lvsm.core.facts import Facts
from lvsm.core.messages import BadRequestError
from lvsm.core.model import Configuration
from lvsm.core.problems import MOST_TOLD
from lvsm.daemon.checking import Checked, Checker
from lvsm.daemon.checking_apart import (
    WAITING,
    CheckingApart,
    Question,
    TooManyChecksError,
    answer,
)
from tests.unit.strategies import configurations, texts

PRESENT = Configuration()
MEMBERS = ("a", "b", "rs1")
HEARD = Facts(
    node="rs1", version="2", order=(1, 0, ""), eligible=True, address="10.1.0.21",
    addresses=("10.1.0.21/24",), ipvs=True,
)  # fmt: skip
VIP = """[vip.web]
address = "192.0.2.10/24"
ports = [80]
directors = ["a"]
[[vip.web.realserver]]
node = "rs1"
"""


@dataclass(kw_only=True)
class Site:
    """A node's checker, and what is asked apart."""

    checker: Checker = field(default_factory=Checker)
    asked: int = 0
    in_use: str = ""
    go_on: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self.apart = CheckingApart(
            checker=self.checker, here=self.here, ask=self.ask, question=self.question
        )

    def question(self) -> Question:
        return Question(members=MEMBERS, facts={"rs1": HEARD}, present=PRESENT)

    def here(self, text: str) -> Checked:
        return self.checker(
            text, members=MEMBERS, facts={"rs1": HEARD}, present=PRESENT, in_use=self.in_use
        )

    async def ask(self, *frames: bytes) -> AsyncGenerator[bytes, None]:
        self.asked += 1
        if self.go_on is not None:
            await self.go_on.wait()
        for frame in answer(frames):
            yield frame


def whole(text: str) -> Checked:
    return Site().here(text)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(texts | configurations.map(render), configurations)
async def test_it_says_what_checking_says(text: str, other: Configuration) -> None:
    expected, site = whole(text), Site()
    site.here(render(other))  # something to remember, of which nothing may come through
    verdict = await site.apart.judge(text.encode(), "x")
    assert verdict.problems == expected.problems[:MOST_TOLD]
    assert verdict.errors == len(expected.errors)
    assert len(verdict.rendered) == len(verdict.problems)
    checked = await site.apart.check(text)
    assert (checked.text, checked.problems) == (expected.text, expected.problems)
    if not expected.errors:
        assert checked.configuration == expected.configuration
    assert site.here(text) == checked


async def test_what_is_to_be_saved_is_not_read_again() -> None:
    text = "\n".join(VIP.replace("web", f"v{n}").replace(".10/", f".{n}/") for n in range(1, 99))
    site = Site()
    checked = await site.apart.check(text)
    assert site.asked == 1
    assert "[node.rs1]" in checked.text  # its address was added
    assert site.here(text) is checked
    site.in_use = checked.text
    assert site.here(checked.text).configuration is not None
    last = site.checker.last
    assert last.reading.text == checked.text
    assert last.judged is not None
    kept = last.reading.parsed.configuration
    assert kept is not None
    assert all(vip is kept.vips[name] for name, vip in last.judged.configuration.vips.items())
    after = checked.text.replace("[vip.v7]", '[vip.v7]\nscheduler = "rr"')
    assert (await site.apart.check(after)).configuration == whole(after).configuration
    assert site.asked == 1  # little differs


async def test_a_virtual_service_of_very_many_realservers_comes_in_pieces() -> None:
    more = "".join(f'[[vip.web.realserver]]\nnode = "n{n}"\n' for n in range(450))
    nodes = "".join(
        f'[node.n{n}]\naddress = "10.2.{n // 250}.{n % 250 + 1}"\nexternal = true\n'
        for n in range(450)
    )
    other = VIP.replace("web", "zzz").replace(".10/", ".11/")
    text = f"{VIP}{more}{other}{nodes}"
    assert not whole(text).errors
    assert (await Site().apart.check(text)).configuration == whole(text).configuration


async def test_of_very_many_mistakes_the_most_telling_are_told() -> None:
    text = VIP + "".join(f"key{n} = 1\n" for n in range(MOST_TOLD * 2))
    expected = whole(text)
    site = Site()
    verdict = await site.apart.judge(text.encode(), "x")
    assert (verdict.errors, len(verdict.problems)) == (len(expected.errors), MOST_TOLD)
    checked = await site.apart.check(text)
    assert len(checked.problems) + checked.untold == len(expected.errors)
    assert checked.configuration is None


async def test_no_utf8_is_told_as_such() -> None:
    with pytest.raises(BadRequestError, match="UTF-8"):
        await Site().apart.judge(b"\xff", "x")


async def test_checks_wait_for_each_other_but_no_save_waits() -> None:
    site = Site(go_on=asyncio.Event())
    async with asyncio.TaskGroup() as group:
        checks = [group.create_task(site.apart.judge(b"", "x")) for _ in range(WAITING + 1)]
        await asyncio.sleep(0)
        assert site.asked == 1
        with pytest.raises(TooManyChecksError):
            await site.apart.judge(b"", "x")
        save = group.create_task(site.apart.check("x" * 9_000))
        await asyncio.sleep(0)
        assert site.asked == 2
        checks[3].cancel()
        assert site.go_on is not None
        site.go_on.set()
        await save
    assert site.asked == WAITING + 1
    await site.apart.judge(b"", "x")


async def test_what_was_answered_holds_only_for_what_was_known_then() -> None:
    text = VIP + "#" * 9_000
    site = Site()
    checked = await site.apart.check(text)
    assert site.here(text) is checked
    now = site.checker(text, members=("a",), facts={}, present=PRESENT)
    assert now.problems != checked.problems
