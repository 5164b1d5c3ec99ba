from __future__ import annotations

from time import thread_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.core.config_text import parse, render
from lvsm.core.model import Configuration
from lvsm.core.outline import outline
from lvsm.core.rereading import Reading, read, reread
from tests.unit.strategies import configurations

TEXT = """\
# head
[cluster]
name = "www"

[vip.web]   # the shop
address = "192.0.2.10"
ports = [80]
directors = ["a"]
[[vip.web.realserver]]
node = "rs1"
# about dns
[vip.dns]
address = "192.0.2.11"
ports = [53]
directors = ["a"]

[node.rs1]
address = "10.1.0.21"

[[vip.web.realserver]]
node = "rs2"
"""
PIECES = (
    "", "\n", "#", '"', "'", '"""', "'''", "[", "]", "{", "=", ",", "\\", "\r", "\r\n", " ",
    "[vip]\n", "[vip.new]\n", "[[vip.web.realserver]]\nnode = \"rs3\"\n", "[vip.dns.realserver]\n",
    'ports = [80,\n[vip.web],\n]\n', 'interface = """\n[vip.dns]\n"""\n', "[cluster]\n",
    'address = "192.0.2.12"\nports = [1]\ndirectors = ["b"]\n', '[node."a.b"]\nexternal = true\n',
    "vip.x.ports = [80]\n", "weight = 3\n", "# [vip.web]\n", "enabled = false\n", "['cluster']\n",
)  # fmt: skip


def said(reading: Any) -> Any:
    """What a text says, the order of its tables included."""
    found = reading.configuration
    if found is None:
        return reading.problems
    return found.cluster, list(found.nodes.items()), list(found.vips.items())


def check(before: Reading, text: str) -> Reading:
    after = reread(before, text)
    assert said(after.parsed) == said(parse(text))
    assert after.text == text
    if after.parsed.configuration is not None and after.outline is not None:
        assert after.outline == outline(text)
    return after


changes = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 60), st.sampled_from(PIECES)), min_size=1, max_size=4
)


def applied(text: str, change: tuple[float, int, str]) -> str:
    where, length, piece = change
    at = round(where * len(text))
    return text[:at] + piece + text[at + length :]


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.just(TEXT) | configurations.map(render), changes)
def test_a_changed_text_says_what_reading_it_whole_says(
    text: str, made: list[tuple[float, int, str]]
) -> None:
    reading = read(text)
    for change in made:
        reading = check(reading, applied(reading.text, change))


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.just(TEXT) | configurations.map(render))
def test_lines_may_come_go_and_move(data: st.DataObject, text: str) -> None:
    reading = read(text)
    for _ in range(3):
        lines = reading.text.splitlines(keepends=True) or [""]
        begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(lines))] * 2)))
        at = data.draw(st.integers(0, len(lines) - (end - begin)))
        moved, rest = lines[begin:end], lines[:begin] + lines[end:]
        keep = data.draw(st.booleans())
        reading = check(reading, "".join(rest[:at] + (moved if keep else []) + rest[at:]))


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(configurations, configurations)
def test_any_text_may_follow_any_other(one: Configuration, other: Configuration) -> None:
    check(read(render(one)), render(other))


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n", "vip = {}\n"])
def test_a_text_without_headers_may_be_the_one_before(text: str) -> None:
    check(check(read(text), TEXT), text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"rs2"', '"rs3"'),
        ("ports = [53]", "ports = [53, 54]"),
        ("# about dns\n", ""),
        ("[node.rs1]", "[node.rs9]"),
        ("# head\n", ""),
    ],
)
def test_only_what_changed_is_read(old: str, new: str) -> None:
    before = read(TEXT)
    after = check(before, TEXT.replace(old, new))
    kept, found = before.parsed.configuration, after.parsed.configuration
    assert kept is not None
    assert found is not None
    assert sum(found.vips[name] is not kept.vips[name] for name in kept.vips) <= 1


def test_one_change_costs_a_small_part_of_reading_a_large_text() -> None:
    text = TEXT + "".join(
        TEXT[TEXT.index("[vip.dns]") : TEXT.index("[node.rs1]")].replace("dns", f"v{n}")
        for n in range(800)
    )
    changed = text.replace("[vip.v600]", "[vip.v600]\npersistence = 7")

    def seconds(times: int) -> tuple[float, float]:
        whole, part = [], []
        for _ in range(times):
            began = thread_time()
            reading = read(text)
            whole.append(thread_time() - began)
            began = thread_time()
            reread(reading, changed)
            part.append(thread_time() - began)
        return min(whole), min(part)

    whole, part = seconds(3)
    assert part < whole / 4
