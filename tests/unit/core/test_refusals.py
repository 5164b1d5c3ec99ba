from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.refusals import AT_ONCE, MOST_ORIGINS, SECONDS, SOME, Refusals

steps = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 5)), max_size=300)


@given(steps)
def test_every_refusal_is_in_a_record_or_in_a_summary(steps: list[tuple[float, int]]) -> None:
    refusals, now, records, summed = Refusals("dir1"), 0.0, 0, 0
    for seconds, origin in steps:
        now += seconds
        records += refusals.admit(f"10.0.0.{origin}", now)
        if refusals.wait(now) == 0.0:
            summary = refusals.summary(at=1e9)
            assert summary is not None
            summed += summary.count
    last = refusals.summary(at=1e9)
    assert records + summed + (last.count if last else 0) == len(steps)
    assert records <= AT_ONCE + now / SECONDS + 1
    assert refusals.wait(now) is None


def test_a_flood_costs_little_and_says_how_large_it_was() -> None:
    refusals = Refusals("dir1")
    admitted = sum(refusals.admit(f"10.{n % 999}", 5.0 + n / 1e6) for n in range(100_000))
    assert admitted == AT_ONCE
    wait = refusals.wait(5.1)
    assert wait is not None
    assert SECONDS - 1 < wait <= SECONDS
    summary = refusals.summary(at=1e9)
    assert summary is not None
    assert (summary.count, summary.origins) == (100_000 - AT_ONCE, MOST_ORIGINS)
    assert summary.uncounted
    assert len(summary.some) == SOME
    assert refusals.summary(at=1e9) is None


def test_whoever_is_refused_seldom_always_has_a_record() -> None:
    refusals = Refusals("dir1")
    assert all(refusals.admit("10.0.0.1", n * SECONDS) for n in range(10 * AT_ONCE))
    assert refusals.wait(1e9) is None
