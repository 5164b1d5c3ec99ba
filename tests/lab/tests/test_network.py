"""Networks of a lab: a VIP by stock tools, cuts, spoiled links, the way in."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from socket import create_connection, create_server
from urllib.request import urlopen

import pytest

from tests.lab.client import Lab
from tests.lab.errors import LabError

pytestmark = pytest.mark.lab

VIP = "10.77.0.200"


def curl(lab: Lab, url: str, *words: str) -> str:
    return lab.run("client", ["curl", "-sS", "-m5", *words, url]).out.decode()


def pings(lab: Lab, source: str, target: str) -> bool:
    argv = ["ping", "-c1", "-W1", lab.nodes[target].address]
    return lab.run(source, argv, check=False).status == 0


def reaches(lab: Lab, source: str, target: str) -> bool:
    """Whether a ping is answered, now or when the neighbour has been asked for anew (1 s)."""
    return any(pings(lab, source, target) for _ in range(5))


def spread(lab: Lab, url: str, requests: int) -> Counter[str]:
    loop = f"for i in $(seq {requests}); do curl -sS -m5 {url}; done"
    return Counter(lab.run("client", ["sh", "-c", loop]).out.decode().split())


def script(lab: Lab, node: str, *lines: str) -> None:
    lab.run(node, ["sh", "-ec", "\n".join(lines)])


@contextmanager
def vip_by_direct_routing(lab: Lab) -> Iterator[str]:
    realservers = [info for info in lab.nodes.values() if info.kind == "realserver"]
    for info in realservers:
        quiet = "sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"
        script(lab, info.name, quiet, f"ip address add {VIP}/32 dev lo")
    script(
        lab,
        "dir1",
        f"ipvsadm -A -t {VIP}:80 -s rr",
        *(f"ipvsadm -a -t {VIP}:80 -r {info.address} -g" for info in realservers),
        f"ip address add {VIP}/32 dev eth0",
    )
    yield f"http://{VIP}/"
    script(lab, "dir1", f"ip address del {VIP}/32 dev eth0", "ipvsadm -C")
    for info in realservers:
        script(lab, info.name, f"ip address del {VIP}/32 dev lo")
    script(lab, "client", "ip neigh flush all")


def test_a_realserver_answers_by_name_over_ipv4_and_ipv6(booted_lab: Lab) -> None:
    assert curl(booted_lab, "http://rs1/") == "rs1\n"
    assert curl(booted_lab, "http://[fd00:77:0::62]/any/path?x") == "rs2\n"


def test_the_web_server_speaks_http(booted_lab: Lab) -> None:
    head = curl(booted_lab, "http://rs1/", "-i", "--http1.1").lower()
    assert head.startswith("http/1.1 200 ok\r\n")
    assert "content-length: 4\r\n" in head
    assert "connection: keep-alive\r\n" in head
    old = curl(booted_lab, "http://rs1/", "-i", "--http1.0").lower()
    assert "connection: close\r\n" in old
    two = booted_lab.run("client", ["curl", "-sv", "http://rs1/", "http://rs1/"])
    assert two.out == b"rs1\nrs1\n"
    assert b"Re-using existing connection" in two.err


def test_a_vip_by_stock_ipvsadm_is_answered_by_both_realservers(booted_lab: Lab) -> None:
    with vip_by_direct_routing(booted_lab) as url:
        assert spread(booted_lab, url, 10) == {"rs1": 5, "rs2": 5}


def test_a_cut_parts_two_nodes_and_no_others(booted_lab: Lab) -> None:
    booted_lab.cut("client", "rs1")
    try:
        assert booted_lab.status()["cuts"] == [["client", "rs1"], ["rs1", "client"]]
        assert not pings(booted_lab, "client", "rs1")
        assert not pings(booted_lab, "rs1", "client")
        assert reaches(booted_lab, "client", "rs2")
        assert reaches(booted_lab, "rs1", "dir1")
    finally:
        booted_lab.heal("client", "rs1")
    assert booted_lab.status()["cuts"] == []
    assert reaches(booted_lab, "client", "rs1")


def test_a_one_way_cut_loses_one_direction_only(booted_lab: Lab) -> None:
    watch = ["tcpdump", "-nlp", "-i", "eth0", "-c1", "icmp[0] == 8"]
    # Both know each other's hardware address, or the answer to that question would be lost too.
    assert reaches(booted_lab, "client", "rs1")
    assert reaches(booted_lab, "rs1", "client")
    booted_lab.cut("rs1", "client", one_way=True)
    try:
        with booted_lab.start("rs1", watch) as sees:
            while b"listening on" not in sees.read_error_line():
                pass
            assert not pings(booted_lab, "client", "rs1")
            assert b"ICMP echo request" in sees.read_line()
        assert not pings(booted_lab, "rs1", "client")
    finally:
        booted_lab.heal("rs1", "client", one_way=True)
    assert reaches(booted_lab, "rs1", "client")


def test_sets_of_nodes_are_cut_apart_and_healed_in_part(booted_lab: Lab) -> None:
    booted_lab.cut("dir1,rs1", ["dir2", "rs2", "client"])
    try:
        assert reaches(booted_lab, "dir1", "rs1")
        assert reaches(booted_lab, "dir2", "client")
        assert not pings(booted_lab, "dir1", "dir2")
        booted_lab.heal("dir1", "dir2")
        assert reaches(booted_lab, "dir1", "dir2")
        assert not pings(booted_lab, "rs1", "client")
    finally:
        booted_lab.heal("dir1,rs1", "dir2,rs2,client")
    with pytest.raises(LabError, match="no node 'rs9'"):
        booted_lab.cut("dir1", "rs9")


def test_a_spoiled_link_is_slow_until_it_is_mended(booted_lab: Lab) -> None:
    assert reaches(booted_lab, "client", "rs1")  # an ARP question would be delayed too
    booted_lab.netem("rs1", "delay 200ms")
    try:
        assert b"time=2" in booted_lab.run("client", ["ping", "-c1", "-W5", "rs1"]).out
    finally:
        booted_lab.netem("rs1", "off")
    assert b"time=2" not in booted_lab.run("client", ["ping", "-c1", "rs1"]).out
    with pytest.raises(LabError, match="nonsense"):
        booted_lab.netem("rs1", "nonsense")


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def test_a_port_of_the_machine_reaches_a_node(booted_lab: Lab) -> None:
    port = free_port()
    booted_lab.forward("rs1", 80, port)
    for _ in range(3):
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            assert answer.read() == b"rs1\n"
    with pytest.raises(LabError, match="in use"):
        booted_lab.forward("rs2", 80, port)


def test_a_port_of_the_machine_reaches_a_vip(booted_lab: Lab) -> None:
    port = free_port()
    booted_lab.forward(VIP, 80, port)
    with vip_by_direct_routing(booted_lab), urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.read() in {b"rs1\n", b"rs2\n"}
    with closing(create_connection(("127.0.0.1", port), timeout=10)) as refused:
        assert refused.recv(1) == b""


def test_nat_by_stock_tools(tmp_path_factory: pytest.TempPathFactory) -> None:
    lab = Lab.up(tmp_path_factory.mktemp("nat"), topology="nat", directors=1)
    with contextmanager_down(lab):
        script(
            lab,
            "dir1",
            "sysctl -qw net.ipv4.ip_forward=1",
            "ip address add 10.77.1.254/24 dev eth1",
            f"ip address add {VIP}/32 dev eth0",
            f"ipvsadm -A -t {VIP}:80 -s rr",
            f"ipvsadm -a -t {VIP}:80 -r rs1 -m",
            f"ipvsadm -a -t {VIP}:80 -r rs2 -m",
        )
        assert not pings(lab, "client", "rs1")
        assert spread(lab, f"http://{VIP}/", 6) == {"rs1": 3, "rs2": 3}


def test_tun_by_stock_tools_across_the_router(tmp_path_factory: pytest.TempPathFactory) -> None:
    lab = Lab.up(tmp_path_factory.mktemp("tun"), topology="tun", directors=1)
    with contextmanager_down(lab):
        for name in ("rs1", "rs2"):
            script(
                lab,
                name,
                "modprobe ipip",
                f"ip address add {VIP}/32 dev tunl0",
                "ip link set tunl0 up",
                "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0",
            )
        script(
            lab,
            "dir1",
            f"ip address add {VIP}/32 dev eth0",
            f"ipvsadm -A -t {VIP}:80 -s rr",
            f"ipvsadm -a -t {VIP}:80 -r rs1 -i",
            f"ipvsadm -a -t {VIP}:80 -r rs2 -i",
        )
        assert reaches(lab, "client", "rs1")
        assert spread(lab, f"http://{VIP}/", 6) == {"rs1": 3, "rs2": 3}
        lab.cut("client", "rs1")
        assert not pings(lab, "client", "rs1")
        assert reaches(lab, "client", "rs2")
        lab.heal("client", "rs1")
        assert reaches(lab, "client", "rs1")


@contextmanager
def contextmanager_down(lab: Lab) -> Iterator[None]:
    try:
        yield
    except (AssertionError, LabError, subprocess.SubprocessError):
        for name in lab.nodes:
            print(f"--- {name}\n{lab.logs(name)}")
        raise
    finally:
        lab.down()
