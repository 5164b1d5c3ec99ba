from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.replication.ballots import NEVER, Ballot, needed
from lvsm.core.replication.disk import (
    BadDiskError,
    Disk,
    Vote,
    committed,
    decode,
    encode,
    fresh,
    genesis_id,
    voted,
)
from tests.unit.core.replication.samples import (
    BALLOT,
    ballots,
    epochs,
    generations,
    hashes,
    patient,
    records,
    votes,
    words,
)

NODES = ("dir1", "dir2", "rs1")
disks = st.builds(
    Disk,
    me=words,
    incarnation=words,
    genesis=hashes,
    head=generations,
    epoch=epochs,
    promised=ballots,
    vote=st.none() | votes,
    history=st.lists(records, max_size=3).map(lambda found: {r.hash: r for r in found}),
)


@patient
@given(disks)
def test_round_trip(disk: Disk) -> None:
    assert decode(encode(disk)) == disk


@given(st.binary(max_size=60))
def test_junk_is_refused(data: bytes) -> None:
    with suppress(BadDiskError):
        decode(data)


def test_another_version_is_told() -> None:
    data = encode(fresh("dir1", "a", NODES)).replace(b'"version":1', b'"version":2')
    with pytest.raises(BadDiskError, match="version 2, this program reads 1"):
        decode(data)
    with pytest.raises(BadDiskError, match=r"\$\.disk\.epoch"):
        decode(encode(fresh("dir1", "a", NODES)).replace(b'"epoch":1', b'"epoch":0'))


def test_a_torn_file_is_refused() -> None:
    whole = encode(fresh("dir1", "a", NODES))
    for length in range(len(whole)):
        with pytest.raises(BadDiskError):
            decode(whole[:length])


def test_the_genesis_is_the_set_of_names() -> None:
    assert genesis_id(NODES) == genesis_id([*reversed(NODES), "dir1"])
    assert genesis_id(NODES) != genesis_id(NODES[:2])
    assert genesis_id(("ab", "c")) != genesis_id(("a", "bc"))
    assert fresh("dir1", "a", NODES).head == fresh("rs1", "b", reversed(NODES)).head


@patient
@given(disks, generations)
def test_a_commit_never_lowers_the_head_and_keeps_what_it_names(disk: Disk, new: object) -> None:
    assert isinstance(new, type(disk.head))
    step = committed(disk, new)
    assert step.disk.head.order == max(disk.head.order, new.order)
    assert disk.history.keys() <= step.disk.history.keys()
    kept = {generation.hash for generation in step.keep}
    assert step.disk.history.keys() - disk.history.keys() <= kept
    again = committed(step.disk, new)
    assert again.disk == step.disk


def test_a_normal_vote_that_lost_is_no_history_and_a_forced_one_is() -> None:
    disk = fresh("dir1", "a", NODES)
    mine, other = (
        msgspec.structs.replace(disk.head, number=1, text=text, parent=disk.head.hash)
        for text in ("mine", "other")
    )
    having = voted(disk, Vote(ballot=BALLOT, generation=mine)).disk
    assert having.unfinished
    lost = committed(having, other).disk
    assert lost.history.keys() == {other.hash}
    assert (lost.promised, lost.vote) == (NEVER, None)
    forced = msgspec.structs.replace(other, epoch=2)
    assert committed(having, forced).disk.history.keys() == {forced.hash, mine.hash}
    over = voted(having, Vote(ballot=BALLOT, generation=forced))
    assert over.keep == (mine,)
    assert not over.disk.history[mine.hash].decided
    assert over.disk.epoch == 2


def test_ballots_are_ordered_and_both_of_two_are_needed() -> None:
    assert NEVER < Ballot(round=1, node="a", run="x") < Ballot(round=1, node="b", run="a")
    assert Ballot(round=1, node="z", run="z") < Ballot(round=2, node="a", run="a")
    assert [needed(count) for count in range(1, 7)] == [1, 2, 2, 3, 3, 4]
