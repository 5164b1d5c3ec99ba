from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.names import did_you_mean, is_interface, is_name, nearest, quoted
from tests.unit.strategies import interface_names, names, texts


@given(names)
def test_what_begins_well_and_is_short_is_a_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["a", "0", "a" * 63, "web-1.example_x"])
def test_these_are_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 64, ".a", "-a", "_a", "a..b", "A", "a b", "a\n", "a/b", "é", "a::b", "a,b", "٣"],
)
def test_these_are_no_names(name: str) -> None:
    assert not is_name(name)


@given(interface_names)
def test_an_interface_is_named_in_15_characters(name: str) -> None:
    assert is_interface(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a" * 16, "eth0:1", "a/b", "eth 0", "eth0\n", "é", "$(id)", "a;b"]
)
def test_these_are_no_interfaces(name: str) -> None:
    assert not is_interface(name)


@pytest.mark.parametrize("name", ["eth0", "eth0.7", "br-lan", "...", "a" * 15, "wlan_0"])
def test_these_are_interfaces(name: str) -> None:
    assert is_interface(name)


@given(texts)
def test_a_message_shows_any_text_in_one_short_line(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) < 1000
    if len(text) <= 40:
        assert shown == repr(text)


def test_the_nearest_name_is_the_one_that_was_meant() -> None:
    known = ["dir1", "dir2", "rs1"]
    assert nearest("dri1", known) == "dir1"
    assert nearest("zebra", known) is None
    assert nearest("x" * 1_000_000, ["x"]) is None
    assert "'rs1'" in did_you_mean("rs", known)


def test_without_a_near_name_those_that_there_are_are_told() -> None:
    assert did_you_mean("zebra", []) == "There is none yet."
    assert did_you_mean("zebra", ["b", "a"]) == "There are: a, b."
    many = did_you_mean("zebra", [f"q{n:02}" for n in range(13)])
    assert "q11 ..." in many
    assert "q12" not in many


@given(texts, st.sets(names, max_size=5))
def test_advice_is_never_empty_and_does_not_depend_on_order(text: str, known: set[str]) -> None:
    advice = did_you_mean(text, known)
    assert advice
    assert advice == did_you_mean(text, sorted(known, reverse=True))
