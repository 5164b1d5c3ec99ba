"""Fixtures for tests that need a lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.client import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def booted_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A bare lab of two directors, two realservers and a client on one network.

    All tests share it; each leaves it as it found it.
    """
    lab = Lab.up(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.down()
