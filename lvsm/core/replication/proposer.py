"""A node that wants something saved: (proposal, event) -> (proposal', commands).

    PREPARING ──majority promised──► ACCEPTING ──majority accepted──► DONE: committed or conflict
        ▲  ╲                           │
        │    ╲──────── outbid ─────────┤
        │              WAITING ◄───────┘
        └──time is up──┘               a newer head, or too few nodes ──► DONE

Law: whatever a majority may have decided already is finished before anything of one's own is
proposed, and the commands are performed in their order: the end of a Save comes after this node's
own disk knows of it. A proposer may die at any point; its votes lie on the disks of others, and the
next proposer finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec.structs import replace

from lvsm.core.generation import Generation
from lvsm.core.replication.disk import Disk
from lvsm.core.replication.joining import can_decide, may_vote
from lvsm.core.replication.messages import (
    About,
    Accepted,
    Behind,
    Disqualified,
    Envelope,
    Learn,
    Outbid,
    Promise,
    Stranger,
    Superseded,
)
from lvsm.core.replication.outcomes import (
    Arm,
    Busy,
    Command,
    Committed,
    Conflict,
    Finish,
    Nothing,
    Outcome,
    Send,
    Short,
)
from lvsm.core.replication.proposal import Event, Patience, Phase, Proposal, Received, TimedOut
from lvsm.core.replication.wishes import Wish

Turn: TypeAlias = tuple[Proposal, tuple[Command, ...]]


def start(disk: Disk, wish: Wish | None, *, run: str, patience: Patience | None = None) -> Turn:
    """Begin a Save, or with no wish, to finish what others began.

    `run` is a text that this node has never used before. Raises ValueError for a wish that leaves
    nobody to decide what comes after it (`joining.can_decide`).
    """
    if wish is not None and not can_decide(wish.voters, forced=wish.forced):
        raise ValueError("too few of this Save's voters have an incarnation")
    state = Proposal(
        me=disk.me,
        run=run,
        genesis=disk.genesis,
        wish=wish,
        patience=patience or Patience(),
        head=disk.head,
        epoch=disk.epoch,
    )
    if wish is not None and wish.came_true(disk.head):
        return _end(state, Committed(generation=disk.head, nodes=frozenset({disk.me})))
    if wish is not None and wish.base < disk.head.order:
        return _end(state, Conflict(head=disk.head))
    return _prepare(state)


def step(state: Proposal, event: Event) -> Turn:
    """What follows from an event; one that is late or for another attempt changes nothing."""
    if isinstance(event, TimedOut):
        on_time = _ON_TIME.get(state.phase)
        return (state, ()) if on_time is None else on_time(state)
    message = event.envelope.message
    handler = _ON_MESSAGE.get((state.phase, type(message)))
    if handler is None or not _is_answer(state, event):
        return state, ()
    return handler(state, event.envelope, message)


def _is_answer(state: Proposal, event: Received) -> bool:
    """Whether a message answers the present request, and comes from who was asked."""
    envelope, message = event.envelope, event.envelope.message
    if isinstance(message, Stranger):
        return envelope.sender in state.asked
    if not isinstance(message, About) or envelope.genesis != state.genesis:
        return False
    if message.parent != state.head.order:
        return False
    if isinstance(message, Superseded):
        return True
    return message.ballot == state.ballot and (
        not isinstance(message, Promise | Accepted) or _counts(state, envelope)
    )


def _counts(state: Proposal, envelope: Envelope) -> bool:
    """Whether a promise or vote counts: a voter's, or of whoever is asked by a forced Save."""
    if state.forces:
        return envelope.sender in state.asked
    return may_vote(state.head, envelope.sender, envelope.incarnation)


def _prepare(state: Proposal, *first: Command) -> Turn:
    """Begin an attempt under a ballot higher than all that were met."""
    if state.attempt >= state.patience.attempts:
        return _end(state, Busy(attempts=state.attempt, unsure=state.own is not None), *first)
    round_ = state.highest + 1
    state = replace(
        state,
        phase=Phase.PREPARING,
        round=round_,
        highest=round_,
        attempt=state.attempt + 1,
        promises={},
        counted=frozenset(),
        accepts=frozenset(),
        targets=frozenset(),
        value=None,
    )
    return _ask(state, state.asked, *first)


def _ask(state: Proposal, names: frozenset[str], *first: Command) -> Turn:
    """Send the present request and wait for answers."""
    sends = tuple(Send(to=name, message=state.request) for name in state.first(names))
    state = replace(state, resends=0, taught=frozenset())
    return state, (*first, *sends, Arm(seconds=state.patience.answer))


def _promised(state: Proposal, envelope: Envelope, message: Promise) -> Turn:
    sender = envelope.sender
    genuine = may_vote(state.head, sender, envelope.incarnation)
    state = replace(
        state,
        promises={**state.promises, sender: message.vote},
        counted=state.counted | {sender} if genuine else state.counted,
        epoch=max(state.epoch, message.epoch),
    )
    return _propose(state) if len(state.promises) >= state.promises_needed else (state, ())


