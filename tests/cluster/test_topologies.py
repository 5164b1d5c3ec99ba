"""The lab's other networks come up with LVSM on them, and a Save reaches every node."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.conftest import boot
from tests.lab.client import poll_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("topology", "networks"), [("nat", 1), ("tun", 1), ("lan", 2)], ids=["nat", "tun", "two"]
)
def test_a_cluster_forms_and_a_save_reaches_every_node(
    tmp_path: Path, topology: str, networks: int
) -> None:
    site = boot(tmp_path / "lab", topology=topology, heartbeat_networks=networks, realservers=1)
    try:
        saved = site.lvsm("rs1", "config", "save", "-", text='[cluster]\nname = "other"\n')
        assert b"3 of 3 nodes have it" in saved.out
        site.settle()
    finally:
        site.lab.down()


def test_two_heartbeat_networks_outlive_the_loss_of_one_link(tmp_path: Path) -> None:
    """The second network carries on: nobody is called dead."""
    site = boot(tmp_path / "lab", heartbeat_networks=2, realservers=0)
    try:
        site.lab.run("dir2", ["ip", "address", "flush", "dev", "eth2"])
        site.lab.run("dir2", ["ip", "link", "set", "eth2", "down"])
        links = ["cl_status", "hblinkstatus", "dir2", "eth2"]
        poll_until(
            lambda: site.lab.run("dir1", links, check=False).out == b"dead\n", 20, "not noticed"
        )
        document = site.status("dir1") or {"nodes": []}
        assert {node["state"] for node in document["nodes"]} == {"up"}
    finally:
        site.lab.down()
