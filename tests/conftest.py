"""A lab test that is skipped has proven nothing: it counts as a failure."""

from __future__ import annotations

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a lab test into a failure that says so."""
    del call
    report = yield
    if report.skipped and item.get_closest_marker("lab") is not None:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and lab tests may not be: {report.longrepr}"
    return report
