"""Every forwarding method in both families, tcp and udp, by real traffic to one cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import talk
from tests.cluster.conftest import boot, logs_of_failed
from tests.cluster.site import Site
from tests.lab.client import poll_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

WAIT_SECONDS = 60
CLIENT4, CLIENT6 = "10.77.0.5", "fd00:77::5"
VIP4, VIP6 = "10.77.0.201", "fd00:77::201"
RS4, RS6 = "10.77.0.61", "fd00:77::61"
INNER4, INNER6 = "10.77.2.61", "fd00:77:2::61"
GATEWAY4, GATEWAY6 = "10.77.2.254", "fd00:77:2::254"
UDP_PORT = 5300


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A director, a realserver and a client; the first two share a second network."""
    folder = tmp_path_factory.mktemp("methods")
    site = boot(folder, directors=1, realservers=1, heartbeat_networks=2)
    for family, address, network, gateway in (
        ("-4", INNER4, "10.77.2.0/24", GATEWAY4),
        ("-6", INNER6, "fd00:77:2::/64", GATEWAY6),
    ):  # answers by nat leave by the gateway, all others as ever
        for words in (
            f"ip {family} route add {network} dev eth2 table 100",
            f"ip {family} route add default via {gateway} dev eth2 table 100",
            f"ip {family} rule add from {address} lookup 100",
        ):
            site.lab.run("rs1", words.split())
    yield site
    site.lab.down()


@pytest.fixture(autouse=True)
def logs(one: Site, request: pytest.FixtureRequest) -> Iterator[None]:
    with logs_of_failed(one, request):
        yield


def configuration(method: str, vip: str, server: str, gateway: str = "") -> str:
    length = 64 if ":" in gateway else 24
    lines = [f'[node.rs1]\naddress = "{server}"\n']
    for name, protocol, port in (("tcp", "tcp", 80), ("udp", "udp", UDP_PORT)):
        lines += [
            f'[vip.{name}]\naddress = "{vip}"\nports = [{port}]\nprotocol = "{protocol}"',
            f'scheduler = "rr"\nforwarding = "{method}"\ndirectors = ["dir1"]',
            f'nat_gateway = "{gateway}/{length}"' if gateway else "",
            f'[[vip.{name}.realserver]]\nnode = "rs1"\n',
        ]
    return "\n".join(lines)


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def tcp_is_answered(site: Site, vip: str) -> None:
    poll_until(
        lambda: talk.ask(site.lab, "http", vip, 80) == ["rs1"],
        WAIT_SECONDS,
        f"{vip} does not answer",
    )


def udp_is_answered(site: Site, vip: str, bound: str, client: str) -> None:
    with talk.serve(site.lab, "rs1", "udp", bound, UDP_PORT):
        assert talk.ask(site.lab, "udp", vip, UDP_PORT) == [f"rs1 {client}"]


def table(vip: str, server: str, letter: str) -> list[str]:
    """What `ipvsadm -Sn` prints of `configuration`, in order."""
    rules = []
    rest = "-w 1 --tun-type ipip" if letter == "i" else "-w 1"
    for flag, port in (("t", 80), ("u", UDP_PORT)):
        service, member = (f"{bracketed(a)}:{port}" for a in (vip, server))
        rules += [
            f"-A -{flag} {service} -s rr",
            f"-a -{flag} {service} -r {member} -{letter} {rest}",
        ]
    return sorted(rules)


@pytest.mark.parametrize(
    ("method", "vip", "server", "device"),
    [
        ("dr", VIP4, RS4, "lo"),
        ("dr", VIP6, RS6, "lo"),
        ("tun", VIP4, RS4, "tunl0"),
        ("tun", VIP6, RS6, "ip6tnl0"),
        ("tun", VIP4, RS6, "ip6tnl0"),
        ("tun", VIP6, RS4, "sit0"),
    ],
)
def test_the_realserver_answers_from_the_address_itself(
    one: Site, method: str, vip: str, server: str, device: str
) -> None:
    one.save(configuration(method, vip, server))
    tcp_is_answered(one, vip)
    udp_is_answered(one, vip, vip, CLIENT6 if ":" in vip else CLIENT4)
    letter = "g" if method == "dr" else "i"
    assert sorted(one.table("dir1").splitlines()) == table(vip, server, letter)
    whole = f"{vip}/{128 if ':' in vip else 32}"
    assert [name for name, found in one.addresses("rs1").items() if whole in found] == [device]
    one.lab.run("client", ["ip", "neigh", "flush", "all"])
    tcp_is_answered(one, vip)
    known = one.lab.run("client", ["ip", "neigh", "show", vip]).out.decode()
    assert one.lab.nodes["dir1"].interfaces[0].mac in known


