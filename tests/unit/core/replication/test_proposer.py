from __future__ import annotations

from dataclasses import replace
from random import Random

import msgspec
import pytest

from lvsm.core import epochs
from lvsm.core.replication import proposer
from lvsm.core.replication.ballots import Ballot
from lvsm.core.replication.disk import Disk, Vote, committed, fresh
from lvsm.core.replication.messages import (
    Accept,
    Accepted,
    Behind,
    Envelope,
    Learn,
    Message,
    Outbid,
    Prepare,
    Promise,
)
from lvsm.core.replication.outcomes import Arm, Busy, Conflict, Finish, Nothing, Send, Short
from lvsm.core.replication.proposal import Patience, Phase, Proposal, Received, TimedOut
from lvsm.core.replication.wishes import Wish

NAMES = ("n1", "n2", "n3")
DISK: Disk = fresh("n2", "b", NAMES)
FORCED = epochs.begun(1, 7)
MET = epochs.begun(FORCED, 5)
WISH = Wish(
    request="r1",
    base=DISK.head.order,
    text="x",
    author="admin",
    node="n2",
    saved_at=1.0,
    voters={"n1": "a", "n2": "b"},
)


def begun(wish: Wish | None = WISH, patience: Patience | None = None) -> Proposal:
    return proposer.start(DISK, wish, run="run1", patience=patience)[0]


def said(sender: str, message: Message) -> Received:
    envelope = Envelope(genesis=DISK.genesis, sender=sender, incarnation="i", message=message)
    return Received(envelope=envelope)


def promise(state: Proposal, *, epoch: int = 1) -> Promise:
    return Promise(parent=state.head.order, ballot=state.ballot, epoch=epoch)


def outbid(state: Proposal, round_: int) -> Outbid:
    promised = Ballot(round=round_, node="n9", run="x")
    return Outbid(parent=state.head.order, ballot=state.ballot, promised=promised)


def test_it_asks_all_voters_itself_first_and_waits() -> None:
    _, commands = proposer.start(DISK, WISH, run="run1")
    *sends, arm = commands
    assert [send.to for send in sends if isinstance(send, Send)] == ["n2", "n1", "n3"]
    assert all(isinstance(send, Send) and isinstance(send.message, Prepare) for send in sends)
    assert arm == Arm(seconds=Patience().answer)


def test_a_majority_of_promises_is_asked_for_votes() -> None:
    state = begun()
    state, nothing = proposer.step(state, said("n1", promise(state)))
    assert nothing == ()
    again, nothing = proposer.step(state, said("n1", promise(state)))
    assert (again, nothing) == (state, ())
    state, commands = proposer.step(state, said("n2", promise(state)))
    assert state.phase is Phase.ACCEPTING
    accepts = [c.message for c in commands if isinstance(c, Send)]
    assert len(accepts) == 3
    assert all(isinstance(a, Accept) and WISH.came_true(a.generation) for a in accepts)


def test_promises_of_others_and_for_other_ballots_do_not_count() -> None:
    state = begun()
    stale = msgspec.structs.replace(state, round=7)
    for event in (said("n4", promise(state)), said("n1", promise(stale))):
        assert proposer.step(state, event) == (state, ())
    other = Envelope(genesis="0" * 64, sender="n1", incarnation="i", message=promise(state))
    assert proposer.step(state, Received(envelope=other)) == (state, ())


def test_who_was_outbid_stands_back_longer_each_time_and_bids_higher() -> None:
    state, waits = begun(patience=Patience(attempts=4)), []
    for round_ in (5, 9, 20):
        state, commands = proposer.step(state, said("n1", outbid(state, round_)))
        (arm,) = commands
        assert isinstance(arm, Arm)
        waits.append(arm)
        assert state.phase is Phase.WAITING
        state, _ = proposer.step(state, TimedOut())
        assert state.round == round_ + 1
    assert waits[0].seconds < waits[1].seconds < waits[2].seconds
    assert all(arm.spread > 0 for arm in waits)
    state, _ = proposer.step(state, said("n1", outbid(state, 30)))
    state, commands = proposer.step(state, TimedOut())
    assert commands == (Finish(outcome=Busy(attempts=4, unsure=False)),)


def test_a_back_off_has_a_limit() -> None:
    assert Patience().before(10**9).seconds == Patience().longest_back_off / 2


def test_a_voter_that_was_away_is_told_the_head_once() -> None:
    state = begun()
    behind = Behind(parent=state.head.order, ballot=state.ballot, head=state.head.order)
    state, commands = proposer.step(state, said("n1", behind))
    learn, ask = (c.message for c in commands if isinstance(c, Send))
    assert isinstance(learn, Learn)
    assert ask == state.request
    assert proposer.step(state, said("n1", behind)) == (state, ())


