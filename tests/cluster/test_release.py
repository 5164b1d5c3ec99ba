"""`plvsd --release` on real kernels: every node is afterwards what it was before LVSM."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lvsm.privileged.policy import SYSCTLS
from tests.cluster.site import WEB, Site
from tests.lab.client import poll_until

pytestmark = pytest.mark.lab

EVERYTHING = f"""\
{WEB}
[[vip.web.realserver]]
node = "dir2"

[vip.shop]
address = "10.77.0.201"
ports = [80, 443]
fwmark = 7
forwarding = "nat"
nat_gateway = "10.77.0.254"
directors = ["dir1", "dir2"]
persistence = 60
[[vip.shop.realserver]]
node = "rs2"

[vip.far]
address = "10.77.0.202/24"
ports = [53]
protocol = "udp"
forwarding = "tun"
directors = ["dir2", "dir1"]
[[vip.far.realserver]]
node = "rs1"
"""
SOMEBODYS = """
modprobe ipip; modprobe ip_vs
ipvsadm -A -t 10.77.0.240:25 -s rr
ipvsadm -a -t 10.77.0.240:25 -r 10.77.0.9:25 -g
sysctl -qw net.ipv4.conf.all.arp_announce=1 net.ipv4.conf.all.accept_redirects=1
iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j ACCEPT
iptables-legacy -t mangle -A PREROUTING -d 192.0.2.0/24 -j ACCEPT
"""
SOMEBODYS_END = """
ipvsadm -D -t 10.77.0.240:25
sysctl -qw net.ipv4.conf.all.arp_announce=0
iptables-legacy -t nat -D POSTROUTING -s 192.0.2.0/24 -j ACCEPT
iptables-legacy -t mangle -D PREROUTING -d 192.0.2.0/24 -j ACCEPT
"""


def sh(site: Site, node: str, script: str) -> str:
    return site.lab.run(node, ["sh", "-c", script], timeout=60).out.decode()


def state(site: Site, node: str) -> dict[str, object]:
    """What LVSM may change, in the kernel's own words."""
    links = json.loads(sh(site, node, "ip -j address"))
    filters = "; ".join(f"{t}-legacy-save" for t in ("iptables", "ip6tables"))
    rules = [
        line.partition("[")[0]  # but for counters
        for line in sh(site, node, filters).splitlines()
        if not line.startswith("#")
    ]
    return {
        "addresses": {
            link["ifname"]: (
                link["flags"],
                [(a["local"], a["prefixlen"], a["scope"]) for a in link["addr_info"]],
            )
            for link in links
        },
        "ipvs": sorted(site.table(node).splitlines()),
        "sysctls": sh(site, node, f"sysctl -e {' '.join(sorted(SYSCTLS))}"),
        "rules": rules,
        "routes": sh(site, node, "ip route"),
        "haresources": site.read(node, "/etc/ha.d/haresources"),
    }


@pytest.fixture
def prepared(site: Site) -> Iterator[Site]:
    """A cluster of which every node has something that is not LVSM's."""
    site.save("")
    for node in site.members:
        sh(site, node, SOMEBODYS)
    yield site
    for node in site.members:
        sh(site, node, "/etc/init.d/plvsd start; /etc/init.d/heartbeat start >/dev/null")
    site.settle()
    site.save("")  # so that what is put back below is not LVSM's any more
    for node in site.members:
        sh(site, node, SOMEBODYS_END)


def test_every_node_is_as_it_was_before(prepared: Site) -> None:
    site = prepared
    before = {node: state(site, node) for node in site.members}
    site.save(EVERYTHING)
    site.wait_for_holder("dir2", asked="dir1", vip="far")
    sh(site, "dir1", "pkill -9 plvsd; /etc/init.d/plvsd start")
    sh(site, "rs1", "/etc/init.d/plvsd restart")
    site.settle()
    refused = site.lab.run("dir1", ["plvsd", "--release"], check=False)
    assert (refused.status, b"stop it first" in refused.err) == (1, True), refused.text
    for node in site.members:
        sh(site, node, "/etc/init.d/heartbeat stop >/dev/null")
    for node in site.members:
        sh(site, node, "/etc/init.d/plvsd stop")
        held = state(site, node)
        assert held != before[node]
        shown = site.lab.run(node, ["plvsd", "--release", "--dry-run"]).out
        assert state(site, node) == held
        done = site.lab.run(node, ["plvsd", "--release"], timeout=60)
        assert done.out == shown != b""
        assert state(site, node) == before[node]
        assert site.lab.run(node, ["plvsd", "--release"], timeout=60).out == b""


def test_while_heartbeat_runs_nothing_is_given_back(prepared: Site) -> None:
    site = prepared
    site.save(WEB)
    sh(site, "rs1", "/etc/init.d/plvsd stop")
    held = state(site, "rs1")
    refused = site.lab.run("rs1", ["plvsd", "--release"], check=False)
    assert (refused.status, b"heartbeat stop" in refused.err) == (1, True), refused.text
    assert state(site, "rs1") == held
    sh(site, "rs1", "/etc/init.d/plvsd start")
    poll_until(lambda: site.status("rs1") is not None, 20, "plvsd does not come back")
