"""What a node has to refuse."""

from __future__ import annotations

from typing import Any

import msgspec

from lvsm.core import epochs
from lvsm.core.replication import acceptor, messages
from lvsm.core.replication.acceptor import Answer
from lvsm.core.replication.ballots import Ballot
from lvsm.core.replication.disk import Step
from lvsm.core.replication.messages import (
    Accept,
    Behind,
    Deliver,
    Inventory,
    Learn,
    Learned,
    Outbid,
    Prepare,
    Promise,
    Superseded,
)
from tests.unit.core.replication.samples import MESSAGES
from tests.unit.core.replication.stories import cluster

FORCED = epochs.begun(1, 7)


def test_a_vote_for_what_cannot_follow_is_refused() -> None:
    world = cluster(1)
    n1 = world.nodes["n1"]
    head = n1.disk.head
    good = world.wish(n1, base=head.order).after(head, epoch=1)
    wrong: list[dict[str, Any]] = [{"parent": "0" * 64}, {"number": 9}, {"voters": {}}]
    for changes in wrong:
        bad = msgspec.structs.replace(good, **changes)
        ballot = Ballot(round=9, node="n1", run="x")
        message = Accept(parent=head.order, ballot=ballot, generation=bad)
        answer = acceptor.answer(n1.disk, n1.envelope(message))
        assert isinstance(answer.reply, messages.Unfit)
        assert answer.step == Step(disk=n1.disk)


def ballot(round_: int) -> Ballot:
    return Ballot(round=round_, node="n1", run="x")


def test_a_promise_holds_and_may_be_asked_for_again() -> None:
    n1 = cluster(1).nodes["n1"]
    parent = n1.disk.head.order
    prepare = n1.envelope(Prepare(parent=parent, ballot=ballot(5)))
    first = acceptor.answer(n1.disk, prepare)
    assert first.step.disk.promised == ballot(5)
    assert acceptor.answer(first.step.disk, prepare) == first
    value = msgspec.structs.replace(n1.disk.head, number=2, parent=n1.disk.head.hash)
    for message in (
        Prepare(parent=parent, ballot=ballot(4)),
        Accept(parent=parent, ballot=ballot(4), generation=value),
    ):
        lower = acceptor.answer(first.step.disk, n1.envelope(message))
        assert lower.reply == Outbid(parent=parent, ballot=ballot(4), promised=ballot(5))
        assert lower.step == Step(disk=first.step.disk)


def test_a_vote_is_told_and_a_forced_one_does_not_give_way_to_a_normal_one() -> None:
    n1 = cluster(1).nodes["n1"]
    head = n1.disk.head
    forced = msgspec.structs.replace(head, number=2, parent=head.hash, epoch=FORCED)
    accept = Accept(parent=head.order, ballot=ballot(5), generation=forced)
    disk = acceptor.answer(n1.disk, n1.envelope(accept)).step.disk
    told = acceptor.answer(disk, n1.envelope(Prepare(parent=head.order, ballot=ballot(6)))).reply
    assert isinstance(told, Promise)
    assert (told.epoch, told.vote) == (FORCED, disk.vote)
    normal = Accept(
        parent=head.order, ballot=ballot(7), generation=msgspec.structs.replace(forced, epoch=1)
    )
    refused = acceptor.answer(disk, n1.envelope(normal))
    assert isinstance(refused.reply, Outbid)
    assert refused.step.disk == disk


def test_what_is_newer_or_older_here_is_told() -> None:
    n1 = cluster(1).nodes["n1"]
    head = n1.disk.head
    older, newer = (1, 0, "0" * 64), (1, 2, "0" * 64)
    ask = Prepare(parent=older, ballot=ballot(1))
    assert acceptor.answer(n1.disk, n1.envelope(ask)).reply == Superseded(
        parent=older, ballot=ballot(1), head=head
    )
    ask = Prepare(parent=newer, ballot=ballot(1))
    assert acceptor.answer(n1.disk, n1.envelope(ask)).reply == Behind(
        parent=newer, ballot=ballot(1), head=head.order
    )


def test_answers_change_nothing_and_are_not_answered() -> None:
    n1 = cluster(1).nodes["n1"]
    for message in (m for m in MESSAGES if not isinstance(m, REQUESTS)):
        assert acceptor.answer(n1.disk, n1.envelope(message)) == Answer(step=Step(disk=n1.disk))


REQUESTS = (Prepare, Accept, Learn, Learned, Inventory, Deliver)
