"""Every kind of virtual service in one configuration: by the kernel's own words, and by traffic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.cluster import talk
from tests.cluster.conftest import logs_of_failed
from tests.cluster.site import Site
from tests.lab.client import poll_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

SECONDS = 60
SOURCES = ("10.77.0.97", "10.77.0.98", "10.77.0.113", "10.77.0.114")
"""The client's further addresses: of two networks of 28 bits, two of each."""
MARKED, MASKED, PACKETS, LIMITED, SORRY, EXTERNAL, LOCAL, EVERY, HASHED, SCTP = (
    f"10.77.0.{number}" for number in range(210, 220)
)
KINDS = f"""\
[node.client]
address = "10.77.0.5"
external = true

[vip.marked]
address = "{MARKED}"
ports = [80, 443]
fwmark = 7
persistence = 300
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1" }}, {{ node = "rs2" }}]

[vip.masked]
address = "{MASKED}"
ports = [80]
persistence = 300
persistence_netmask = 28
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1" }}, {{ node = "rs2" }}]

[vip.packets]
address = "{PACKETS}"
ports = [5300]
protocol = "udp"
one_packet = true
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1" }}, {{ node = "rs2" }}]

[vip.limited]
address = "{LIMITED}"
ports = [80]
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1", upper = 2, lower = 1 }}, {{ node = "rs2" }}]

[vip.sorry]
address = "{SORRY}"
ports = [80]
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1" }}]
sorry = {{ node = "rs2" }}

[vip.external]
address = "{EXTERNAL}"
ports = [8080]
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "client" }}]

[vip.local]
address = "{LOCAL}"
ports = [8080]
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "dir1" }}, {{ node = "dir2" }}, {{ node = "rs1" }}]

[vip.every]
address = "{EVERY}"
ports = "all"
persistence = 300
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1" }}, {{ node = "rs2" }}]

[vip.hashed]
address = "{HASHED}"
ports = [80]
scheduler = "mh"
flags = ["mh-port"]
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1" }}, {{ node = "rs2" }}]

[vip.sctp]
address = "{SCTP}"
ports = [7000]
protocol = "sctp"
scheduler = "rr"
forwarding = "dr"
directors = ["dir1", "dir2"]
realserver = [{{ node = "rs1" }}, {{ node = "rs2" }}]
"""
TWO = ("10.77.0.61", "10.77.0.62")
TABLE = {
    "-f 7": ("-s rr -p 300", 0, TWO),
    f"-t {MASKED}:80": ("-s rr -p 300 -M 255.255.255.240", 80, TWO),
    f"-u {PACKETS}:5300": ("-s rr -o", 5300, TWO),
    f"-t {LIMITED}:80": ("-s rr", 80, TWO),
    f"-t {SORRY}:80": ("-s rr", 80, TWO[:1]),
    f"-t {EXTERNAL}:8080": ("-s rr", 8080, ("10.77.0.5",)),
    f"-t {LOCAL}:8080": ("-s rr", 8080, ("10.77.0.11", "10.77.0.12", "10.77.0.61")),
    f"-t {EVERY}:0": ("-s rr -p 300", 0, TWO),
    f"-t {HASHED}:80": ("-s mh -b mh-port", 80, TWO),
    f"--sctp-service {SCTP}:7000": ("-s rr", 7000, TWO),
}
"""By service what `ipvsadm -Sn` prints of it, and its realservers' port and addresses."""


@pytest.fixture(scope="module")
def kinds(shared_site: Site) -> Iterator[Site]:
    """The shared cluster with all of them, and who answers for them."""
    lab = shared_site.lab
    for node in ("dir1", "dir2", "rs1", "rs2", "client"):
        lab.run(node, ["modprobe", "sctp"])
    shared_site.save(KINDS)
    by_hand = ["net.ipv4.conf.all.arp_ignore", "net.ipv4.conf.all.arp_announce"]
    lab.run("client", ["sysctl", "-qw", f"{by_hand[0]}=1", f"{by_hand[1]}=2"])
    lab.run("client", ["ip", "address", "add", f"{EXTERNAL}/32", "dev", "lo"])
    for source in SOURCES:
        lab.run("client", ["ip", "address", "add", f"{source}/24", "dev", "eth0"])
    anywhere = "0.0.0.0"
    with ExitStack() as servers:
        for node in ("rs1", "rs2"):
            wanted = ("tcp", anywhere, 443, "udp", PACKETS, 5300, "sctp", SCTP, 7000)
            servers.enter_context(talk.serve(lab, node, *wanted, "tcp", anywhere, 8080))
        for node in ("dir1", "dir2", "client"):
            servers.enter_context(talk.serve(lab, node, "tcp", anywhere, 8080))
        yield shared_site
    for source in SOURCES:
        lab.run("client", ["ip", "address", "del", f"{source}/24", "dev", "eth0"])
    lab.run("client", ["ip", "address", "del", f"{EXTERNAL}/32", "dev", "lo"])
    lab.run("client", ["sysctl", "-qw", *(f"{name}=0" for name in by_hand)])


@pytest.fixture(autouse=True)
def logs(kinds: Site, request: pytest.FixtureRequest) -> Iterator[None]:
    with logs_of_failed(kinds, request):
        yield


def rules(*without: str) -> list[str]:
    """TABLE as `ipvsadm -Sn` prints it, in order."""
    found = []
    for service, (rest, port, members) in TABLE.items():
        if service not in without:
            found.append(f"-A {service} {rest}")
            found += [f"-a {service} -r {member}:{port} -g -w 1" for member in members]
    return sorted(found)


