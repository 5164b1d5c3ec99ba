"""Clusters under every kind of trouble keep the laws, and broken ones are found out.

Each law is shown to be able to fail: the second half breaks the protocol in one place each, and the
same runs find it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lvsm.core.replication import acceptor, proposal
from lvsm.core.replication.acceptor import Answer
from lvsm.core.replication.ballots import NEVER
from lvsm.core.replication.disk import Disk, Step
from lvsm.core.replication.messages import Accept, Envelope, Learn, Promise, Want
from tests.unit.core.replication import chaos
from tests.unit.core.replication.world import World

LOSSES: dict[Callable[[World], None], int] = {
    chaos.force: 10,
    chaos.lose_disk: 30,
    chaos.crash: 6,
}
"""More forced Saves, lost disks and crashes than normal ones."""

Answering = Callable[[Disk, Envelope], Answer]


@pytest.mark.parametrize("seeds", [range(n, n + 20) for n in range(0, 120, 20)])
def test_the_laws_hold_under_trouble(seeds: range) -> None:
    for seed in seeds:
        chaos.run(seed)


@settings(deadline=None, max_examples=60)
@given(st.integers(min_value=1_000_000))
def test_the_laws_hold_under_any_trouble(seed: int) -> None:
    chaos.run(seed, steps=200)


@settings(deadline=None, max_examples=60)
@given(st.integers(min_value=1_000_000))
def test_the_laws_hold_when_disks_are_lost(seed: int) -> None:
    chaos.run(seed, nodes=3, steps=200, more=LOSSES)


def test_the_trouble_is_of_every_kind() -> None:
    """The runs above would prove nothing if no Save ever met another, or a crash, or a force."""
    seen: Counter[str] = Counter()
    for seed in range(80):
        world = chaos.run(seed, more=LOSSES if seed % 2 else {})
        seen.update(type(outcome).__name__ for outcome in world.outcomes)
        seen["disks lost"] += world.disks_lost
        nodes = world.nodes.values()
        seen["forced"] += max(node.disk.epoch for node in nodes) > 1
        seen["doubtful"] += any(not r.decided for n in nodes for r in n.disk.history.values())
    kinds = ("Committed", "Conflict", "Short", "Nothing", "disks lost", "forced")
    assert all(seen[kind] >= 5 for kind in kinds), seen
    assert seen["doubtful"], seen


def found_out(said: str, seeds: range = range(400), **how: Any) -> bool:
    """Whether the laws say that of a broken protocol, in some run."""
    for seed in seeds:
        try:
            chaos.run(seed, **how)
        except AssertionError as broken:
            if said in str(broken):
                return True
    return False


@pytest.mark.parametrize("said", ["has successors", "lost an acknowledged Save"])
def test_an_answer_before_it_is_durable_is_found_out(said: str) -> None:
    assert found_out(said, durable=False)


def _one(voters: int) -> int:
    return 1


def test_one_vote_as_a_majority_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposal, "needed", _one)
    assert found_out("has successors")


def answering(change: Callable[[Disk, Envelope, Answer], Answer]) -> Answering:
    return lambda disk, envelope: change(disk, envelope, acceptor.answer(disk, envelope))


def no_promises(disk: Disk, envelope: Envelope) -> Answer:
    """Accepts whatever comes, also below what was promised."""
    if isinstance(envelope.message, Accept):
        disk = msgspec.structs.replace(disk, promised=NEVER)
    return acceptor.answer(disk, envelope)


@answering
def hides_votes(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    reply = answer.reply
    if isinstance(reply, Promise):
        reply = msgspec.structs.replace(reply, vote=None)
    return msgspec.structs.replace(answer, reply=reply)


@answering
def believes_the_last(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    if isinstance(envelope.message, Learn):
        return with_disk(answer, head=envelope.message.generation)
    return answer


@answering
def keeps_no_file(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, step=Step(disk=answer.step.disk))


@answering
def never_asks(disk: Disk, envelope: Envelope, answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, reply=None) if isinstance(answer.reply, Want) else answer


def with_disk(answer: Answer, **changes: Any) -> Answer:
    disk = msgspec.structs.replace(answer.step.disk, **changes)
    return msgspec.structs.replace(answer, step=Step(disk=disk, keep=answer.step.keep))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (no_promises, "has successors"),
        (hides_votes, "has successors"),
        (believes_the_last, "went back"),
        (keeps_no_file, "not kept"),
        (never_asks, "lost an acknowledged Save"),
        (never_asks, "histories after healing"),
    ],
)
def test_a_broken_voter_is_found_out(broken: Answering, said: str) -> None:
    assert found_out(said, answering=broken)
