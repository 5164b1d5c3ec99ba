"""Who may log in to this node, and how this node logs in to others."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

from lvsm.adapters import dialer
from lvsm.core.cluster_key import derive
from lvsm.core.principal import ADMIN, NODE_PREFIX
from lvsm.core.scram import KEY_ITERATIONS, Verifier, make_verifier
from lvsm.core.scram_keys import machine_password, parse_verifier


class KnownVerifiers:
    """The administration password's verifier, and the cluster key's for every other node."""

    def __init__(self, *, admin: str | None, key: bytes, nodes: Collection[str]) -> None:
        """`admin` is plvsd.conf's verifier; without one nobody logs in with a password."""
        self._admin = parse_verifier(admin) if admin else None
        self._nodes = frozenset(nodes)
        salt = derive(key, info=b"lvsm peers salt 1")
        self._node = make_verifier(machine_password(key), salt, KEY_ITERATIONS)

    def lookup(self, name: str) -> Verifier | None:
        """The verifier of a user, or of `node:NAME`; None when there is none."""
        if name == ADMIN:
            return self._admin
        if name.startswith(NODE_PREFIX) and name.removeprefix(NODE_PREFIX) in self._nodes:
            return self._node
        return None


class PeerDialer:
    """Connects to other nodes' plvsds, logged in as this node."""

    def __init__(
        self, *, node: str, port: int, key: bytes, address_of: Callable[[str], str | None]
    ) -> None:
        """`address_of` gives a node's address where it is known; else its name is resolved."""
        self._node = node
        self._port = port
        self._key = key
        self._address_of = address_of

    async def __call__(self, node: str) -> dialer.Link:
        """A link to `node`; raises LvsmError or OSError."""
        host = self._address_of(node) or node
        try:
            return await dialer.dial(host, self._port, node=self._node, key=self._key)
        except socket.gaierror as error:
            raise dialer.LinkError(
                f"the name {node} has no address: put it into /etc/hosts, or add"
                f" [node.{node}] with its address to the configuration"
            ) from error
