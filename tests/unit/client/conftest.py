from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.client.nodes import Node, serving
from tests.unit.client.variants import VARIANTS, Variant


@pytest.fixture(params=sorted(VARIANTS))
def variant(request: pytest.FixtureRequest) -> Iterator[Variant]:
    made = VARIANTS[request.param]()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with serving(tmp_path) as node:
        yield node
