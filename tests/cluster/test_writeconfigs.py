"""What writeconfigs writes, for the real heartbeat, on nodes that have nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.cluster.site import CHECKOUT, Site
from tests.lab.client import Lab, poll_until
from tests.lab.cluster import PLVSD, TREE
from tests.lab.provision import Bare
from tests.lab.topology import NodeInfo

pytestmark = pytest.mark.lab

HEARTBEAT = "/usr/libexec/heartbeat/heartbeat"
NODES = "dir1 dir2 rs1 rs2"
PEERS = "10.77.0.11 10.77.0.12 10.77.0.61 10.77.0.62"
MEDIA = (["bcast"], ["mcast"], ["ucast", "--peers", PEERS])
METHODS = ("sha1", "md5", "crc")
TIMINGS = ("quick", "calm", "stock")


class Installed(Bare):
    """LVSM and its user are installed on every node, and nothing is configured or started."""

    users = (PLVSD,)

    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:
        kind = "client" if node.kind == "client" else "installed"
        return ((f"{TREE}/tests/lab/boot-cluster-node", TREE, kind),)


@pytest.fixture(scope="module")
def unconfigured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    lab = Lab.up(tmp_path_factory.mktemp("unconfigured"), tree=CHECKOUT, provision=Installed())
    site = Site(lab)
    for node in site.members:
        lab.put(node, "/etc/first-password", b"penguins march at dawn\n", mode=0o600)
    yield site
    lab.down()


def write(site: Site, node: str, *words: str) -> None:
    argv = ["writeconfigs", "--non-interactive", "--nodes", NODES, "--interfaces", "eth0"]
    argv += ["--password-file", "/etc/first-password", *words]
    site.lab.run(node, argv, timeout=120)


def starts(site: Site, node: str) -> bool:
    """Whether heartbeat takes its files, and says that the node is up; then its power is cut."""
    if site.lab.run(node, [HEARTBEAT], check=False, timeout=120).status:
        return False
    said = ["grep", "-q", "Local status now set to: 'up'", "/var/log/ha-log"]
    poll_until(lambda: not site.lab.run(node, said, check=False).status, 120, "it is not up")
    site.lab.crash(node)
    site.lab.boot(node)
    return True


@pytest.mark.parametrize("place", range(3))
def test_the_real_heartbeat_takes_every_choice(unconfigured: Site, place: int) -> None:
    media = ["--media", *MEDIA[place], "--auth-method", METHODS[place]]
    write(unconfigured, "rs2", *media, "--timing", TIMINGS[place])
    unconfigured.lab.run("rs2", ["rm", "-f", "/var/log/ha-log"])
    assert starts(unconfigured, "rs2")


def test_heartbeat_would_have_said_no_to_other_files(unconfigured: Site) -> None:
    write(unconfigured, "rs2")
    unconfigured.lab.run("rs2", ["sh", "-c", "echo 'keepalive 2s' >>/etc/ha.d/ha.cf"])
    assert not starts(unconfigured, "rs2")
    unconfigured.lab.run("rs2", ["sh", "-c", "rm -f /etc/ha.d/ha.cf /etc/plvsd.conf"])