def lines(site: Site, node: str) -> list[str]:
    return sorted(line.strip() for line in site.table(node).splitlines())


def test_the_kernels_have_all_of_them_and_a_standby_s_not_what_it_answers_itself(
    kinds: Site,
) -> None:
    assert lines(kinds, "dir1") == rules()
    assert lines(kinds, "dir2") == rules(f"-t {LOCAL}:8080")
    assert f"{LOCAL}/32" in kinds.addresses("dir2")["lo"]


def test_a_mark_keeps_a_client_with_one_realserver_over_two_ports(kinds: Site) -> None:
    seen = set()
    for source in SOURCES:
        (plain,) = talk.ask(kinds.lab, "http", MARKED, 80, 1, source)
        (other,) = talk.ask(kinds.lab, "tcp", MARKED, 443, 1, source)
        assert other == f"{plain} {source}"
        seen.add(plain)
    assert seen == {"rs1", "rs2"}


def test_persistence_by_netmask_keeps_a_network_together(kinds: Site) -> None:
    found = [talk.ask(kinds.lab, "http", MASKED, 80, 2, source) for source in SOURCES]
    first, same, second, too = found
    assert first == same
    assert second == too
    assert {*first, *second} == {"rs1", "rs2"}
    assert len(set(first)) == len(set(second)) == 1


def test_one_packet_scheduling_spreads_the_packets_of_one_client_s_port(kinds: Site) -> None:
    found = talk.names(talk.stream(kinds.lab, PACKETS, 5300, 12))
    assert set(found) == {"rs1", "rs2"}
    assert min(found.values()) >= 4


def test_a_realserver_over_its_threshold_gets_no_more(kinds: Site) -> None:
    shown = kinds.lab.run("dir1", ["ipvsadm", "-Ln", "--thresholds"]).out.decode()
    _, _, service = shown.partition(f"TCP  {LIMITED}:80")
    assert "10.77.0.61:80 2 1" in " ".join(service.splitlines()[1].split())
    with talk.hold(kinds.lab, LIMITED, 80, 8) as held:
        found = held.again()
    assert sorted(found) == ["rs1"] * 2 + ["rs2"] * 6


def test_the_sorry_server_answers_while_no_realserver_does(kinds: Site) -> None:
    lab = kinds.lab
    assert set(talk.ask(lab, "http", SORRY, 80, 3)) == {"rs1"}
    kinds.lvsm("dir1", "rs", "drain", "sorry", "rs1")
    sorry = f"-a -t {SORRY}:80 -r 10.77.0.62:80 -g -w 1"
    poll_until(lambda: sorry in kinds.table("dir1"), SECONDS, "no sorry server")
    assert set(talk.ask(lab, "http", SORRY, 80, 6)) == {"rs2"}
    kinds.lvsm("dir1", "rs", "enable", "sorry", "rs1")
    poll_until(lambda: lines(kinds, "dir1") == rules(), SECONDS, "the sorry server stays")
    assert set(talk.ask(lab, "http", SORRY, 80, 3)) == {"rs1"}


def test_a_realserver_without_plvsd_is_used_as_it_is(kinds: Site) -> None:
    found = talk.ask(kinds.lab, "tcp", EXTERNAL, 8080, 3, node="rs1")
    assert found == ["client 10.77.0.61"] * 3


def test_any_port_is_served_and_a_client_keeps_its_realserver(kinds: Site) -> None:
    (plain,) = talk.ask(kinds.lab, "http", EVERY, 80)
    assert talk.ask(kinds.lab, "tcp", EVERY, 443) == [f"{plain} 10.77.0.5"]
    assert talk.ask(kinds.lab, "tcp", EVERY, 8080) == [f"{plain} 10.77.0.5"]
    assert talk.ask(kinds.lab, "tcp", EVERY, 7001) == ["!ConnectionRefusedError"]


def test_sctp_is_spread(kinds: Site) -> None:
    found = talk.names(talk.ask(kinds.lab, "sctp", SCTP, 7000, 6))
    assert found == {"rs1": 3, "rs2": 3}


def test_directors_answer_too_and_connections_of_mh_outlive_their_director(kinds: Site) -> None:
    """By a handover there and back."""
    with talk.hold(kinds.lab, HASHED, 80, 8) as held:
        before = held.again()
        assert set(before) == {"rs1", "rs2"}
        everybody_answers(kinds)
        kinds.lvsm("dir1", "node", "standby", "dir1")
        try:
            wait_for_holder(kinds, "dir2", asked="dir1")
            assert held.again() == before
            everybody_answers(kinds)
            assert lines(kinds, "dir2") == rules()
            assert lines(kinds, "dir1") == rules(f"-t {LOCAL}:8080")
        finally:
            kinds.lvsm("dir1", "node", "online", "dir1")
        wait_for_holder(kinds, "dir1", asked="dir2")
        assert held.again() == before


def everybody_answers(site: Site) -> None:
    answers = talk.ask(site.lab, "tcp", LOCAL, 8080, 9)
    assert talk.names(answers) == {"dir1": 3, "dir2": 3, "rs1": 3}


def wait_for_holder(site: Site, holder: str, *, asked: str) -> None:
    for vip in ("hashed", "local"):
        site.wait_for_holder(holder, asked=asked, vip=vip)
