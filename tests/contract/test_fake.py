"""The contract on the fake kernel: what the other tests stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract import cases
from tests.contract.bench import fake


@pytest.mark.parametrize("name", cases.every())
def test_the_fake_kernel(name: str, tmp_path: Path) -> None:
    cases.every()[name](fake(tmp_path))
