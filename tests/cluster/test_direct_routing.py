"""A virtual service by direct routing: both ends, by real traffic and by the kernel's own words."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.cluster.site import VIP, WEB, Site
from tests.lab import traffic
from tests.lab.client import poll_until

pytestmark = pytest.mark.lab

ARP = ("net.ipv4.conf.all.arp_ignore", "net.ipv4.conf.all.arp_announce")
REQUESTS = 30


def curl(site: Site, count: int) -> Counter[str]:
    loop = f"for i in $(seq {count}); do curl -sS -m5 http://{VIP}/; done"
    return Counter(site.lab.run("client", ["sh", "-c", loop], timeout=120).out.decode().split())


def sysctls(site: Site, node: str) -> list[str]:
    return site.lab.run(node, ["sysctl", "-n", *ARP]).out.decode().split()


def test_connections_are_spread_by_weight(site: Site) -> None:
    assert curl(site, REQUESTS) == {"rs1": REQUESTS * 2 // 3, "rs2": REQUESTS // 3}


def test_the_kernel_has_just_what_was_configured_on_both_directors(site: Site) -> None:
    rules = [
        f"-A -t {VIP}:80 -s wrr",
        f"-a -t {VIP}:80 -r 10.77.0.61:80 -g -w 2",
        f"-a -t {VIP}:80 -r 10.77.0.62:80 -g -w 1",
    ]
    for director in ("dir1", "dir2"):
        assert sorted(site.table(director).splitlines()) == rules
    for realserver in ("rs1", "rs2"):
        assert site.table(realserver) == ""


def test_only_the_holder_shows_the_address_and_realservers_hide_theirs(site: Site) -> None:
    assert [member for member in site.members if site.shows(member)] == ["dir1"]
    for realserver in ("rs1", "rs2"):
        assert f"{VIP}/32" in site.addresses(realserver)["lo"]
        assert sysctls(site, realserver) == ["1", "2"]


def test_realservers_never_answer_arp_for_the_address(site: Site) -> None:
    director = site.lab.nodes["dir1"].interfaces[0].mac
    argv = ["arping", "-I", "eth0", "-c", "5", "-w", "5", VIP]
    answers = site.lab.run("client", argv).out.decode().lower()
    macs = {word.strip("[]") for word in answers.split() if word.count(":") == 5}
    assert macs == {director}
    # Nor do they tell the neighbours of it when they speak from it themselves.
    for realserver in ("rs1", "rs2"):
        site.lab.run("client", ["ip", "neigh", "flush", "all"])
        site.lab.run(realserver, ["ip", "neigh", "flush", "all"])
        site.lab.run(realserver, ["ping", "-c1", "-W1", "-I", VIP, "10.77.0.5"], check=False)
        known = site.lab.run("client", ["ip", "neigh", "show", VIP]).out.decode()
        assert site.lab.nodes[realserver].interfaces[0].mac not in known


def test_what_was_changed_is_put_back_when_the_service_goes(site: Site) -> None:
    before = {"rs1": ["0", "1"], "dir1": ["2", "0"]}
    site.save("")
    for node, values in before.items():
        assert sysctls(site, node) == ["0", "0"]
        pairs = [f"{name}={value}" for name, value in zip(ARP, values, strict=True)]
        site.lab.run(node, ["sysctl", "-qw", *pairs])
    try:
        site.save(WEB)
        assert sysctls(site, "rs1") == ["1", "2"]
        assert curl(site, 3).total() == 3
        site.save("")
        for node, values in before.items():
            assert sysctls(site, node) == values
        for member in site.members:
            assert site.table(member) == ""
            assert not any(f"{VIP}/32" in found for found in site.addresses(member).values())
    finally:
        for node in before:
            site.lab.run(node, ["sysctl", "-qw", *(f"{name}=0" for name in ARP)])


def test_a_weight_changes_on_the_fly_and_no_connection_fails(site: Site) -> None:
    with traffic.running(site.lab, VIP) as requests:
        site.save(WEB.replace("weight = 2", "weight = 1"))
        site.save(WEB)
        seen = requests.stop()
    assert seen.failed == 0
    assert set(seen.by_realserver) == {"rs1", "rs2"}


def test_somebody_s_own_services_are_left_alone(site: Site) -> None:
    site.lab.run("dir1", ["ipvsadm", "-A", "-t", "10.77.0.240:25", "-s", "rr"])
    try:
        site.save(WEB.replace("weight = 2", "weight = 3"))
        assert "-A -t 10.77.0.240:25 -s rr" in site.table("dir1")
    finally:
        site.lab.run("dir1", ["ipvsadm", "-D", "-t", "10.77.0.240:25"])


def test_what_somebody_took_away_is_put_back(site: Site) -> None:
    whole = site.table("dir1")
    site.lab.run("dir1", ["ipvsadm", "-C"])
    site.lab.run("dir1", ["ip", "address", "del", f"{VIP}/32", "dev", "eth0"])
    poll_until(lambda: site.table("dir1") == whole and site.shows("dir1"), 10, "drift stays")
    assert curl(site, 3).total() == 3
