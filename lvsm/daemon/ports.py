"""What the daemon needs of the world, as interfaces; `wiring` puts the real things in place."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from lvsm.core.audit import AnyRecord, Batch
from lvsm.core.certificate import Certificate
from lvsm.core.generation import Generation
from lvsm.core.health import Health
from lvsm.core.operations import (
    AddressText,
    AnyOperation,
    DestinationLoad,
    Failure,
    KernelState,
    ServiceKey,
)
from lvsm.core.overlay import Overlay
from lvsm.core.replication.disk import Disk, Step
from lvsm.core.users import Users
from lvsm.core.verbs import HaresourcesGroup, MonService


class Kernel(Protocol):
    """This node's kernel and root-owned files, by way of the privileged half.

    Every method raises LvsmError when the privileged half refuses or is gone.
    """

    async def read(self, ways_out_from: Sequence[AddressText] = ()) -> KernelState:
        """What the kernel has now; by which gateway packets from those addresses would leave."""

    async def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Perform operations in order; what the kernel refused is returned."""

    async def count(self, keys: Sequence[ServiceKey]) -> tuple[DestinationLoad, ...]:
        """The connections of the services' realservers."""

    async def schedulers(self) -> tuple[str, ...]:
        """By which schedulers the kernel schedules."""

    async def write_haresources(self, groups: Sequence[HaresourcesGroup]) -> None:
        """Replace LVSM's lines in haresources."""


class MonKeeper(Protocol):
    """mon's root-owned files, by way of the privileged half; every method raises LvsmError."""

    async def write_mon(self, services: Sequence[MonService], hashed: str) -> None:
        """Replace them; `hashed` is the hashed password of plvsd's login there."""

    async def restore_mon(self) -> None:
        """Put the mon.cf back that was there before."""

    async def wake_mon(self) -> None:
        """Have mon read its files anew."""


class Mon(Protocol):
    """The server of this machine's mon.

    Every method raises LvsmError: `mon-silent` when mon is not there or says nothing, `mon-login`
    when it does not know plvsd, `mon-refused` for a file that it does not take.
    """

    async def descriptions(self) -> tuple[str, ...]:
        """A line for each service that mon watches: group, service, description."""

    async def reload(self, password: str, vips: Iterable[str]) -> None:
        """Test the file, have mon read it, its states kept, and check these at once."""


class CheckSpecs(Protocol):
    """The files that tell monitors what to check."""

    def replace(self, texts: Mapping[str, str]) -> None:
        """Make these the files, by the virtual services' names; raises OSError."""


class HealthStore(Protocol):
    """Where health is kept through restarts."""

    def read(self) -> Health:
        """What was kept last."""

    def keep(self, health: Health) -> None:
        """Keep it; raises OSError."""


class Heartbeat(Protocol):
    """The heartbeat that runs on this node."""

    def instance(self) -> str | None:
        """A text that differs between two runs of heartbeat; None while none runs."""

    async def statuses(self, nodes: Iterable[str]) -> dict[str, str]:
        """Each node's status in heartbeat's words."""


class Answered(Protocol):
    """What a request was answered with, when that was OK."""

    @property
    def items(self) -> Sequence[Mapping[str, Any]]:
        """The JSON objects of the answer."""


class Link(Protocol):
    """A connection to a peer's plvsd, logged in as this node."""

    @property
    def broken(self) -> bool:
        """Whether no request can be made any more."""

    async def request(
        self,
        verb: str,
        literal: bytes | None = None,
        *,
        timeout: float = ...,  # noqa: ASYNC109  it ends the connection too
    ) -> Answered:
        """Send one request and wait for its OK, `timeout` seconds at most; raises LvsmError."""

    async def close(self) -> None:
        """End the connection."""


class Dial(Protocol):
    """Make a Link to the node of that name; raises LvsmError or OSError."""

    async def __call__(self, node: str) -> Link:
        """Connect and log in."""


class GreetedLink(Link, Protocol):
    """A link that tells what the peer said of itself when it was made."""

    @property
    def features(self) -> tuple[str, ...]:
        """The words of the peer's greeting that say what it has."""


class DialGreeted(Protocol):
    """Make a GreetedLink to the node of that name; raises LvsmError or OSError."""

    async def __call__(self, node: str) -> GreetedLink:
        """Connect and log in."""


class Store(Protocol):
    """Where the replicated state and the generations are kept durably; it may block."""

    def load(self, me: str, members: Collection[str], *, incarnation: str) -> Disk:
        """The state, or, where there is none, that of a node that begins with `incarnation`.

        Raises OSError; LvsmError for a state that cannot be used.
        """

    def write(self, step: Step) -> None:
        """Make a step durable: its generations first, then its state. Raises OSError."""

    def read(self, key: str) -> Generation | None:
        """The generation with that hash; None when it cannot be read."""

    def need(self, size: int) -> None:
        """See that there is room for a generation of `size` bytes; raises OSError."""


class OverlayStore(Protocol):
    """Where the overlay is kept durably."""

    def read(self) -> Overlay:
        """What was kept last."""

    def keep(self, overlay: Overlay) -> None:
        """Keep it; durable when it returns. Raises OSError."""


class UsersInUse(Protocol):
    """The users of this node, as the nodes' agreement has to do with them."""

    def seed(self) -> str:
        """The document of the users with which the nodes' agreement begins."""

    def take(self, agreed: str) -> None:
        """Use what the nodes have agreed upon; empty where they have not yet."""


class UserStore(Protocol):
    """Where this node keeps its users, and which sessions have ended."""

    def read(self) -> Users:
        """The users as they are now: quick, since each request asks."""

    async def replace(self, users: Users) -> None:
        """Make these the users; durable when it returns. Raises OSError, LvsmError.

        They were made from what `read` gave last; whoever keeps them elsewhere too can tell by
        `users.number` whether somebody else was faster.
        """


class AuditLog(Protocol):
    """Where records of changes and refusals are kept durably."""

    @property
    def trouble(self) -> str | None:
        """Why nothing can be recorded now; None when it can."""

    @property
    def newest(self) -> int:
        """The number of the newest record."""

    def append(self, record: AnyRecord) -> Awaitable[AnyRecord]:
        """Record something: durable when the awaitable is done, which need not be awaited.

        Raises AuditFailedError, and so does the awaitable.
        """

    def read(
        self, *, since: float, after: int = 0, limit: int | None = None
    ) -> AsyncGenerator[Batch, None]:
        """The records from `since` on and behind number `after`, or the newest so many of them.

        Raises OSError.
        """


class CertificateStore(Protocol):
    """This node's certificate, on the disk and in use."""

    async def describe(self) -> Certificate:
        """What it says of itself; raises CertificateError."""

    async def renew(self, now: float) -> None:
        """Replace it, durably, and use the new one from the next connection on; `now` is UTC.

        Raises OSError, CertificateError, and then the old one is still in use.
        """


class Clock(Protocol):
    """The machine's clocks, in seconds."""

    def now(self) -> float:
        """Since 1970, UTC."""

    def monotonic(self) -> float:
        """Since some moment; never goes back."""
