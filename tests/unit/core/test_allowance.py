from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.allowance import Allowance

GAPS = st.lists(st.floats(0.0, 3.0), max_size=100)


@given(GAPS, st.floats(0.5, 50.0), st.integers(1, 20))
def test_no_stretch_of_time_sees_more_than_allowed(
    gaps: list[float], per_second: float, at_once: int
) -> None:
    allowance = Allowance(per_second=per_second, at_once=at_once)
    now, passed = 0.0, list[float]()
    for gap in gaps:
        now += gap
        if not allowance.take(now):
            passed.append(now)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            count = last - first + 1
            assert count <= at_once + per_second * (passed[last] - start) + 1e-6


@given(GAPS, st.floats(0.5, 50.0), st.integers(1, 20))
def test_who_waits_as_long_as_told_passes(
    gaps: list[float], per_second: float, at_once: int
) -> None:
    allowance = Allowance(per_second=per_second, at_once=at_once)
    now = 0.0
    for gap in gaps:
        now += gap
        seconds = allowance.take(now)
        assert 0.0 <= seconds <= 1.0 / per_second
        if seconds:
            now += seconds + 1e-6
            assert allowance.take(now) == 0.0


def test_who_asks_seldom_never_waits() -> None:
    allowance = Allowance(per_second=2.0, at_once=1)
    assert [allowance.take(now / 2) for now in range(100)] == [0.0] * 100
