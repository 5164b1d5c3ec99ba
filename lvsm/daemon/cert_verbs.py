"""The verbs of this node's certificate: CERT SHOW and CERT RENEW."""

from __future__ import annotations

from lvsm.core.handling import Reply
from lvsm.core.session_actions import Request
from lvsm.daemon.certificate_keeper import CertificateKeeper
from lvsm.daemon.ports import Clock
from lvsm.daemon.requests import Verb, Verbs, admins, readers, words


class CertVerbs:
    """Answers from the keeper."""

    def __init__(self, *, node: str, keeper: CertificateKeeper, clock: Clock) -> None:
        """`keeper` has the certificate of `node`."""
        self._node = node
        self._keeper = keeper
        self._clock = clock

    def table(self) -> Verbs:
        """Each verb with its handler."""
        return {
            "CERT SHOW": Verb(self.show, readers, "this node's certificate"),
            "CERT RENEW": Verb(
                self.renew, admins, "a new key and certificate for this node", changes=True
            ),
        }

    async def show(self, request: Request, reply: Reply) -> str:
        """The certificate that new connections get."""
        words(request, 0)
        certificate = await self._keeper.show()
        reply.item({"node": self._node, **certificate.document(self._clock.now())})
        return "shown"

    async def renew(self, request: Request, reply: Reply) -> str:
        """Make a new key and certificate; connections that stand keep the old one."""
        words(request, 0)
        certificate = await self._keeper.renew(f"{request.principal.name} asked for it")
        reply.item({"node": self._node, **certificate.document(self._clock.now())})
        return "new connections get the new certificate"
