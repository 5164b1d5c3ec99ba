from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.health import Outcome, Result
from lvsm.core.health_report import MOST_LINES, BadReportError, parse, render
from tests.unit.strategies import names, texts

reasons = st.text("abc :/[]é漢", max_size=30)
results = st.builds(
    Result,
    label=names | st.builds("{}:{}".format, names, st.integers(1, 65535)),
    outcome=st.sampled_from(Outcome),
    reason=reasons,
)


@given(st.lists(results, max_size=5))
def test_what_is_rendered_is_read_back(found: list[Result]) -> None:
    assert parse(render(found)) == tuple(found)


@given(texts)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadReportError):
        parse(text)


@pytest.mark.parametrize("text", ["rs1", "rs1 maybe", " up", "rs1 up\n\nrs2 up", "x" * 81 + " up"])
def test_a_line_that_is_no_result_refuses_the_whole(text: str) -> None:
    with pytest.raises(BadReportError):
        parse(text)


def test_what_a_server_said_cannot_move_the_terminal() -> None:
    (result,) = parse("rs1 down \x1b[2J status\x07")
    assert result.reason == "?[2J status?"


def test_a_report_has_a_limit() -> None:
    with pytest.raises(BadReportError):
        parse("rs1 up\n" * (MOST_LINES + 1))
