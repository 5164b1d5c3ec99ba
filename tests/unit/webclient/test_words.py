from __future__ import annotations

import pytest

from webclient import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "–"), (0.2, "now"), (42, "42 s"), (150, "2 m"), (7300, "2 h"), (600_000, "6 d")],
)
def test_durations(seconds: float | None, said: str) -> None:
    assert words.duration(seconds) == said


def test_states_have_marks_and_unknown_ones_too() -> None:
    assert words.tone("held twice") == "bad"
    assert words.tone("something new") == words.tone(None) == "quiet"
    assert words.urgency("down") < words.urgency("degraded") < words.urgency("up")


def test_places() -> None:
    vip = {"address": "192.0.2.1", "ports": [80, 443], "protocol": "tcp", "fwmark": None}
    assert words.where(vip) == "192.0.2.1:80,443"
    assert words.where({**vip, "address": "2001:db8::1", "protocol": "udp"}) == (
        "[2001:db8::1]:80,443/udp"
    )
    assert words.where({**vip, "ports": [], "fwmark": 7}) == "192.0.2.1 mark 7"
    assert words.where({**vip, "ports": "all"}) == "192.0.2.1:all"


def test_numbers() -> None:
    assert words.number(1234567) == "1,234,567"
    assert words.number(None) == "–"
    assert words.number(0.25) == "0.25"
    assert words.size(3 * 1024**3) == "3 GiB"
