"""What holds for all tests: how long one takes says nothing, and a skipped lab test has failed."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "lvsm",
    deadline=None,  # a busy machine is no mistake of the code's
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("lvsm")


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
