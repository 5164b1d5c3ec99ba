"""Several nodes of which any will do, as flows: which one is asked, and what is asked again.

Laws: nodes are tried in their order, beginning with the one that answered last, and each at most
once for one request. Only a node that cannot be reached makes way for the next: what plvsd refuses
is refused. A request that may have changed something is never sent twice: when its answer does not
come, that is an OutcomeUnknownError.
"""

from __future__ import annotations

from lvsm.client.addresses import Tcp
from lvsm.client.effects import Flow
from lvsm.client.errors import OutcomeUnknownError, UnreachableError, summed_up
from lvsm.client.link import Asking, Link, World, ask, enter, still_there
from lvsm.client.settings import Settings
from lvsm.core.conversation import Response
from lvsm.core.reads import is_read


class Cluster:
    """The nodes, and the connection to one of them that requests share."""

    def __init__(self, settings: Settings, world: World) -> None:
        """Nothing is connected yet."""
        self.settings = settings
        self.world = world
        self.link: Link | None = None
        self._present = 0
        self._password: str | None = None

    def ready(self) -> Flow[Link]:
        """The shared connection, made if there is none; raises as `link.enter`."""
        failures = []
        for index in self.turn():
            try:
                return (yield from self._shared(index))
            except UnreachableError as error:
                failures.append(error)
        raise summed_up(failures)

    def request(
        self, asking: Asking, *, seconds: float, again: bool | None = None
    ) -> Flow[Response]:
        """Ask the first node that answers, each for `seconds` at most.

        `again` says whether another may be asked the same when the answer does not come; None: if
        the verb only reads. Raises RefusedError, OutcomeUnknownError, BadRequestError, and as
        `ready`.
        """
        repeatable = is_read(asking.verb) if again is None else again
        failures = []
        for index in self.turn():
            link = None
            try:
                link = yield from self._shared(index)
                return (yield from ask(link, asking, seconds, self.world))
            except UnreachableError as error:
                if link is not None:
                    self.link = None
                    if not repeatable:
                        raise _unknown(asking, error) from error
                failures.append(error)
        raise summed_up(failures)

    def turn(self, start: int = 0) -> list[int]:
        """The nodes by their places in the order in which they are tried from now on."""
        count = len(self.settings.addresses)
        return [(self._present + start + step) % count for step in range(count)]

    def enter(self, index: int) -> Flow[Link]:
        """A new connection to a node, which is tried first from now on; raises as `link.enter`."""
        address = self.settings.addresses[index]
        password = self._secret() if isinstance(address, Tcp) else ""
        link = yield from enter(address, self.settings, password, self.world)
        self._present = index
        return link

    def close(self) -> None:
        """End the shared connection."""
        link, self.link = self.link, None
        if link is not None:
            link.wire.close()

    def _shared(self, index: int) -> Flow[Link]:
        """The shared connection, which leads to that node from now on."""
        link, address = self.link, self.settings.addresses[index]
        if link is not None and link.address == address and (yield from still_there(link)):
            return link
        self.close()
        self.link = yield from self.enter(index)
        return self.link

    def _secret(self) -> str:
        """The password, asked for once."""
        if self._password is None:
            password = self.settings.password
            self._password = password if isinstance(password, str) else password()
        return self._password


def _unknown(asking: Asking, error: UnreachableError) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"{asking.verb} was asked for and may be done or not: look before you ask again"
        f" ({error.message})"
    )