def _propose(state: Proposal) -> Turn:
    """Enough have promised: ask for votes."""
    value = state.chosen()
    if value is None:
        return _end(state, Nothing() if state.wish is None else Conflict(head=state.head))
    own = value if state.wish is not None and state.wish.came_true(value) else state.own
    targets = frozenset(state.promises) if state.forces else state.voters
    state = replace(state, phase=Phase.ACCEPTING, value=value, own=own, targets=targets)
    return _ask(state, targets)


def _accepted(state: Proposal, envelope: Envelope, message: Accepted) -> Turn:
    del message
    state = replace(state, accepts=state.accepts | ({envelope.sender} & state.targets))
    if len(state.accepts) < state.votes_needed or state.value is None:
        return state, ()
    value = state.value
    everybody = state.voters | set(value.voters) | {state.me}
    learns = tuple(Send(to=n, message=Learn(generation=value)) for n in state.first(everybody))
    return _end(state, _judged(state, value), *learns)


def _judged(state: Proposal, value: Generation) -> Outcome:
    if state.wish is None or state.wish.came_true(value):
        return Committed(generation=value, nodes=state.accepts)
    return _conflict(state, value)


def _conflict(state: Proposal, head: Generation) -> Conflict:
    return Conflict(head=head, tried=state.own.hash if state.own is not None else None)


def _superseded(state: Proposal, envelope: Envelope, message: Superseded) -> Turn:
    """Somebody has a newer head: it is ours, or it is what we started from, or a conflict."""
    head, wish, own = message.head, state.wish, state.own
    if head.order <= state.head.order:
        return state, ()
    learn = Send(to=state.me, message=Learn(generation=head))
    if wish is None:
        return _end(state, Nothing(), learn)
    if wish.came_true(head):
        return _end(state, Committed(generation=head, nodes=frozenset({envelope.sender})), learn)
    if own is not None and head.parent == own.hash:
        return _end(state, Committed(generation=own, nodes=frozenset({envelope.sender})), learn)
    if own is None and wish.base >= head.order:
        return _prepare(replace(state, head=head), learn)
    return _end(state, _conflict(state, head), learn)


def _behind(state: Proposal, envelope: Envelope, message: Behind) -> Turn:
    """A voter was away: tell it the head, and ask again; once, the timer does the rest."""
    del message
    sender = envelope.sender
    if sender in state.taught or sender not in state.asked:
        return state, ()
    state = replace(state, taught=state.taught | {sender})
    learn = Send(to=sender, message=Learn(generation=state.head))
    return state, (learn, Send(to=sender, message=state.request))


def _outbid(state: Proposal, envelope: Envelope, message: Outbid) -> Turn:
    """Somebody else is at it: stand back, then try above its ballot."""
    del envelope
    highest = max(state.highest, message.promised.round)
    state = replace(state, phase=Phase.WAITING, highest=highest)
    return state, (state.patience.before(state.attempt),)


def _disqualified(state: Proposal, envelope: Envelope, message: Disqualified) -> Turn:
    del message
    return replace(state, lost=state.lost | {envelope.sender}), ()


def _stranger(state: Proposal, envelope: Envelope, message: Stranger) -> Turn:
    del message
    return replace(state, strangers=state.strangers | {envelope.sender}), ()


def _no_promises(state: Proposal) -> Turn:
    """Too few have promised in time: ask the others again, then take who is there or give up."""
    if state.resends < state.patience.resends:
        return _ask_again(state)
    if state.forces and state.promises:
        return _propose(state)
    return _end(state, _short(state, frozenset(state.promises)))


def _no_votes(state: Proposal) -> Turn:
    """Too few have accepted in time; who forces does without those that went away meanwhile."""
    if state.resends < state.patience.resends:
        return _ask_again(state)
    if state.forces:
        return _prepare(state)
    return _end(state, _short(state, state.accepts))


def _ask_again(state: Proposal) -> Turn:
    again, resends = state.silent, state.resends + 1
    state, commands = _ask(state, again)
    return replace(state, resends=resends), commands


def _short(state: Proposal, reached: frozenset[str]) -> Short:
    return Short(
        needed=1 if state.forces else state.votes_needed,
        voters=state.asked,
        reached=reached,
        lost=state.lost,
        strangers=state.strangers,
        unsure=state.own is not None,
    )


def _end(state: Proposal, outcome: Outcome, *first: Command) -> Turn:
    return replace(state, phase=Phase.DONE), (*first, Finish(outcome=outcome))


_ASKING = (Phase.PREPARING, Phase.ACCEPTING)
_WAKING = (*_ASKING, Phase.WAITING)

_ON_MESSAGE: Mapping[tuple[Phase, type], Callable[[Proposal, Envelope, Any], Turn]] = {
    (Phase.PREPARING, Promise): _promised,
    (Phase.ACCEPTING, Accepted): _accepted,
    **{(phase, Superseded): _superseded for phase in _WAKING},
    **{(phase, Behind): _behind for phase in _ASKING},
    **{(phase, Outbid): _outbid for phase in _ASKING},
    **{(phase, Disqualified): _disqualified for phase in _ASKING},
    **{(phase, Stranger): _stranger for phase in _ASKING},
}

_ON_TIME: Mapping[Phase, Callable[[Proposal], Turn]] = {
    Phase.PREPARING: _no_promises,
    Phase.ACCEPTING: _no_votes,
    Phase.WAITING: _prepare,
}
