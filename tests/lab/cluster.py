"""Provisioning: what makes bare lab nodes an LVSM cluster, with the product's own renderers.

The lab knows nothing of LVSM; this module tells it which files each node's disk holds, which users
exist and what is run at each boot.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lvsm.core import authkeys, ha_cf, plvsd_conf
from lvsm.core.authkeys import Authkeys
from lvsm.core.ha_cf import HaCf
from lvsm.core.plvsd_conf import PlvsdConf
from lvsm.core.scram import make_verifier
from lvsm.core.scram_keys import SALT_BYTES
from tests.lab.client import Lab
from tests.lab.provision import File, User
from tests.lab.topology import NodeInfo, Topology

PASSWORD = "penguin-of-the-lab"
"""The administration password of lab clusters, which no network but the lab's can reach."""

TREE = "/opt/tree"
PLVSD = User(name="plvsd", uid=977)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """heartbeat's times in milliseconds."""

    keepalive: int = 200
    deadtime: int = 1000
    warntime: int = 600
    initdead: int = 5000

    def times(self) -> Mapping[str, int]:
        """The same by ha.cf's words."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """An LVSM cluster on lab nodes; `media` are the ha.cf lines of each member.

    The keys are made anew for each cluster. With `mon`, mon runs on the directors.
    """

    media: Mapping[str, tuple[tuple[str, ...], ...]]
    timing: Timing = Timing()
    mon: bool = False
    key: str = field(default_factory=lambda: secrets.token_hex(20))
    verifier: str = field(
        default_factory=lambda: str(make_verifier(PASSWORD, secrets.token_bytes(SALT_BYTES)))
    )

    @property
    def users(self) -> Sequence[User]:
        """The worker's user."""
        return (PLVSD,)

    def files(self, node: NodeInfo) -> Sequence[File]:
        """What the configurator would have written on a member."""
        if node.name not in self.media:
            return ()
        ha = HaCf(
            nodes=tuple(self.media),
            media=self.media[node.name],
            times=self.timing.times(),
            logfile="/var/log/ha-log",
        )
        keys = Authkeys(use=1, keys={1: ("sha1", self.key)})
        conf = PlvsdConf(password_verifier=self.verifier)
        return (
            File(path="/etc/ha.d/ha.cf", data=ha_cf.render(ha).encode()),
            File(path="/etc/ha.d/authkeys", data=authkeys.render(keys).encode(), mode=0o600),
            File(
                path="/etc/plvsd.conf",
                data=plvsd_conf.render(conf).encode(),
                mode=0o640,
                owner="root:plvsd",
            ),
        )

    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:
        """Put the programs in place, and start plvsd and heartbeat on members."""
        kind = "member" if node.name in self.media else "client"
        mon = ("mon",) if self.mon and node.kind == "director" else ()
        return ((f"{TREE}/tests/lab/boot-cluster-node", TREE, kind, *mon),)

    def ready(self, lab: Lab) -> bool:
        """Whether every member sees every member up, so that a Save reaches them all.

        Those that booted last are asked first: one early no costs the booting nodes least.
        """
        return all(
            sees_all(status(lab, member), self.media) for member in reversed(tuple(self.media))
        )


def provision(topology: Topology, timing: Timing | None = None, *, mon: bool = False) -> Cluster:
    """The cluster of all nodes of a topology but its client; with `mon`, its directors run it.

    heartbeat broadcasts on each network that all members share, and where a router parts them it
    speaks to each member's address.
    """
    members = [node for node in topology.nodes.values() if node.kind != "client"]
    shared = set.intersection(*({i.network for i in node.interfaces} for node in members))
    media = {}
    for node in members:
        first = node.interfaces[0].name
        apart = [("ucast", first, member.address) for member in members] if topology.routed else []
        together = [("bcast", i.name) for i in node.interfaces if i.network in shared]
        media[node.name] = (*apart, *together)
    return Cluster(media=media, timing=timing or Timing(), mon=mon)


def status(lab: Lab, node: str) -> dict[str, Any] | None:
    """What plvsd's STATUS says on a node; None while it does not answer.

    A bare request: `lvsm status` would cost the booting nodes three times as much.
    """
    result = lab.run(node, ["/usr/bin/python3", "-ISEc", _ASK_STATUS], check=False)
    if result.status:
        return None
    document: dict[str, Any] = json.loads(result.out)
    return document


_ASK_STATUS = """
import _socket
plvsd = _socket.socket(_socket.AF_UNIX)
plvsd.settimeout(5)
plvsd.connect("/run/lvsm/plvsd.sock")
plvsd.send(b"STATUS\\nQUIT\\n")
seen = b""
while chunk := plvsd.recv(65536):
    seen += chunk
print(next(line[2:] for line in seen.decode().splitlines() if line.startswith("* ")))
"""


def sees_all(document: Mapping[str, Any] | None, members: Mapping[str, object]) -> bool:
    """Whether a node's status shows every member up, for heartbeat and for plvsd."""
    if document is None:
        return False
    states = {node["name"]: node["state"] for node in document["nodes"]}
    return all(states.get(member) == "up" for member in members)
