"""Broken protocols: each differs from the sound one in one place, by another function there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from lvsm.core import epochs
from lvsm.core.generation import Epoch, Generation
from lvsm.core.replication import acceptor, catching_up, history, proposer, serving
from lvsm.core.replication.acceptor import Answer
from lvsm.core.replication.ballots import NEVER, needed
from lvsm.core.replication.disk import Disk, Step
from lvsm.core.replication.messages import (
    Accept,
    Deliver,
    Envelope,
    Inventory,
    Learn,
    Prepare,
    Promise,
    Want,
)
from lvsm.core.replication.outcomes import Finish, Short
from lvsm.core.replication.proposal import Event, Patience, Proposal, Received
from lvsm.core.replication.proposer import Turn
from lvsm.core.replication.serving import Heard, Serving
from lvsm.core.replication.wishes import Wish
from tests.simulation.parts import Load, Parts, Start

Answering = Callable[[Disk, Envelope], Answer]


# Voters


def answering(change: Callable[[Disk, Envelope, Answer], Answer]) -> Parts:
    """A voter whose sound answer is changed."""
    return Parts(answer=lambda disk, got: change(disk, got, acceptor.answer(disk, got)))


def keeps_no_promise(disk: Disk, envelope: Envelope) -> Answer:
    """Accepts whatever comes, also below what was promised."""
    if isinstance(envelope.message, Accept):
        disk = replace(disk, promised=NEVER)
    return acceptor.answer(disk, envelope)


def hides_votes(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    del disk, envelope
    reply = answer.reply
    if isinstance(reply, Promise):
        reply = replace(reply, vote=None)
    return replace(answer, reply=reply)


def believes_the_last(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    """Takes what it is told for the head, also what is older."""
    del disk
    message = envelope.message
    return with_disk(answer, head=message.generation) if isinstance(message, Learn) else answer


def keeps_no_file(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    del disk, envelope
    return replace(answer, step=Step(disk=answer.step.disk))


def never_asks(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    """Does not fetch what it lacks."""
    del disk, envelope
    return replace(answer, reply=None) if isinstance(answer.reply, Want) else answer


def tells_its_line_only(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    """What was displaced is not in the inventory."""
    del envelope
    reply = answer.reply
    if not isinstance(reply, Inventory):
        return answer
    kept = set(history.line(disk.history, disk.head.hash))
    return replace(
        answer, reply=Inventory(records=tuple(r for r in reply.records if r.hash in kept))
    )


def drops_what_it_displaces(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    """A new head from elsewhere takes the place of what this node had."""
    del disk, envelope
    after = answer.step.disk
    kept = set(history.line(after.history, after.head.hash))
    return with_disk(answer, history={key: r for key, r in after.history.items() if key in kept})


def with_disk(answer: Answer, **changes: Any) -> Answer:
    disk = replace(answer.step.disk, **changes)
    return replace(answer, step=Step(disk=disk, keep=answer.step.keep))


def votes_without_memory(disk: Disk, envelope: Envelope) -> Answer:
    """A new disk takes the lost one's vote over."""
    admitted = disk.head.voters.get(disk.me)
    if admitted is None or not isinstance(envelope.message, Prepare | Accept):
        return acceptor.answer(disk, envelope)
    answer = acceptor.answer(replace(disk, incarnation=admitted), envelope)
    return with_disk(answer, incarnation=disk.incarnation)


def takes_any_disk(state: Proposal, event: Event) -> Turn:
    """The proposer's half of it: an answer counts for the name, whatever the disk."""
    if isinstance(event, Received):
        sender = event.envelope.sender
        admitted = state.head.voters.get(sender) or event.envelope.incarnation
        event = Received(envelope=replace(event.envelope, incarnation=admitted))
    return proposer.step(state, event)


def delivers_all_as_doubtful(disk: Disk, want: Want, load: Load) -> Deliver:
    found = catching_up.deliver(disk, want, load).generations
    return Deliver(generations=tuple(replace(one, decided=False) for one in found))


# Proposers


class OneVoteLess(Proposal, frozen=True, kw_only=True):
    """A majority that is too small by one."""

    @property
    def promises_needed(self) -> int:
        return len(self.asked) if self.forces else max(1, needed(len(self.voters)) - 1)

    @property
    def votes_needed(self) -> int:
        return len(self.targets) if self.forces else max(1, needed(len(self.voters)) - 1)


