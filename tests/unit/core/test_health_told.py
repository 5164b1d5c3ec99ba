"""What a node shows of health that others found: the holder's word, and where they differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lvsm.core.check import Check, CheckType
from lvsm.core.facts import ILL_TOLD, Facts, Ill, decode, encode, ill_of
from lvsm.core.health import Member
from lvsm.core.health_effects import Seen
from lvsm.core.health_told import disagreement, hearsay, told
from lvsm.core.model import Realserver
from tests.unit.core.test_health_effects import WEB

VIP = replace(WEB, directors=("dir1", "dir2"), check=Check(type=CheckType.TCP))
A = Realserver(node="a")
DOWN = Ill(vip="web", label="a", reason="refused", since=5.0)


def facts(
    node: str, *ill: Ill, holds: tuple[str, ...] = (), checked: tuple[str, ...] = ("web",)
) -> Facts:
    return Facts(
        node=node,
        version="2",
        order=(1, 1, ""),
        eligible=True,
        holds=holds,
        checked=checked,
        ill=ill,
    )


def test_who_checks_nothing_shows_what_the_holder_finds() -> None:
    heard = {"dir1": facts("dir1"), "dir2": facts("dir2", DOWN, holds=("g",))}
    assert hearsay(A, told(VIP, heard, "rs1", "g")) == Seen(
        state="down", reason="refused", since=5.0
    )
    heard = {"dir1": facts("dir1", holds=("g",)), "dir2": facts("dir2", DOWN)}
    assert hearsay(A, told(VIP, heard, "rs1", "g")) == Seen(state="up")


@pytest.mark.parametrize("heard", [{}, {"dir1": facts("dir1", DOWN, checked=())}])
def test_whose_checks_do_not_report_says_nothing(heard: dict[str, Facts]) -> None:
    assert hearsay(A, told(VIP, heard, "rs1", "g")) == Seen(state="")


def test_without_a_check_nobody_is_asked() -> None:
    assert told(replace(VIP, check=None), {"dir1": facts("dir1", DOWN)}, "rs1", "g") == {}


@pytest.mark.parametrize(
    ("mine", "ill", "said"),
    [
        ("up", (), []),
        ("down", (DOWN,), []),
        ("up", (DOWN,), ["dir2 finds it down: refused"]),
        ("down", (), ["dir2 finds it up"]),
        ("unknown", (DOWN,), []),
        ("unchecked", (DOWN,), []),
    ],
)
def test_two_directors_that_differ_are_shown(
    mine: str, ill: tuple[Ill, ...], said: list[str]
) -> None:
    found = told(VIP, {"dir1": facts("dir1"), "dir2": facts("dir2", *ill)}, "dir1", "g")
    assert disagreement(A, Seen(state=mine), found) == said


def test_only_so_many_are_told_and_they_travel() -> None:
    health = {"web": {f"n{i}": Member(up=i % 2 == 0, since=1.0, reason="x") for i in range(2000)}}
    ill = ill_of(health)
    assert len(ill) == ILL_TOLD
    assert ill[0] == Ill(vip="web", label="n1", reason="x", since=1.0)
    assert decode(encode(facts("dir1", *ill))).ill == ill
