"""The same site in the words of LVSM, keepalived and ipvsadm.

Pure: numbers in, texts out. Each service has its own port on one of a few addresses, and
realservers of its own out of a pool, as a large site has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PER_ADDRESS = 120
POOL = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """So many virtual services with so many realservers in all, spread evenly."""

    services: int
    realservers: int

    def members(self, service: int) -> range:
        """The numbers of a service's realservers."""
        first = service * self.realservers // self.services
        return range(first, (service + 1) * self.realservers // self.services)


REAL = Site(services=2284, realservers=37298)
"""The size that keepalived's issue 2318 reports."""


def vip(service: int) -> tuple[str, int]:
    """A service's address and port."""
    return f"10.200.0.{1 + service // PER_ADDRESS}", 1000 + service % PER_ADDRESS


def server(number: int) -> str:
    """A realserver's address."""
    return f"10.201.{number % POOL // 250}.{1 + number % POOL % 250}"


def lvsm(site: Site, director: str) -> str:
    """The configuration's text."""
    nodes = (f'[node.s{n}]\naddress = "{server(n)}"\nexternal = true\n' for n in _pool(site))
    return "".join((*nodes, *(_lvsm_service(site, n, director) for n in range(site.services))))


def _pool(site: Site) -> range:
    return range(min(POOL, site.realservers))


def _lvsm_service(site: Site, service: int, director: str) -> str:
    address, port = vip(service)
    head = (
        f'[vip.v{service}]\naddress = "{address}/16"\nports = [{port}]\nscheduler = "wrr"\n'
        f'forwarding = "dr"\ndirectors = ["{director}"]\n'
    )
    members = (
        f'[[vip.v{service}.realserver]]\nnode = "s{number % POOL}"\nweight = 1\n'
        for number in site.members(service)
    )
    return head + "".join(members)


def keepalived(site: Site, heaviest: int | None = None) -> str:
    """keepalived.conf(5) without checks; `heaviest` is a realserver that gets weight 2."""
    services = (_keepalived_service(site, n, heaviest) for n in range(site.services))
    return "global_defs {\n    router_id bench\n}\n" + "".join(services)


def _keepalived_service(site: Site, service: int, heaviest: int | None) -> str:
    address, port = vip(service)
    members = (
        f"    real_server {server(number)} {port} {{\n"
        f"        weight {2 if number == heaviest else 1}\n    }}\n"
        for number in site.members(service)
    )
    return (
        f"virtual_server {address} {port} {{\n    lb_algo wrr\n    lb_kind DR\n    protocol TCP\n"
        f"{''.join(members)}}}\n"
    )


def ipvsadm(site: Site) -> Iterator[str]:
    """The lines of `ipvsadm -Sn`, which `ipvsadm -R` takes."""
    for service in range(site.services):
        address, port = vip(service)
        yield f"-A -t {address}:{port} -s wrr"
        for number in site.members(service):
            yield f"-a -t {address}:{port} -r {server(number)}:{port} -g -w 1"
