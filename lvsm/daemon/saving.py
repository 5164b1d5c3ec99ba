"""The parts of saving, put together: one node's side of the Save protocol.

CONFIG SAVE ─► replicator ─► proposer ──┬─► voter (own disk)
                                        └─► couriers ══ PEER SAVE ══► caretaker ─► voter (theirs)
voter: disk changed ─► replicator uses the head ─► control loop; caretaker tells the others
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from lvsm.core.events import Happening
from lvsm.core.replication.disk import Disk
from lvsm.daemon.acquaintances import Acquaintances
from lvsm.daemon.caretaking import Caretaker
from lvsm.daemon.checking import Checked
from lvsm.daemon.confirming import Confirming
from lvsm.daemon.couriers import Couriers
from lvsm.daemon.deciding import Deciding
from lvsm.daemon.ports import Clock, DialGreeted, Store, UsersInUse
from lvsm.daemon.proposing import Proposer
from lvsm.daemon.replicator import Replicator
from lvsm.daemon.using import Using
from lvsm.daemon.view import View
from lvsm.daemon.voter import Voter

CATCH_UP_SECONDS = 15.0
"""How long a node that has just started looks for a newer generation before it serves its own."""
LOOK_SECONDS = 0.05


class Saving:
    """One node's; `voter`, `known`, `caretaker` and `replicator` are for others to call.

    `ready` is set once this node has caught up after its start.
    """

    def __init__(
        self,
        *,
        view: View,
        store: Store,
        dial: DialGreeted,
        clock: Clock,
        check: Callable[[str], Checked],
        new_id: Callable[[], str],
        chance: Callable[[], float],
        tell: Callable[[Happening], None],
        users: UsersInUse,
        at_once: Callable[[str], bool] = lambda _text: True,
        prepare: Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        """Read the disk, or begin it; `new_id` draws a text never used before.

        `dial` connects to another node, `chance` is one of [0, 1), `check` reads and validates a
        text, `tell` tells those who watch, `at_once` and `prepare` are as in `using`. Raises
        OSError, and LvsmError for a disk that cannot be used.
        """
        names = tuple(name for name in view.members if name != view.me)
        disk = store.load(view.me, view.members, incarnation=new_id())
        self.voter = Voter(disk, store, moved=self._moved)
        self.known = Acquaintances(voter=self.voter, clock=clock)
        self._couriers = Couriers(names=names, dial=dial)
        proposer = Proposer(
            voter=self.voter, send=self._couriers.send, new_id=new_id, chance=chance
        )
        self.deciding = Deciding(
            view=view, voter=self.voter, proposer=proposer, known=self.known, clock=clock
        )
        self.replicator = Replicator(
            view=view,
            voter=self.voter,
            deciding=self.deciding,
            known=self.known,
            clock=clock,
            check=check,
            new_id=new_id,
            tell=tell,
            users=users,
        )
        self.caretaker = Caretaker(
            voter=self.voter,
            proposer=proposer,
            known=self.known,
            names=names,
            send=self._couriers.send,
            finish=self.deciding.finish,
            chance=chance,
        )
        self.confirming = Confirming(
            view=view,
            voter=self.voter,
            replicator=self.replicator,
            known=self.known,
            clock=clock,
            chance=chance,
        )
        self._using = Using(self.replicator.moved, at_once=at_once, prepare=prepare)
        self._users = users
        users.take(disk.head.users)
        self.replicator.load()
        self._view = view
        self._clock = clock
        self.ready = asyncio.Event()
        view.ready = False

    async def run(self) -> None:
        """Go on for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._couriers.run(self.caretaker.heard))
            group.create_task(self.caretaker.run())
            group.create_task(self.confirming.run())
            group.create_task(self._using.run())
            group.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Be ready when a majority knows of nothing newer, or when that cannot be found out."""
        until = self._clock.monotonic() + CATCH_UP_SECONDS
        while not self._caught_up() and self._clock.monotonic() < until:  # noqa: ASYNC110  two conditions, and neither has an event of its own
            await asyncio.sleep(LOOK_SECONDS)
        self._view.ready = True
        self.ready.set()
        self._view.touch()

    def _caught_up(self) -> bool:
        served = self.confirming.serving()
        unheard = set(self._couriers.names) - set(self.known.fresh()) - self._couriers.unreachable
        return served.confirmed or not (served.behind or unheard)

    def _moved(self, before: Disk, after: Disk) -> None:
        self._users.take(after.head.users)
        self._using.moved(before, after)
        self.caretaker.moved(before, after)
