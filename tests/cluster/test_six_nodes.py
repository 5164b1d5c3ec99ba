"""More than two nodes: whatever dies, only the listed directors ever hold a virtual service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.conftest import boot
from tests.cluster.site import VIP, WEB, Site
from tests.lab.client import poll_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

WATCH = r"""
while :; do
    for file in /run/lvsm/groups/*; do [ -f "$file" ] && echo "${file##*/}" >> /tmp/held; done
    ip -o -4 address show | grep -v ' lo ' | grep -F '10.77.0.200/' >> /tmp/shown
    sleep 0.1
done
"""


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = boot(tmp_path_factory.mktemp("six"), directors=3, realservers=3)
    yield site
    site.lab.down()


def test_only_listed_directors_ever_hold_it(six: Site) -> None:
    six.save(WEB)  # dir1 and dir2 are listed, dir3 is not
    others = ["dir3", "rs1", "rs2", "rs3"]
    watching = [six.lab.start(node, ["sh", "-c", WATCH]) for node in others]
    six.lab.crash("rs3")
    poll_until(lambda: "rs3" in dead(six, "dir1"), 20, "rs3 is not missed")
    assert six.holders("dir1") == ["dir1"]
    six.lab.crash("dir1")
    six.wait_for_holder("dir2", asked="dir2")
    assert six.lab.run("client", ["curl", "-sS", "-m5", f"http://{VIP}/"]).out in {
        b"rs1\n",
        b"rs2\n",
    }
    six.lab.crash("dir2")
    poll_until(lambda: "dir2" in dead(six, "dir3"), 20, "dir2 is not missed")
    poll_until(lambda: six.holders("dir3") == [], 10, "somebody holds it")
    sentence = str((six.status("dir3") or {})["sentence"])
    assert sentence.startswith("down. web: no director holds it")
    six.lab.boot("dir2")
    six.wait_for_holder("dir2", asked="rs1")
    for process in watching:
        process.close()
    for node in others:
        if node != "rs3":
            seen = six.lab.run(node, ["cat", "/tmp/held", "/tmp/shown"], check=False)
            assert seen.out == b"", node


def dead(site: Site, asked: str) -> set[str]:
    document = site.status(asked) or {"nodes": []}
    return {node["name"] for node in document["nodes"] if node["state"] == "dead"}
