"""A booted cluster as tests see it: save, look, break, and put back in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lvsm.cli import exits
from tests.lab import cluster
from tests.lab.client import Lab, poll_until
from tests.lab.errors import LabError
from tests.lab.process import Result

CHECKOUT = Path(__file__).resolve().parents[2]
VIP = "10.77.0.200"
WAIT_SECONDS = 60.0
WEB = f"""\
[cluster]
name = "www"

[vip.web]
address = "{VIP}"
ports = [80]
scheduler = "wrr"
forwarding = "dr"
directors = ["dir1", "dir2"]

[[vip.web.realserver]]
node = "rs1"
weight = 2

[[vip.web.realserver]]
node = "rs2"
"""


class Site:
    """One LVSM cluster in a lab."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.members = [name for name, node in lab.nodes.items() if node.kind != "client"]

    def lvsm(self, node: str, *words: str, text: str = "", check: bool = True) -> Result:
        """Run `lvsm` on a node; a Save that some nodes do not have yet has been made too."""
        result = self.lab.run(node, ["lvsm", *words], input=text.encode(), check=False, timeout=60)
        if check and result.status not in {exits.OK, exits.PARTIAL}:
            raise LabError(f"{node}: lvsm {words} ended with {result.status}: {result.text}")
        return result

    def save(self, text: str, node: str = "dir1") -> None:
        """Save a configuration and wait until every member has it and `text`'s VIPs are served."""
        self.lvsm(node, "config", "save", "-", text=text)
        self.settle()

    def status(self, node: str) -> dict[str, Any] | None:
        """What plvsd says on a node; None while it does not answer."""
        return cluster.status(self.lab, node)

    def holders(self, node: str, vip: str = "web") -> list[str]:
        """Who holds a virtual service, by what a node knows."""
        document = self.status(node) or {"vips": []}
        return next((list(v["holders"]) for v in document["vips"] if v["name"] == vip), [])

    def wait_for_holder(self, holder: str, *, asked: str, vip: str = "web") -> None:
        """Wait until `asked` says that `holder` alone holds the virtual service."""
        poll_until(
            lambda: self.holders(asked, vip) == [holder],
            WAIT_SECONDS,
            f"{asked} does not say that {holder} holds {vip}",
        )

    def settle(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait until every member sees all members up, one generation, and every VIP held once."""
        poll_until(self._settled, seconds, "the cluster does not come to rest")

    def _settled(self) -> bool:
        documents = [self.status(member) for member in reversed(self.members)]
        generations = {document["generation"] for document in documents if document}
        return len(generations) == 1 and all(
            document is not None
            and cluster.sees_all(document, dict.fromkeys(self.members))
            and all(vip["holder"] is not None for vip in document["vips"])
            for document in documents
        )

    def addresses(self, node: str) -> dict[str, set[str]]:
        """The addresses of a node's interfaces by the kernel."""
        found = json.loads(self.lab.run(node, ["ip", "-j", "address"]).out)
        return {
            link["ifname"]: {f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"]}
            for link in found
        }

    def shows(self, node: str, address: str = VIP) -> bool:
        """Whether a node has an address on an interface that answers ARP."""
        return any(
            f"{address}/32" in addresses
            for name, addresses in self.addresses(node).items()
            if name != "lo"
        )

    def table(self, node: str) -> str:
        """The kernel's IPVS rules as `ipvsadm -Sn` prints them."""
        return self.lab.run(node, ["ipvsadm", "-Sn"]).out.decode()

    def read(self, node: str, path: str) -> str:
        """A file's text."""
        return self.lab.get(node, path).decode()