def test_silence_ends_it_after_some_times_asking_again() -> None:
    state = begun()
    state, _ = proposer.step(state, said("n3", promise(state)))
    for _ in range(Patience().resends):
        state, commands = proposer.step(state, TimedOut())
        assert {c.to for c in commands if isinstance(c, Send)} == {"n1", "n2"}
    state, (finish,) = proposer.step(state, TimedOut())
    assert isinstance(finish, Finish)
    short = finish.outcome
    assert isinstance(short, Short)
    assert (short.needed, short.missing) == (2, 1)
    assert short.reached == {"n3"}


def test_after_the_end_nothing_changes() -> None:
    state = msgspec.structs.replace(begun(), phase=Phase.DONE)
    for event in (TimedOut(), said("n1", promise(state)), said("n1", outbid(state, 9))):
        assert proposer.step(state, event) == (state, ())


def test_without_a_wish_nothing_is_proposed() -> None:
    state = begun(None)
    for name in ("n1", "n3"):
        state, commands = proposer.step(state, said(name, promise(state)))
    assert commands == (Finish(outcome=Nothing()),)


def test_a_base_that_no_majority_knows_is_a_conflict() -> None:
    state = begun(replace(WISH, base=(3, 9, "0" * 64)))
    for name in ("n1", "n3"):
        state, commands = proposer.step(state, said(name, promise(state)))
    assert commands == (Finish(outcome=Conflict(head=DISK.head)),)


def test_a_forced_save_begins_an_epoch_that_nobody_has_met() -> None:
    state = begun(replace(WISH, forced=True))
    for name in NAMES:
        state, _ = proposer.step(state, said(name, promise(state, epoch=MET)))
    assert state.value is not None
    assert epochs.count(state.value.epoch) == epochs.count(MET) + 1
    assert state.value.number == 1
    assert state.votes_needed == 3


def vote(state: Proposal, text: str, *, round_: int, epoch: int) -> Promise:
    """A promise of a node that has voted for that text."""
    generation = replace(WISH, text=text, request=text).after(state.head, epoch=1)
    generation = msgspec.structs.replace(generation, epoch=epoch)
    before = Vote(ballot=Ballot(round=round_, node="n9", run="x"), generation=generation)
    return msgspec.structs.replace(promise(state), vote=before)


def test_the_latest_epoch_is_finished_then_the_highest_ballot() -> None:
    state = begun()
    state, _ = proposer.step(state, said("n1", vote(state, "forced", round_=1, epoch=FORCED)))
    state, _ = proposer.step(state, said("n3", vote(state, "normal", round_=9, epoch=1)))
    assert state.value is not None
    assert state.value.text == "forced"
    state = begun()
    state, _ = proposer.step(state, said("n1", vote(state, "newer", round_=5, epoch=1)))
    state, _ = proposer.step(state, said("n3", vote(state, "older", round_=4, epoch=1)))
    assert state.value is not None
    assert state.value.text == "newer"


def forced_alone(epoch: int) -> str:
    """What a forced Save asks votes for that reaches one node, and that one has a vote."""
    state = begun(replace(WISH, forced=True))
    state, _ = proposer.step(state, said("n1", vote(state, "theirs", round_=1, epoch=epoch)))
    for _ in range(Patience().resends + 1):
        state, _ = proposer.step(state, TimedOut())
    assert state.value is not None
    return state.value.text


def test_force_without_a_majority_leaves_a_normal_vote_behind_and_finishes_a_forced_one() -> None:
    assert forced_alone(epoch=1) == WISH.text
    assert forced_alone(epoch=FORCED) == "theirs"


def test_an_old_base_is_a_conflict_without_asking_anybody() -> None:
    head = msgspec.structs.replace(DISK.head, number=1, parent=DISK.head.hash)
    disk = committed(DISK, head).disk
    _, commands = proposer.start(disk, WISH, run="run1")
    assert commands == (Finish(outcome=Conflict(head=head)),)


def test_a_save_that_leaves_nobody_to_decide_is_a_mistake_of_ours() -> None:
    for voters in ({}, {"n1": ""}, {"n1": "a", "n2": ""}):
        with pytest.raises(ValueError, match="voters"):
            begun(replace(WISH, voters=voters))


def test_any_order_and_repetition_of_answers_commits_once() -> None:
    for seed in range(50):
        random, state, ends = Random(seed), begun(), 0
        answers: list[Received] = []
        for _ in range(40):
            answers += [said(n, promise(state)) for n in NAMES]
            answers += [said(n, accepted(state)) for n in NAMES]
            state, commands = proposer.step(state, random.choice(answers))
            ends += sum(isinstance(command, Finish) for command in commands)
        assert ends == 1


def accepted(state: Proposal) -> Message:
    return Accepted(parent=state.head.order, ballot=state.ballot)
