from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.certificate import (
    RENEW_DAYS,
    Certificate,
    CertificateError,
    end_point_hash,
    fingerprint,
    same_fingerprint,
)
from lvsm.core.moments import DAY

NOW = 1_700_000_000.0


def certificate(days: float) -> Certificate:
    return Certificate(
        subject="CN=dir1", fingerprint="AB:CD", not_before=NOW - DAY, not_after=NOW + days * DAY
    )


@given(st.floats(-10_000, 10_000))
def test_it_is_due_with_less_than_30_days_left(days: float) -> None:
    made = certificate(days)
    assert made.due(NOW) == (made.not_after - NOW < RENEW_DAYS * DAY)


@pytest.mark.parametrize(("days", "left"), [(30.5, 30), (30.0, 30), (0.5, 0), (-0.5, -1)])
def test_the_document_says_how_many_whole_days_are_left(days: float, left: int) -> None:
    document = certificate(days).document(NOW)
    assert document["days_left"] == left
    assert document["subject"] == "CN=dir1"
    assert document["not_before"] == "2023-11-13T22:13:20.000Z"


@pytest.mark.parametrize("text", ["abcd", "AB:CD", " ab:cd\n", "ABCD"])
def test_a_fingerprint_may_be_written_in_several_ways(text: str) -> None:
    assert same_fingerprint(text, "AB:CD")
    assert not same_fingerprint(text, "AB:CE")


@given(st.binary(max_size=200))
def test_junk_has_a_fingerprint_but_cannot_be_bound_to(junk: bytes) -> None:
    assert len(fingerprint(junk)) == 95
    with pytest.raises(CertificateError):
        end_point_hash(junk)