@pytest.mark.parametrize(
    ("vip", "server", "gateway", "client", "outside"),
    [
        (VIP4, INNER4, GATEWAY4, CLIENT4, "10.77.0.11"),
        (VIP6, INNER6, GATEWAY6, CLIENT6, "fd00:77::11"),
    ],
)
def test_by_nat_answers_and_the_realserver_s_own_traffic_pass_the_director(
    one: Site, vip: str, server: str, gateway: str, client: str, outside: str
) -> None:
    one.save(configuration("nat", vip, server, gateway))
    tcp_is_answered(one, vip)
    udp_is_answered(one, vip, server, client)
    assert sorted(one.table("dir1").splitlines()) == table(vip, server, "m")
    length = 128 if ":" in gateway else 32
    assert f"{gateway}/{length}" in one.addresses("dir1")["eth2"]
    with talk.serve(one.lab, "client", "tcp", client, 5400):
        seen = talk.ask(one.lab, "tcp", client, 5400, 1, server, node="rs1")
        assert seen == [f"client {outside}"]


def problems(site: Site, node: str) -> str:
    document = site.status(node) or {"problems": []}
    return " ".join(document["problems"])


def test_a_realserver_whose_answers_go_astray_says_so(one: Site) -> None:
    one.save(configuration("nat", VIP4, INNER4, GATEWAY4))
    rule = ["from", INNER4, "lookup", "100"]
    one.lab.run("rs1", ["ip", "rule", "del", *rule])
    try:
        poll_until(
            lambda: f"via {GATEWAY4}" in problems(one, "rs1"), WAIT_SECONDS, "nothing is said"
        )
    finally:
        one.lab.run("rs1", ["ip", "rule", "add", *rule])
    poll_until(lambda: problems(one, "rs1") == "", WAIT_SECONDS, "it goes on saying so")


def test_what_somebody_took_away_of_nat_is_put_back(one: Site) -> None:
    one.save(configuration("nat", VIP4, INNER4, GATEWAY4))
    one.lab.run("dir1", ["iptables-legacy", "-t", "nat", "-F"])
    one.lab.run("dir1", ["sysctl", "-qw", "net.ipv4.ip_forward=0"])

    def mended() -> bool:
        rules = one.lab.run("dir1", ["iptables-legacy", "-t", "nat", "-S"]).out.decode()
        forward = one.read("dir1", "/proc/sys/net/ipv4/ip_forward").strip()
        jump = "-A POSTROUTING -j LVSM-MASQUERADE"
        return jump in rules and f"-s {INNER4}/32" in rules and forward == "1"

    poll_until(mended, WAIT_SECONDS, "it stays away")
    tcp_is_answered(one, VIP4)


def test_nothing_is_left_when_the_services_go(one: Site) -> None:
    for text in (configuration("tun", VIP4, RS4), configuration("nat", VIP4, INNER4, GATEWAY4), ""):
        one.save(text)

    def gone() -> bool:
        rules = one.lab.run("dir1", ["iptables-legacy-save"]).out.decode()
        forward = one.read("dir1", "/proc/sys/net/ipv4/ip_forward").strip()
        link = one.lab.run("rs1", ["ip", "-o", "link", "show", "tunl0"]).out.decode()
        shown = {a for n in ("dir1", "rs1") for found in one.addresses(n).values() for a in found}
        ours = {f"{VIP4}/32", f"{GATEWAY4}/32"}
        return "LVSM" not in rules and forward == "0" and ",UP" not in link and not ours & shown

    poll_until(gone, WAIT_SECONDS, "something is left")
    assert one.table("dir1") == ""
