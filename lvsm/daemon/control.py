"""The control loop: the sole way from what is known to the kernel.

Law: an edit, a replicated generation, an event of heartbeat's, a question of a peer's and a timer
all do the same thing: they change the view and wake this loop. One turn of it sees the kernel,
decides who holds what, plans, performs and tells the peers; nothing else performs anything.
A failed turn is logged, shown in the status and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lvsm.core.desired import Holding, NodeState
from lvsm.core.eligibility import reason_against
from lvsm.core.errors import LvsmError
from lvsm.core.events import GroupKept, GroupOffered, GroupReleased, GroupTaken, Happening
from lvsm.core.groups import Action, Decision, decide
from lvsm.core.operation_text import command
from lvsm.core.operations import (
    Announce,
    AnyOperation,
    Failure,
    InterfaceAddress,
    KernelState,
)
from lvsm.core.verbs import HaresourcesGroup
from lvsm.daemon.ports import Clock, Kernel
from lvsm.daemon.steady import Steady
from lvsm.daemon.view import View
from lvsm.daemon.wanting import sources

log = logging.getLogger(__name__)

TURN_SECONDS = 1.0
OFFER_SECONDS = 3.0
LAST_OFFER_SECONDS = 2.0
"""How long a node whose heartbeat is gone still serves what it wants another director to take.

No neighbour hears of the address from here meanwhile, so whoever takes it is not contradicted."""
ANNOUNCE_AGAIN = (0.2, 1.0, 3.0, 10.0)
"""When an address's arrival is announced again, seconds after the first time."""


