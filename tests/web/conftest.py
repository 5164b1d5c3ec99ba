"""A node and a web client for all tests of a module; a browser for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.web.site import CONFIGURATION, Plvsd, Web, plvsd, web
from tests.web.visitor import Visitor


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plvsd]:
    """A node with CONFIGURATION saved; its log has no traceback at the end."""
    folder = tmp_path_factory.mktemp("web") / "node"
    with plvsd(folder) as found:
        with found.client() as client:
            client.request("CONFIG SAVE", options={"base": 0}, literal=CONFIGURATION.encode())
        yield found
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def served(node: Plvsd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The web client in front of it; its log has no traceback and no secret at the end."""
    folder = tmp_path_factory.mktemp("web") / "web"
    with web(folder, [node.node]) as found:
        yield found
    _clean(found.log)


def _clean(log: Path) -> None:
    text = log.read_text()
    assert "Traceback" not in text, text[-3_000:]
    assert "penguins" not in text


@pytest.fixture
def visitor(served: Web) -> Visitor:
    """Somebody who is not logged in."""
    return Visitor(served)


@pytest.fixture(scope="module")
def cookies(served: Web) -> Mapping[str, str]:
    """Of an admin who is logged in; a login costs a fifth of a second of a quiet machine."""
    found = Visitor(served)
    assert found.log_in().status == 303
    return found.cookies


@pytest.fixture
def admin(served: Web, cookies: Mapping[str, str]) -> Visitor:
    """The admin, logged in."""
    return Visitor(served, dict(cookies))
