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

from lvsm.core.events import Happening
from lvsm.core.generation import Generation, Order
from lvsm.core.generation_events import saved, taken
from lvsm.core.groups import assign, groups
from lvsm.core.model import Configuration
from lvsm.core.replication import catching_up, confirming, joining
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.outcomes import (
    Busy,
    Committed,
    Conflict,
    Nothing,
    Outcome,
    Short,
    settled,
)
from lvsm.core.replication.proposal import Patience
from lvsm.core.replication.wishes import Wish
from lvsm.daemon.acquaintances import Acquaintances
from lvsm.daemon.checking import Checked
from lvsm.daemon.ports import Clock
from lvsm.daemon.proposing import Proposer
from lvsm.daemon.save_errors import (
    UNSURE,
    BusyError,
    ConflictError,
    InvalidError,
    NothingToConfirmError,
    UnheardNodesError,
    conflict,
    short,
)
from lvsm.daemon.saves import Asked, Saved
from lvsm.daemon.view import View
from lvsm.daemon.voter import Voter

log = logging.getLogger(__name__)

ANSWER_SECONDS = 1.5
BYTES_PER_SECOND = 4_000_000
SPREAD_SECONDS = 1.0
"""How long an answered Save waits for the nodes within reach to say that they have it."""
SETTLE_SECONDS = 3.0
"""How long a Save that met another one waits until this node knows the whole history."""


class Replicator:
    """Makes Saves, and uses what was decided: the only one that changes the view's generation."""

    def __init__(
        self,
        *,
        view: View,
        voter: Voter,
        proposer: Proposer,
        known: Acquaintances,
        clock: Clock,
        check: Callable[[str], Checked],
        new_id: Callable[[], str],
        tell: Callable[[Happening], None],
    ) -> None:
        """`check` reads and validates a text; `new_id` draws an id; `tell` tells who watches."""
        self._view = view
        self._voter = voter
        self._proposer = proposer
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
            raise UnheardNodesError(_unheard(wish))
        head = self._voter.disk.head
        if wish.text == head.text and wish.voters == head.voters and base == head.order:
            return await self._unchanged(wish, head)
        return await self._conclude(wish, await self._bring_about(wish))

    async def confirm(self, *, author: str, number: int | None, request: str) -> Saved:
        """Have the generation that waits to be confirmed hold for good; `number` says which it is.

        Raises NothingToConfirmError, and what `save` raises.
        """
        head = self._voter.disk.head
        if request and request == head.request:
            return Saved(generation=head, nodes=self._known.having(head.order), changed=False)
        if number not in (None, head.number):
            raise await self._conflict(head, None, number)
        if head.confirm_by is None:
            raise NothingToConfirmError(f"generation {head.number} does not wait to be confirmed")
        wish = confirming.confirmation(
            head,
            request=request or self._new_id(),
            author=author,
            node=self._view.me,
            now=self._clock.now(),
            voters=self._voters(head.text),
        )
        return await self._conclude(wish, await self._bring_about(wish))

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
            voters=self._voters(parent.text),
        )
        return not isinstance(await self._bring_about(wish), Short)

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

    async def finish(self) -> Outcome:
        """Finish what others began, and learn what is newest; raises OSError."""
        return await self._proposer.bring_about(None, self._patience(""))

    # inside

    async def _base(self, asked: Asked) -> Order:
        """The place of the generation that the text was made from."""
        head = self._voter.disk.head
        if asked.base is not None and asked.base > head.number:
            await self.finish()
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
        raise await self._conflict(head, max(known) if known else None, asked.base)

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
        )

    def _voters(self, text: str) -> dict[str, str]:
        """Who decides after a Save of a text that was saved before."""
        configuration = self._check(text).configuration or Configuration()
        before = self._voter.disk.head.voters
        return joining.voters(configuration, before, self._known.incarnations())

    async def _unchanged(self, wish: Wish, head: Generation) -> Saved:
        """The text is what is there; whether that is still the newest, a majority has to say."""
        outcome = await self.finish()
        present = self._voter.disk.head
        if present.hash != head.hash:
            raise await self._conflict(present, wish.base, head.number)
        if isinstance(outcome, Short):
            raise short(outcome, forced=False)
        return Saved(generation=head, nodes=self._known.having(head.order), changed=False)

    async def _bring_about(self, wish: Wish) -> Outcome:
        outcome = await self._proposer.bring_about(wish, self._patience(wish.text))
        if isinstance(outcome, Conflict) and outcome.tried is not None:
            await self._known.until(self._complete, SETTLE_SECONDS)
            outcome = settled(outcome, self._voter.disk.history, self._voter.read)
        return outcome

    def _complete(self) -> bool:
        """Whether this node knows what the nodes within reach know."""
        own = catching_up.status(self._voter.disk).digest
        return all(heard.status.digest == own for heard in self._known.fresh().values())

    async def _conclude(self, wish: Wish, outcome: Outcome) -> Saved:
        match outcome:
            case Committed(generation=generation, nodes=nodes):
                order = generation.order
                await self._known.until(lambda: self._known.all_have(order), SPREAD_SECONDS)
                log.info("generation %d saved by %s", generation.number, generation.author)
                have = nodes | self._known.having(order)
                return Saved(generation=generation, nodes=have, changed=True)
            case Conflict(head=head):
                raise await self._conflict(head, wish.base, wish.base[1])
            case Short():
                raise short(outcome, forced=wish.forced)
            case Busy(unsure=unsure):
                raise BusyError(
                    "others are saving at the same time, again and again: try once more"
                    + (UNSURE if unsure else "")
                )
            case Nothing():
                raise TypeError("a Save ended without having been made")

    async def _conflict(self, head: Generation, base: Order | None, number: int) -> ConflictError:
        return await asyncio.to_thread(self._compared, head, base, number)

    def _compared(self, head: Generation, base: Order | None, number: int) -> ConflictError:
        before = None if base is None else self._voter.read(base[2])
        age = max(0.0, self._clock.now() - head.saved_at)
        return conflict(head, before, number=number, age=age)

    def _patience(self, text: str) -> Patience:
        """Who was not heard for seconds is asked once only: it may just be coming back."""
        silent = set(self._voter.disk.head.voters) - set(self._known.fresh()) - {self._view.me}
        return Patience(
            answer=ANSWER_SECONDS + len(text) / BYTES_PER_SECOND, resends=0 if silent else 2
        )

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


def _unheard(wish: Wish) -> str:
    names = ", ".join(sorted(name for name, known in wish.voters.items() if not known))
    return (
        f"nothing was saved: too few of the {len(wish.voters)} nodes that it names have ever been"
        f" heard here (not yet: {names}), so nobody could save after it. Start plvsd there first"
    )