class Control:
    """Runs turns of the loop; every time is monotonic seconds."""

    def __init__(
        self,
        *,
        view: View,
        kernel: Kernel,
        clock: Clock,
        publish: Callable[[], None],
        ask: Callable[[str, str], None],
        tell: Callable[[Happening], None],
        fallback_interface: str | None,
    ) -> None:
        """`publish` tells the peers; `ask(node, group)` asks a holder to let a group go.

        `tell` tells those who watch.
        """
        self._view = view
        self._kernel = kernel
        self._clock = clock
        self._publish = publish
        self._ask = ask
        self._tell_of = tell
        self._fallback = fallback_interface
        self._steady = Steady(clock)
        self._announcements: dict[InterfaceAddress, list[float]] = {}
        self._written: tuple[HaresourcesGroup, ...] | None = None
        self._written_of: object = None
        self._told: object = None
        self.adopted = asyncio.Event()
        """Set once this node knows what it holds; before, it has nothing to tell the others."""
        self._complaint = ""

    async def run(self) -> None:
        """Turn for ever: when woken, when something is due, and at least once a second."""
        while True:
            self._view.changed.clear()
            try:
                await self.turn()
                self._complain("")
            except (LvsmError, OSError) as error:
                if isinstance(error, LvsmError) and error.code == "privileged-gone":
                    raise
                self._view.problems = (str(error),)
                self._complain(f"cannot do what is due, and will try again: {error}")
            async with self._view.stepped:
                self._view.stepped.notify_all()
            try:
                async with asyncio.timeout(self._pause()):
                    await self._view.changed.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Look again now."""
        self._view.touch()

    async def turn(self) -> None:
        """See, decide, plan, perform, tell."""
        view = self._view
        target = view.generation.hash
        view.kernel = await self._kernel.read(sources(view.configuration, view.me))
        if not self.adopted.is_set():
            self._adopt(view.kernel)
        if view.schedulers is None and view.kernel.ipvs:
            view.schedulers = await self._schedulers()
        if not (view.ready or view.held):
            return  # nothing is served by a generation that may be an old one
        now = self._clock.monotonic()
        self._choose(now)
        holding = Holding(held=frozenset(view.held), offered=frozenset(view.offered))
        step = self._steady.step(view, view.kernel, holding, self._fallback)
        view.foreign = step.foreign
        for happening in step.repairs:
            self._tell_of(happening)
        operations = (*step.operations, *self._due(step.want, now))
        failures = await self._kernel.apply(operations) if operations else ()
        self._conclude(step.want, operations, failures, now)
        self._steady.done(step, well=not failures)
        await self._write_haresources()
        if not failures:
            view.programmed = target
        self._tell()

    async def _schedulers(self) -> tuple[str, ...]:
        """Asked once; a kernel that does not say is no reason to do nothing else."""
        try:
            return await self._kernel.schedulers()
        except LvsmError as error:
            if error.code == "privileged-gone":
                raise
            log.warning("the kernel's schedulers are not known: %s", error)
            return ()

    def _adopt(self, kernel: KernelState) -> None:
        """Go on holding what an earlier plvsd held: its tables and addresses are still there."""
        if not kernel.ipvs:
            log.warning("this kernel has no IPVS: this node can be a realserver and no director")
        self._view.held = set(kernel.owned.groups) & set(self._view.groups)
        now = self._clock.monotonic()
        self._view.since = dict.fromkeys(self._view.held, now)
        if self._view.held:
            log.info("going on with the groups %s", ", ".join(sorted(self._view.held)))
            self._view.applied = True  # by the plvsd before; this turn finds out if it is not so
        self.adopted.set()

    def _choose(self, now: float) -> None:
        """Change what this node holds and offers, as `core.groups` decides."""
        view = self._view
        if not view.watched:
            return  # nothing is known of heartbeat yet: whatever is held stays
        reason = reason_against(view.situation(now))
        view.against = reason
        peers = view.peers(now, eligible=reason is None)
        for gone in (view.held | set(view.offered)) - set(view.groups):
            self._let_go(gone, "its virtual services are gone")
        for group in view.groups.values():
            if group.id in view.offered:
                self._settle_offer(group.id, now, eligible=reason is None)
            else:
                decision = decide(view.me, group, peers, view.configuration.cluster.failback)
                self._follow(group.id, decision, now)
        if view.heartbeat is None:
            self._leave(now)

    def _follow(self, group: str, decision: Decision, now: float) -> None:
        view = self._view
        match decision.action:
            case Action.TAKE if group not in view.held:
                log.info("taking %s: %s", group, decision.reason)
                self._tell_of(GroupTaken(group=group, reason=decision.reason))
                view.held.add(group)
                view.since[group] = now
            case Action.ASK if decision.holder is not None:
                self._ask(decision.holder, group)
            case Action.YIELD if group in view.held:
                self.offer(group, decision.reason)

    def asked(self, group: str, node: str) -> bool:
        """Another node asks for a group: offer it if that node may have it, and say whether."""
        known = self._view.groups.get(group)
        peer = self._view.peers(self._clock.monotonic(), eligible=True).get(node)
        if known is None or node not in known.directors or peer is None or not peer.up:
            return False  # it will ask again
        if group in self._view.held:
            self.offer(group, f"{node} asked for it")
            self._view.touch()
        return True

    def offer(self, group: str, reason: str) -> None:
        """Begin to hand a group over: served on, but no longer shown to the neighbours."""
        log.info("offering %s: %s", group, reason)
        self._tell_of(GroupOffered(group=group, reason=reason))
        self._view.held.discard(group)
        self._view.offered[group] = self._clock.monotonic() + OFFER_SECONDS

    def _settle_offer(self, group: str, now: float, *, eligible: bool) -> None:
        view = self._view
        taken = [n for n, facts in view.fresh(now).items() if group in facts.holds]
        if taken:
            self._let_go(group, f"{taken[0]} has it now")
        elif now >= view.offered[group]:
            if eligible:
                log.warning("nobody took %s within %.0f s: keeping it", group, OFFER_SECONDS)
                self._tell_of(GroupKept(group=group, reason="nobody took it"))
                del view.offered[group]
                view.held.add(group)
            else:
                self._let_go(group, "nobody took it, and this node may not hold it")

    def _leave(self, now: float) -> None:
        """Heartbeat is gone, so the others will take what this node holds: let go before that."""
        view = self._view
        for group in list(view.held):
            self.offer(group, "heartbeat does not run")
        for group, until in view.offered.items():
            view.offered[group] = min(until, now + LAST_OFFER_SECONDS)

    def _let_go(self, group: str, reason: str) -> None:
        log.info("released %s: %s", group, reason)
        self._tell_of(GroupReleased(group=group, reason=reason))
        self._view.held.discard(group)
        self._view.offered.pop(group, None)
        self._view.since.pop(group, None)

    def _conclude(
        self,
        want: NodeState,
        operations: tuple[AnyOperation, ...],
        failures: tuple[Failure, ...],
        now: float,
    ) -> None:
        view = self._view
        failed = {failure.index for failure in failures}
        for index, operation in enumerate(operations):
            if isinstance(operation, Announce) and index not in failed:
                times = [now + seconds for seconds in ANNOUNCE_AGAIN]
                self._announcements.setdefault(operation.address, times)
        if operations:
            log.info("generation %d: %s", view.generation.number, _summary(operations, failed))
        refused = tuple(f"{command(operations[f.index])}: {f.reason} ({f.code})" for f in failures)
        view.problems = (*want.problems, *refused)
        if view.applied == bool(refused):
            view.applied = not refused
            view.touch()  # it decides whether this node may hold groups
        for problem in refused:
            log.error("the kernel refused %s", problem)

    def _due(self, want: NodeState, now: float) -> tuple[Announce, ...]:
        shown = {address for group in want.groups.values() for address in group}
        due: list[Announce] = []
        for address, times in list(self._announcements.items()):
            if address not in shown or not times:
                del self._announcements[address]
            elif times[0] <= now:
                due.append(Announce(address=address))
                self._announcements[address] = [t for t in times if t > now]
        return tuple(due)

    async def _write_haresources(self) -> None:
        groups = self._view.groups
        if groups is self._written_of:
            return  # made together with the configuration, they are other ones with another one
        vips = self._view.configuration.vips
        lines = tuple(
            HaresourcesGroup(
                group=group.id,
                directors=tuple(group.directors),
                addresses=tuple(sorted({str(vips[name].ip) for name in group.vips})),
                vips=tuple(sorted(group.vips)),
            )
            for group in sorted(groups.values(), key=lambda group: group.id)
        )
        if lines != self._written:
            await self._kernel.write_haresources(lines)
            self._written = lines
        self._written_of = groups

    def _tell(self) -> None:
        told = self._view.public_state()
        if told != self._told:
            self._told = told
            self._publish()

    def _pause(self) -> float:
        now = self._clock.monotonic()
        times = [times[0] for times in self._announcements.values() if times]
        due = min([*times, *self._view.offered.values()], default=now + TURN_SECONDS)
        return min(TURN_SECONDS, max(0.0, due - now))

    def _complain(self, complaint: str) -> None:
        if complaint and complaint != self._complaint:
            log.error("%s", complaint)
        self._complaint = complaint


def _summary(operations: tuple[AnyOperation, ...], failed: set[int]) -> str:
    counts: dict[str, int] = {}
    for operation in operations:
        name = type(operation).__name__
        counts[name] = counts.get(name, 0) + 1
    parts = [f"{name} {count}" for name, count in counts.items()]
    return ", ".join(parts) + (f"; {len(failed)} refused" if failed else "")
