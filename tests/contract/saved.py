"""What ipvsadm(8) saves of services that LVSM made, beside the commands that LVSM shows for them.

Usage: python -m tests.contract.saved. Needs root, IPVS and ipvsadm. Standard output is one JSON
object: `shown` are LVSM's lines, `saved` those of `ipvsadm -Sn`.
"""

from __future__ import annotations

import json
import subprocess

from lvsm.adapters.ipvs import Ipvs, load_module
from lvsm.core.model import Forwarding, Protocol
from lvsm.core.operation_text import command
from lvsm.core.operations import AddService, AnyOperation, ServiceKey, mark_key
from tests.contract.ipvs_cases import OTHER, WEB, WEB6, add, destination, service
from tests.contract.run import enter_new_network

# ipvsadm 1.31 prints larger marks as negative numbers, so 2**31 - 1 is the largest in here.
SCTP = ServiceKey(protocol=Protocol.SCTP, address="198.51.100.13", port=80)
EVERY = ServiceKey(protocol=Protocol.TCP, address="198.51.100.12", port=0)
OPERATIONS: tuple[AnyOperation, ...] = (
    AddService(service=service(WEB, "wrr", persistence=300)),
    add(destination(weight=0)),
    add(destination("10.9.0.22", port=8080, forwarding=Forwarding.NAT, weight=65535)),
    add(destination("10.9.0.23", forwarding=Forwarding.TUN)),
    AddService(service=service(EVERY, persistence=60, netmask=24)),
    add(destination(port=0), EVERY),
    AddService(service=service(WEB6, "rr", persistence=60, netmask=64)),
    add(destination("2001:db8:9::21"), WEB6),
    AddService(service=service(OTHER, "rr", flags=("ops",))),
    AddService(service=service(SCTP, "lc")),
    AddService(service=service(mark_key(7, 4), "sed", persistence=300)),
    add(destination(port=0, forwarding=Forwarding.NAT), mark_key(7, 4)),
    AddService(service=service(mark_key(2**31 - 1, 6), "nq")),
    add(destination("2001:db8:9::21", port=0), mark_key(2**31 - 1, 6)),
)


def main() -> None:
    """Make the services, and print both."""
    load_module()
    enter_new_network()
    failures = Ipvs().apply(OPERATIONS)
    argv = ("/usr/sbin/ipvsadm", "-Sn")
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30)
    shown = [command(operation).removeprefix("ipvsadm ") for operation in OPERATIONS]
    saved = [line.strip() for line in done.stdout.splitlines()]
    print(json.dumps({"failures": len(failures), "shown": shown, "saved": saved}))


if __name__ == "__main__":
    main()
