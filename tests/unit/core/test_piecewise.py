from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.core.config_text import render
from lvsm.core.model import Configuration
from lvsm.core.outline import outline
from lvsm.core.piecewise import Pieces
from lvsm.core.places import Path, Places
from tests.unit.core.test_rereading import TEXT
from tests.unit.strategies import configurations

PATHS: list[Path] = [
    ("cluster", "name"),
    ("vip", "web", "realserver", 1, "node"),
    ("vip", "web", "realserver", 1, "weight"),
    ("vip", "dns", "ports", 0),
    ("node", "rs1", "address"),
    ("node", "rs9", "address"),
    ("vip", "none"),
]


def paths(configuration: Configuration) -> list[Path]:
    found: list[Path] = [("node", name, "address") for name in configuration.nodes]
    for vip in configuration.vips.values():
        found += [
            ("vip", vip.name),
            ("vip", vip.name, "ports", 0),
            ("vip", vip.name, "persistence"),
        ]
        found += [
            ("vip", vip.name, "realserver", index, "weight")
            for index in range(len(vip.realservers) + 1)
        ]
    return found


def same(text: str, wanted: list[Path]) -> None:
    found = outline(text)
    assert found is not None
    pieces, whole = Pieces(text, found), Places(text)
    for path in wanted:
        assert pieces.key(path) == whole.key(path)
        assert pieces.value(path) == whole.value(path)


def test_the_places_are_those_of_the_whole_text() -> None:
    same(TEXT, PATHS)
    same(TEXT.replace("\n", "\r\n"), PATHS)


def test_without_an_outline_the_text_is_scanned_whole() -> None:
    assert Pieces(TEXT, None).value(PATHS[1]) == Places(TEXT).value(PATHS[1])


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(configurations, st.sampled_from(("", "# a comment\n\n")))
def test_any_configuration_has_the_same_places(configuration: Configuration, head: str) -> None:
    same(head + render(configuration), paths(configuration))
