from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from lvsm.core import config_text
from lvsm.core.config_text import parse
from lvsm.core.model import Configuration
from lvsm.core.model_changes import changes, line, model_changes
from tests.unit.strategies import configurations

TEXT = """\
# of the shop
[cluster]
name = "www"

[node.rs1]
address = "10.1.0.21"

[vip.web]
address = "192.0.2.10/24"
ports = [80]
directors = ["dir1", "dir2"]

[[vip.web.realserver]]
node = "rs1"
weight = 10

[[vip.web.realserver]]
node = "rs2"
port = 8080

[vip.dns]
address = "192.0.2.11"
ports = [53]
protocol = "udp"
directors = ["dir1"]
"""


def told(after: str, before: str = TEXT) -> list[str]:
    found = model_changes(before, after)
    assert found is not None
    return [line(change.to_json()) for change in found]


def test_comments_order_and_spelling_are_no_changes() -> None:
    head, web = TEXT.split("[vip.web]")
    web, dns = web.split("[vip.dns]")
    other = f"{head}\n# moved\n[vip.dns]{dns}scheduler='wlc'\n[vip.web]{web}"
    assert other != TEXT
    assert told(other) == []


def test_each_kind_of_change_is_told_in_a_line() -> None:
    after = (
        TEXT.replace("weight = 10", "weight = 20")
        .replace('["dir1", "dir2"]', '["dir2", "dir1"]\nenabled = false')
        .replace("port = 8080", "port = 8081")
        .replace('"www"', '"shop"')
        .replace("vip.dns", "vip.names")
    )
    assert told(after) == [
        "~ cluster   name www -> shop",
        "~ vip web   directors dir1 dir2 -> dir2 dir1, enabled default -> no",
        "~ realserver rs1 in web   weight 10 -> 20",
        "+ realserver rs2:8081 in web   weight 1",
        "- realserver rs2:8080 in web",
        "+ vip names   address 192.0.2.11, ports 53, protocol udp, scheduler wlc,"
        " forwarding dr, directors dir1",
        "- vip dns",
    ]


def test_a_new_service_is_told_with_its_realservers_and_one_that_went_alone() -> None:
    assert [entry.split("   ")[0] for entry in told(TEXT, "")] == [
        "~ cluster",
        "+ node rs1",
        "+ vip web",
        "+ realserver rs1 in web",
        "+ realserver rs2:8080 in web",
        "+ vip dns",
    ]
    assert told("", TEXT) == [
        "~ cluster   name www -> lvsm",
        "- node rs1",
        "- vip web",
        "- vip dns",
    ]


def test_a_text_that_cannot_be_read_has_no_changes_that_could_be_told() -> None:
    assert model_changes(TEXT, TEXT.replace("[80]", "[80")) is None
    assert model_changes('vip.web = "', TEXT) is None


def test_what_has_no_outline_is_read_whole() -> None:
    dotted = 'cluster.name = "www"\n' + TEXT.split("\n\n", maxsplit=1)[1]
    assert told(dotted) == []
    assert told(dotted.replace("10.1.0.21", "10.1.0.22")) == [
        "~ node rs1   address 10.1.0.21 -> 10.1.0.22"
    ]


@settings(max_examples=20)
@given(configurations)
def test_a_configuration_does_not_differ_from_itself(one: Configuration) -> None:
    assert list(changes(one, one)) == []
    text = config_text.render(one)
    assert model_changes(text, "# other lines\n" + text) == ()


@settings(max_examples=20)
@given(configurations, configurations)
def test_there_is_a_change_where_two_configurations_differ(
    one: Configuration, other: Configuration
) -> None:
    found = model_changes(config_text.render(one), config_text.render(other))
    assert found is not None
    assert bool(found) == (_unordered(one) != _unordered(other))
    assert set(map(repr, found)) == set(map(repr, changes(one, other)))


def _unordered(configuration: Configuration) -> object:
    """A configuration without the order of what is in it; of equal places the last one counts."""
    vips = {
        name: (
            replace(vip, realservers=(), sorry=None),
            {(entry.node, entry.port): entry for entry in vip.realservers},
            vip.sorry,
        )
        for name, vip in configuration.vips.items()
    }
    return configuration.cluster, dict(configuration.nodes), vips


def test_the_text_is_only_read_where_it_differs() -> None:
    assert parse(TEXT).configuration is not None
    broken = '[vip.old]\nan_older = "key"\n'
    assert told(broken + TEXT.replace("[80]", "[81]"), broken + TEXT) == [
        "~ vip web   ports 80 -> 81"
    ]
