from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.moments import BadMomentError, iso, moment, span

times = st.floats(0, 4e9).map(lambda t: round(t, 3))


@given(times, times)
def test_what_iso_writes_is_read_back_to_the_millisecond(at: float, now: float) -> None:
    assert abs(moment(iso(at), now) - at) <= 0.001


@given(times, times)
def test_texts_sort_as_the_moments_do(a: float, b: float) -> None:
    assert (iso(a) < iso(b)) <= (a < b)


@pytest.mark.parametrize(
    ("text", "back"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("7d", 604800), ("1w", 604800), ("0", 0)],
)
def test_a_number_says_how_long_ago(text: str, back: float) -> None:
    assert moment(text, 1e9) == 1e9 - back


@pytest.mark.parametrize(
    "text",
    [
        "2001-09-09T01:46:40Z",
        "2001-09-09T01:46:40",
        "2001-09-09T03:46:40+02:00",
        "20010909T014640Z",
    ],
)
def test_a_time_without_an_offset_is_utc(text: str) -> None:
    assert moment(text, 5.0) == 1e9


@given(st.text(max_size=30))
def test_junk_says_no_moment(text: str) -> None:
    with suppress(BadMomentError):
        moment(text, 1e9)


@pytest.mark.parametrize("text", ["", "h", "-5", "5y", "1e9", "nan", "yesterday", "24:00", "٣"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BadMomentError):
        moment(text, 1e9)


def test_a_span_is_so_long_and_a_date_is_none() -> None:
    assert [span(text) for text in ("90", "90s", "1.5m", "2h")] == [90, 90, 90, 7200]
    for text in ("", "-5m", "5 m", "2026-11-24", "5y"):
        with pytest.raises(BadMomentError):
            span(text)
