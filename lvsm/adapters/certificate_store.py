"""This node's certificate as plvsd has it: on the disk, and shown to clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lvsm.adapters.certificates import NodeCertificate, describe, make
from lvsm.core.certificate import Certificate


class CertificateStore:
    """Satisfies `daemon.ports.CertificateStore`; reading and making happen in a thread."""

    def __init__(self, certificate: NodeCertificate, node: str) -> None:
        """`use` tells whoever shows it; it is set when there is a server."""
        self.present = certificate
        self.use: Callable[[NodeCertificate], None] = lambda _certificate: None
        self._node = node

    async def describe(self) -> Certificate:
        """What it says of itself; raises CertificateError."""
        return await asyncio.to_thread(describe, self.present.der)

    async def renew(self, now: float) -> None:
        """Make a new one, durably, and have it used; raises OSError, CertificateError."""
        made = await asyncio.to_thread(make, self.present.path.parent, self._node, now)
        self.use(made)
        self.present = made
