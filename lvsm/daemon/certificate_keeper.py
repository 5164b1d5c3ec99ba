"""Keeps this node's certificate: tells of it, renews it when asked, and before it ends.

Laws: a new certificate is on the disk before the first connection gets it; connections that stand
keep the one they began with. One renewal at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lvsm.core.certificate import Certificate
from lvsm.core.errors import LvsmError
from lvsm.core.events import CertificateRenewed, Happening
from lvsm.daemon.ports import CertificateStore, Clock

log = logging.getLogger(__name__)

LOOK_SECONDS = 3600.0


class CertificateKeeper:
    """One worker's."""

    def __init__(
        self, *, store: CertificateStore, clock: Clock, tell: Callable[[Happening], None]
    ) -> None:
        """`store` has the certificate that is in use; `tell` tells who watches."""
        self._store = store
        self._clock = clock
        self._tell = tell
        self._one = asyncio.Lock()
        self._trouble: str | None = None

    async def run(self) -> None:
        """Look now and then, for ever, whether it is time."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Renew the certificate if few days are left; what prevents that is a complaint."""
        try:
            certificate = await self.show()
            if certificate.due(self._clock.now()):
                await self.renew("few days were left")
        except (LvsmError, OSError) as error:
            self._trouble = f"the certificate cannot be renewed: {error}"
            log.warning("%s", self._trouble)
        else:
            self._trouble = None

    async def show(self) -> Certificate:
        """The certificate in use; raises CertificateError."""
        return await self._store.describe()

    async def renew(self, reason: str) -> Certificate:
        """Make another one and use it; raises CertificateError, OSError."""
        async with self._one:
            await self._store.renew(self._clock.now())
            self._trouble = None
            certificate = await self._store.describe()
        log.info("new certificate %s: %s", certificate.fingerprint, reason)
        self._tell(CertificateRenewed(fingerprint=certificate.fingerprint, reason=reason))
        return certificate

    def complaints(self) -> tuple[str, ...]:
        """What is wrong with the certificate, if anything is."""
        return (self._trouble,) if self._trouble else ()
