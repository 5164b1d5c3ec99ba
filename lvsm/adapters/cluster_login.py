"""Who may log in to this node, and how this node logs in to others."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

from lvsm.adapters import dialer
from lvsm.core.cluster_key import derive
from lvsm.core.principal import NODE_PREFIX, SESSION_PREFIX
from lvsm.core.scram import KEY_ITERATIONS, Verifier, make_verifier
from lvsm.core.scram_keys import machine_password
from lvsm.core.session_credentials import SessionKeys
from lvsm.core.users import Users


class KnownVerifiers:
    """The users' verifiers, those of their sessions, and the cluster key's for every other node."""

    def __init__(
        self,
        *,
        users: Callable[[], Users],
        key: bytes,
        nodes: Collection[str],
        now: Callable[[], float],
    ) -> None:
        """`users` tells who they are at each login; `now` is seconds since 1970."""
        self._users = users
        self._now = now
        self._sessions = SessionKeys(key)
        self._nodes = frozenset(nodes)
        salt = derive(key, info=b"lvsm peers salt 1")
        self._node = make_verifier(machine_password(key), salt, KEY_ITERATIONS)

    def lookup(self, name: str) -> Verifier | None:
        """The verifier of a user, of `session:ID` or of `node:NAME`; None when there is none."""
        if name.startswith(SESSION_PREFIX):
            return self._session(name.removeprefix(SESSION_PREFIX))
        if name.startswith(NODE_PREFIX):
            return self._node if name.removeprefix(NODE_PREFIX) in self._nodes else None
        user = self._users().by_name.get(name)
        return user.verifier if user is not None else None

    def _session(self, text: str) -> Verifier | None:
        """The work is the same for an id that is none, so that nobody can tell by the time."""
        verifier = self._sessions.verifier(text)
        return verifier if self._sessions.valid(text, self._users(), self._now()) else None


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
