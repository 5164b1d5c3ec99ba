from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.plvsd import FakePlvsd


@pytest.fixture
def plvsd(tmp_path: Path) -> Iterator[FakePlvsd]:
    with FakePlvsd.running(tmp_path) as running:
        yield running
