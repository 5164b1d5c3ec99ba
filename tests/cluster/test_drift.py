"""What somebody else changes in the kernel is put back within seconds, and told."""

from __future__ import annotations

import json

import pytest

from tests.cluster.figures import Figures
from tests.cluster.site import VIP, Site
from tests.lab.client import poll_until

pytestmark = pytest.mark.lab

SECONDS = 40.0
ARP = "net.ipv4.conf.all.arp_ignore"
ANNOUNCE = "net.ipv4.conf.all.arp_announce"
"""One that no test before has changed: the same finding is told once a minute."""
LOG = "/var/log/plvsd.log"
UNTIL_BACK = """
before=$(date +%s%N)
{damage}
while ! {back}; do sleep 0.01; done
echo $((($(date +%s%N) - before) / 1000000))
"""
IDLE = """
import os, time
def spent():
    total = 0
    for pid in os.listdir("/proc"):
        try:
            text = open(f"/proc/{pid}/stat").read()
        except OSError:
            continue
        if "(plvsd" in text:
            total += sum(map(int, text.rpartition(")")[2].split()[11:15]))
    return total / os.sysconf("SC_CLK_TCK")
before, began = spent(), time.monotonic()
time.sleep(20)
print(100 * (spent() - before) / (time.monotonic() - began))
"""


def back_after(site: Site, node: str, damage: str, back: str) -> float:
    """Seconds from the damage, done in a shell of the node's, until `back` is true there."""
    script = UNTIL_BACK.format(damage=damage, back=back)
    done = site.lab.run(node, ["timeout", str(SECONDS), "sh", "-c", script], timeout=60)
    return int(done.out) / 1000


@pytest.mark.parametrize(
    ("name", "node", "damage", "back", "found"),
    [
        (
            "ipvsadm -C",
            "dir1",
            "ipvsadm -C",
            f"ipvsadm -Sn | grep -q -- '-a -t {VIP}:80 -r 10.77.0.62:80'",
            f"the service -t {VIP}:80 is gone",
        ),
        (
            "ip addr del, the holder's address",
            "dir1",
            f"ip addr del {VIP}/32 dev eth0",
            f"ip addr show dev eth0 | grep -q {VIP}/32",
            f"{VIP}/32 is gone from eth0",
        ),
        (
            "ip addr del, a realserver's alias",
            "rs1",
            f"ip addr del {VIP}/32 dev lo",
            f"ip addr show dev lo | grep -q {VIP}/32",
            f"{VIP}/32 is gone from lo",
        ),
        (
            "sysctl -w",
            "rs1",
            f"sysctl -qw {ARP}=0",
            f"[ $(sysctl -n {ARP}) = 1 ]",
            f"{ARP} is 0 and not 1",
        ),
        (
            "a realserver's weight",
            "dir1",
            f"ipvsadm -e -t {VIP}:80 -r 10.77.0.61:80 -g -w 9",
            "ipvsadm -Sn | grep -q -- '-r 10.77.0.61:80 -g -w 2'",
            f"-t {VIP}:80 has -r 10.77.0.61:80 -g -w 9 and not -r 10.77.0.61:80 -g -w 2",
        ),
        (
            "a realserver's threshold, which the kernel's own text does not show",
            "dir1",
            f"ipvsadm -e -t {VIP}:80 -r 10.77.0.61:80 -g -w 2 -x 100",
            "[ -z \"$(ipvsadm -Ln --thresholds | grep ' 100 ')\" ]",
            "-x 100 and not",
        ),
    ],
)
def test_drift_is_repaired_within_seconds_and_logged(
    site: Site, figures: Figures, name: str, node: str, damage: str, back: str, found: str
) -> None:
    before = len(site.read(node, LOG))
    figures.add(f"drift repaired after s: {name}", [back_after(site, node, damage, back)])
    poll_until(lambda: found in site.read(node, LOG)[before:], 10, f"no log line: {found}")
    site.settle()


def test_who_watches_is_told_of_a_repair(site: Site) -> None:
    script = (
        f"timeout 20 lvsm watch events --json >/tmp/events & sleep 4;"
        f" sysctl -qw {ANNOUNCE}=0; wait; cat /tmp/events"
    )
    lines = site.lab.run("rs1", ["sh", "-c", script], timeout=60).out.decode().splitlines()
    told = [json.loads(line) for line in lines]
    [event] = [one for one in told if one.get("event") == "drift-repaired"]
    assert (event["found"], event["count"]) == (f"{ANNOUNCE} is 0 and not 2", 1)


def test_what_an_idle_node_costs(site: Site, figures: Figures) -> None:
    for node in ("dir1", "rs1"):
        argv = ["/usr/bin/python3", "-ISEc", IDLE]
        share = float(site.lab.run(node, argv, timeout=60).out)
        figures.add(f"idle plvsd on {node}, % of a core", [share])
        assert share > 0
