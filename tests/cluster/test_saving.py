"""A configuration: mistakes answered with their place, the same text on every node."""

from __future__ import annotations

import json

import pytest

from tests.cluster.site import VIP, WEB, Site
from tests.lab import traffic
from tests.lab.client import poll_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


def config(site: Site, node: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(site.lvsm(node, "config", "show", "--json").out)
    return found


def everything(site: Site) -> list[object]:
    found: list[object] = []
    for member in site.members:
        shown = config(site, member)
        found += [shown["generation"], shown["text"], site.table(member), site.addresses(member)]
    return found


@pytest.mark.parametrize(
    ("mistake", "code", "line", "column"),
    [
        (WEB.replace("forwarding =", "forwardin ="), "unknown-key", 8, 1),
        (WEB.replace("ports = [80]", "ports = [80"), "syntax", 7, 1),
        (WEB.replace('"dir1", "dir2"', '"dir1", "dri2"'), "unknown-node", 9, 22),
        (WEB.replace('"10.77.0.200"', '"10.77.0.11"'), "address-taken", 5, 11),
        (WEB.replace("weight = 2", "weight = 2\nport = 8080"), "dr-port", 14, 8),
    ],
)
def test_a_mistake_is_answered_with_its_place_and_changes_nothing(
    site: Site, mistake: str, code: str, line: int, column: int
) -> None:
    before = everything(site)
    check = json.loads(
        site.lvsm("dir1", "config", "check", "-", "--json", text=mistake, check=False).out
    )
    assert not check["valid"]
    found = {(p["code"], p["line"], p["column"]) for p in check["problems"]}
    assert (code, line, column) in found
    assert all(problem["advice"] for problem in check["problems"])
    saved = site.lvsm("dir1", "config", "save", "-", text=mistake, check=False)
    assert saved.status == 1
    assert saved.out == b""
    assert f"{line}:{column} {code}:" in saved.err.decode()
    assert everything(site) == before


def test_every_node_has_the_same_text_and_the_same_lines_in_haresources(site: Site) -> None:
    site.save(WEB + "# the last line\n", node="rs1")
    texts = {str(config(site, member)["text"]) for member in site.members}
    assert len(texts) == 1
    assert "# the last line" in texts.pop()
    resources = {site.read(member, "/etc/ha.d/haresources") for member in site.members}
    assert len(resources) == 1
    assert "dir1 plvs::web::dir2\n" in resources.pop()


def test_a_save_made_from_an_older_generation_is_a_conflict(site: Site) -> None:
    generation = int(str(config(site, "dir1")["generation"]))
    site.save(WEB + "# by one admin\n")
    words = ["config", "save", "-", "--if-generation", str(generation)]
    refused = site.lvsm("dir2", *words, text=WEB + "# by another\n", check=False)
    assert refused.status != 0
    assert f"generation {generation + 1} was saved by" in refused.err.decode()
    assert "# by one admin" in str(config(site, "dir2")["text"])


def test_a_save_moves_nothing_whichever_node_takes_it(site: Site) -> None:
    log = "/var/log/plvsd.log"
    before = {director: site.read(director, log) for director in ("dir1", "dir2")}
    with traffic.running(site.lab, VIP) as requests:
        for node in site.members:
            site.save(WEB + f"# saved on {node}\n", node=node)
        seen = requests.stop()
    assert seen.failed == 0
    for director, old in before.items():
        news = site.read(director, log)[len(old) :]
        assert not any(word in news for word in ("taking", "offering", "released"))


def test_a_node_that_was_away_catches_up(site: Site) -> None:
    site.lab.crash("rs1")
    poll_until(
        lambda: any(
            node["name"] == "rs1" and node["state"] == "dead"
            for node in (site.status("dir1") or {"nodes": []})["nodes"]
        ),
        20,
        "rs1 is not missed",
    )
    site.lvsm("dir1", "config", "save", "-", text=WEB + "# while rs1 was away\n")
    site.lab.boot("rs1")
    site.settle()
    assert "# while rs1 was away" in str(config(site, "rs1")["text"])


def test_a_saved_generation_survives_the_power_cut_of_all_nodes(site: Site) -> None:
    site.save(WEB + "# before the cut\n")
    generation = config(site, "dir1")["generation"]
    for member in site.members:
        site.lab.crash(member)
    for member in site.members:
        site.lab.boot(member)
    site.settle()
    for member in site.members:
        assert config(site, member)["generation"] == generation