class OneVoteForForce(Proposal, frozen=True, kw_only=True):
    """A forced Save that is content with the first vote."""

    @property
    def votes_needed(self) -> int:
        return 1


class FinishesNothing(Proposal, frozen=True, kw_only=True):
    """Its own wish before what others may have decided already."""

    def chosen(self) -> Generation | None:
        wish = self.wish
        if wish is None or wish.base != self.head.order:
            return None
        return wish.after(self.head, epoch=self.begun)


class OnWhateverThereIs(Proposal, frozen=True, kw_only=True):
    """The node's head decides, not what the admin looked at."""

    def chosen(self) -> Generation | None:
        found = Proposal.chosen(self)
        if found is not None or self.wish is None:
            return found
        return self.wish.after(self.head, epoch=self.begun)


class SameEpochOnBothSides(Proposal, frozen=True, kw_only=True):
    """A forced Save's epoch is a count alone."""

    @property
    def begun(self) -> Epoch:
        return epochs.begun(max(self.epoch, self.head.epoch), 0)


class NoNewEpoch(Proposal, frozen=True, kw_only=True):
    """A forced Save stays in the epoch that it found."""

    @property
    def begun(self) -> Epoch:
        return self.head.epoch


def proposing(kind: type[Proposal]) -> Parts:
    """Proposers of that kind."""

    def start(disk: Disk, wish: Wish | None, *, run: str, patience: Patience | None = None) -> Turn:
        state, commands = proposer.start(disk, wish, run=run, patience=patience)
        return kind(**msgspec.structs.asdict(state)), commands

    started: Start = start
    return Parts(start=started)


def tells_the_admin_first(state: Proposal, event: Event) -> Turn:
    """The answer goes out before this node's own disk has it."""
    state, commands = proposer.step(state, event)
    return state, tuple(sorted(commands, key=lambda command: not isinstance(command, Finish)))


def is_always_sure(state: Proposal, event: Event) -> Turn:
    """Says no where nobody can know."""
    state, commands = proposer.step(state, event)
    return state, tuple(map(_sure, commands))


def _sure(command: Any) -> Any:
    if isinstance(command, Finish) and isinstance(command.outcome, Short):
        short = command.outcome
        outcome = Short(needed=short.needed, voters=short.voters, reached=short.reached)
        return Finish(outcome=outcome)
    return command


# What a Save leads to


def confirms_without_a_majority(disk: Disk, heard: Mapping[str, Heard]) -> Serving:
    seen = serving.serving(disk, heard)
    return Serving(generation=seen.generation, missing=0)


MUTANTS: dict[str, tuple[Parts, str]] = {
    "a majority too small": (proposing(OneVoteLess), "has successors"),
    "an answer before it is durable": (Parts(fsync=False), "has successors|lost an ackn"),
    "the state before its files": (Parts(files_first=False), "named but not kept"),
    "a promise that is not kept": (Parts(answer=keeps_no_promise), "has successors"),
    "a vote that is not told": (answering(hides_votes), "has successors"),
    "a head that goes back": (answering(believes_the_last), "went back|newest decided"),
    "a generation without its file": (answering(keeps_no_file), "named but not kept"),
    "a node that never fetches": (answering(never_asks), "histories after|lost an ackn"),
    "displaced ones are not told of": (answering(tells_its_line_only), "histories after|lost an"),
    "displaced ones are dropped": (answering(drops_what_it_displaces), "lost an ackn|histories"),
    "what is delivered counts for nothing": (Parts(deliver=delivers_all_as_doubtful), "histories"),
    "the own wish first": (proposing(FinishesNothing), "has successors"),
    "force with one epoch on both sides": (proposing(SameEpochOnBothSides), "two generations are"),
    "force without a new epoch": (proposing(NoNewEpoch), "has successors|two generations"),
    "the admin is told too early": (Parts(step=tells_the_admin_first), "told before"),
    "a no that may be a yes": (Parts(step=is_always_sure), "was refused, and is there"),
    "confirmed without a majority": (
        Parts(serving=confirms_without_a_majority),
        "confirms what is old",
    ),
}
"""Each with what the laws say of it."""
