"""This node's certificate as plvsd has it: on the disk, and shown to clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from lvsm.adapters.certificates import NodeCertificate, describe, load_or_make, make
from lvsm.core.certificate import Certificate, CertificateError


class CertificateStore:
    """Satisfies `daemon.ports.CertificateStore`; reading and making happen in a thread."""

    def __init__(self, folder: Path, node: str) -> None:
        """`use` tells whoever shows it; it is set when there is a server."""
        self.present: NodeCertificate | None = None
        self.use: Callable[[NodeCertificate], None] = lambda _certificate: None
        self._folder = folder
        self._node = node

    def load(self) -> NodeCertificate:
        """The certificate, made at the first start; raises CertificateError, OSError."""
        self.present = load_or_make(self._folder, self._node)
        return self.present

    async def describe(self) -> Certificate:
        """What it says of itself; raises CertificateError."""
        if self.present is None:
            raise CertificateError("there is no certificate yet")
        return await asyncio.to_thread(describe, self.present.der)

    async def renew(self, now: float) -> None:
        """Make a new one, durably, and have it used; raises OSError, CertificateError."""
        made = await asyncio.to_thread(make, self._folder, self._node, now)
        self.use(made)
        self.present = made
