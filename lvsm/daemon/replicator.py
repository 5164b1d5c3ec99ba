"""Saving a configuration, and using what the cluster has agreed upon.

Law: what this node uses is what its disk says is committed (or, while nobody confirms it in time
and no majority can be asked, what was there before). Saving is the Save protocol's affair: this
module makes the wish, and tells how it ended. Whatever changes the disk's head ends in `_use`,
which wakes the control loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from lvsm.core.events import Happening
from lvsm.core.generation import Generation, Order
from lvsm.core.generation_events import saved, taken
from lvsm.core.groups import assign, groups
from lvsm.core.model import Configuration
from lvsm.core.replication import confirming, joining
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.outcomes import (
    Conflict,
    Short,
)
from lvsm.core.replication.wishes import Wish
from lvsm.daemon.acquaintances import Acquaintances
from lvsm.daemon.checking import Checked
from lvsm.daemon.deciding import Deciding
from lvsm.daemon.ports import Clock, UsersInUse
from lvsm.daemon.save_errors import (
    InvalidError,
    NothingToConfirmError,
    short,
    unheard,
)
from lvsm.daemon.saves import Asked, Saved
from lvsm.daemon.view import View
from lvsm.daemon.voter import Voter

log = logging.getLogger(__name__)


class Replicator:
    """Makes Saves, and uses what was decided: the only one that changes the view's generation."""

    def __init__(
        self,
        *,
        view: View,
        voter: Voter,
        deciding: Deciding,
        known: Acquaintances,
        clock: Clock,
        check: Callable[[str], Checked],
        new_id: Callable[[], str],
        tell: Callable[[Happening], None],
        users: UsersInUse,
    ) -> None:
        """`check` reads and validates a text; `new_id` draws an id; `tell` tells who watches."""
        self._users = users
        self._view = view
        self._voter = voter
        self._deciding = deciding
        self._known = known
        self._clock = clock
        self._check = check
        self._new_id = new_id
        self._tell = tell

    def load(self) -> None:
        """Use the newest committed generation that this node has."""
        self._use(self._voter.disk.head)

    def moved(self, before: Disk, after: Disk) -> None:
        """The disk changed: use a new head."""
        head = after.head
        if head.hash == before.head.hash:
            return
        self._view.stands_for = None
        self._use(head)
        own = head.node == self._view.me
        self._tell(saved(head) if own else taken(head))
        log.info("generation %d of %s, saved on %s", head.number, head.author, head.node)

    async def save(self, asked: Asked) -> Saved:
        """Make a text the next generation.

        Raises ConflictError, InvalidError, NoMajorityError, BusyError, UnheardNodesError; OSError
        when this node's disk refuses.
        """
        base = await self._base(asked)
        if asked.confirm is not None and self._voter.disk.head.number == 0:
            raise NothingToConfirmError(
                "before the first generation there is nothing to go back to: save it for good"
            )
        checked = self._check(asked.text)
        if checked.configuration is None or checked.errors:
            count = len(checked.errors) + checked.untold
            raise InvalidError(
                f"{count} mistake{'s' if count != 1 else ''}, nothing was saved", checked.errors
            )
        wish = self._wish(asked, base, checked.text, checked.configuration)
        if not joining.can_decide(wish.voters, forced=wish.forced):
            raise unheard(wish.voters)
        head = self._voter.disk.head
        if wish.text == head.text and wish.voters == head.voters and base == head.order:
            return await self._unchanged(wish, head)
        outcome = await self._deciding.bring_about(wish)
        if isinstance(outcome, Conflict) and self._deciding.says_the_same(outcome.head, wish.base):
            return await self.save(replace(asked, base=None))  # only the users were changed
        return await self._deciding.conclude(wish, outcome)

    async def confirm(self, *, author: str, number: int | None, request: str) -> Saved:
        """Have the generation that waits to be confirmed hold for good; `number` says which it is.

        Raises NothingToConfirmError, and what `save` raises.
        """
        head = self._voter.disk.head
        if request and request == head.request:
            return Saved(generation=head, nodes=self._known.having(head.order), changed=False)
        if number not in (None, head.number):
            raise await self._deciding.conflict(head, None, number)
        if head.confirm_by is None:
            raise NothingToConfirmError(f"generation {head.number} does not wait to be confirmed")
        wish = confirming.confirmation(
            head,
            request=request or self._new_id(),
            author=author,
            node=self._view.me,
            now=self._clock.now(),
            voters=self.voters(head.text),
        )
        return await self._deciding.conclude(wish, await self._deciding.bring_about(wish))

    async def roll_back(self, head: Generation) -> bool:
        """Take back what nobody confirmed in time; False when too few nodes are there to decide.

        Raises OSError when this node's disk refuses.
        """
        parent = self._voter.read(head.parent)
        if parent is None:
            return False  # it is on its way from the others
        wish = confirming.roll_back(
            head,
            parent,
            node=self._view.me,
            now=self._clock.now(),
            voters=self.voters(parent.text),
        )
        return not isinstance(await self._deciding.bring_about(wish), Short)

    def fall_back(self, head: Generation) -> None:
        """Use what was there before `head`, until it is decided what becomes of that."""
        parent = self._voter.read(head.parent)
        if parent is None or self._view.stands_for == head.order:
            return
        log.warning(
            "nobody confirmed generation %d, and too few nodes are there to take it back:"
            " generation %d is used",
            head.number,
            parent.number,
        )
        self._view.stands_for = head.order
        self._use(parent)

    # inside

    async def _base(self, asked: Asked) -> Order:
        """The place of the generation that the text was made from."""
        head = self._voter.disk.head
        if asked.base is not None and asked.base > head.number:
            await self._deciding.finish()
            head = self._voter.disk.head
        if asked.base is None or (asked.base == head.number and asked.epoch in (None, head.epoch)):
            return head.order
        known = [
            record.order
            for record in self._voter.disk.history.values()
            if record.order[1] == asked.base and asked.epoch in (None, record.order[0])
        ]
        if asked.request and asked.request == head.request and known:
            return max(known)
        place = max(known, default=None)
        if place is not None:
            same = await asyncio.to_thread(self._deciding.says_the_same, head, place)
            if same:  # only the users were changed
                return head.order
        raise await self._deciding.conflict(head, place, asked.base)

    def _wish(self, asked: Asked, base: Order, text: str, configuration: Configuration) -> Wish:
        head = self._voter.disk.head
        confirm_by = None if asked.confirm is None else self._clock.now() + asked.confirm
        ids = assign({k: frozenset(v) for k, v in head.groups.items()}, configuration)
        return Wish(
            request=asked.request or self._new_id(),
            base=base,
            text=text,
            author=asked.author,
            node=self._view.me,
            saved_at=self._clock.now(),
            voters=joining.voters(configuration, head.voters, self._known.incarnations()),
            comment=asked.comment,
            groups={group: tuple(sorted(vips)) for group, vips in ids.items()},
            forced=asked.forced,
            confirm_by=confirm_by,
            users=head.users or self._users.seed(),
        )

    def voters(self, text: str) -> dict[str, str]:
        """Who decides after a Save of a text that was saved before."""
        configuration = self._check(text).configuration or Configuration()
        before = self._voter.disk.head.voters
        return joining.voters(configuration, before, self._known.incarnations())

    async def _unchanged(self, wish: Wish, head: Generation) -> Saved:
        """The text is what is there; whether that is still the newest, a majority has to say."""
        outcome = await self._deciding.finish()
        present = self._voter.disk.head
        if present.hash != head.hash:
            raise await self._deciding.conflict(present, wish.base, head.number)
        if isinstance(outcome, Short):
            raise short(outcome, forced=False)
        return Saved(generation=head, nodes=self._known.having(head.order), changed=False)

    def _use(self, generation: Generation) -> None:
        checked = self._check(generation.text)
        if checked.configuration is None:
            log.error("generation %d cannot be read: %s", generation.number, checked.errors)
            return
        ids = {group: frozenset(vips) for group, vips in generation.groups.items()}
        self._view.generation = generation
        self._view.configuration = checked.configuration
        self._view.groups = groups(checked.configuration, ids)
        self._view.touch()
