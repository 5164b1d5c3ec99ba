"""One message of each kind, and strategies for any message."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lvsm.core.generation import Generation
from lvsm.core.replication.ballots import Ballot
from lvsm.core.replication.disk import Vote
from lvsm.core.replication.history import Record
from lvsm.core.replication.messages import (
    Accept,
    Accepted,
    Behind,
    Deliver,
    Delivered,
    Disqualified,
    Envelope,
    Inventory,
    Learn,
    Learned,
    Message,
    Outbid,
    Prepare,
    Promise,
    Stranger,
    Superseded,
    Unfit,
    Want,
)

PARENT = (1, 12, "ab" * 32)
BALLOT = Ballot(round=3, node="dir1", run="6f1c")
GENERATION = Generation(
    number=13,
    epoch=2,
    text='[cluster]\nname = "www"\n',
    author="admin",
    node="dir1",
    comment="Grüße",
    saved_at=1764061200.25,
    parent="ab" * 32,
    groups={"g1": ("mail", "web")},
    request="01JDH8",
    voters={"dir1": "7d21", "dir2": ""},
    confirm_by=1764061260.5,
)

MESSAGES: tuple[Message, ...] = (
    Prepare(parent=PARENT, ballot=BALLOT),
    Prepare(parent=PARENT, ballot=BALLOT, forced=True),
    Promise(parent=PARENT, ballot=BALLOT, epoch=2),
    Promise(parent=PARENT, ballot=BALLOT, epoch=2, vote=Vote(ballot=BALLOT, generation=GENERATION)),
    Accept(parent=PARENT, ballot=BALLOT, generation=GENERATION),
    Accepted(parent=PARENT, ballot=BALLOT),
    Superseded(parent=PARENT, ballot=BALLOT, head=GENERATION),
    Behind(parent=PARENT, ballot=BALLOT, head=(1, 11, "cd" * 32)),
    Outbid(parent=PARENT, ballot=BALLOT, promised=Ballot(round=4, node="dir2", run="91aa")),
    Disqualified(parent=PARENT, ballot=BALLOT),
    Disqualified(parent=PARENT, ballot=BALLOT, admitted="7d21"),
    Unfit(parent=PARENT, ballot=BALLOT, reason="its number is 15, not 13"),
    Stranger(),
    Learn(generation=GENERATION),
    Learned(head=PARENT, digest="ef" * 32),
    Learned(head=PARENT, digest="ef" * 32, unfinished=True),
    Inventory(records=(Record(order=PARENT, parent="00" * 32, decided=True),)),
    Want(hashes=("ab" * 32,)),
    Deliver(generations=(Delivered(generation=GENERATION, decided=False),)),
)


def envelope(message: Message) -> Envelope:
    return Envelope(genesis="12" * 32, sender="dir1", incarnation="7d21", message=message)


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For large values: how long a busy machine takes to draw one says nothing."""

counts = st.integers(0, 2**53 - 1)
epochs = st.integers(1, 2**53 - 1)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
orders = st.tuples(epochs, counts, hashes)
words = st.text(min_size=1, max_size=10)
ballots = st.builds(Ballot, round=counts, node=st.text(max_size=10), run=st.text(max_size=10))
moments = st.floats(0, 1e11)
generations = st.builds(
    Generation,
    number=counts,
    epoch=epochs,
    text=st.text(max_size=40),
    author=st.text(max_size=10),
    node=st.text(max_size=10),
    comment=st.text(max_size=10),
    saved_at=moments,
    parent=st.one_of(st.just(""), hashes),
    groups=st.dictionaries(words, st.lists(words, max_size=3).map(tuple), max_size=2),
    request=st.text(max_size=10),
    voters=st.dictionaries(words, st.text(max_size=10), max_size=3),
    confirm_by=st.none() | moments,
)
votes = st.builds(Vote, ballot=ballots, generation=generations)
records = st.builds(Record, order=orders, parent=hashes, decided=st.booleans())
about = {"parent": orders, "ballot": ballots}
bodies: st.SearchStrategy[Message] = st.one_of(
    st.builds(Prepare, **about, forced=st.booleans()),
    st.builds(Promise, **about, epoch=epochs, vote=st.none() | votes),
    st.builds(Accept, **about, generation=generations),
    st.builds(Accepted, **about),
    st.builds(Superseded, **about, head=generations),
    st.builds(Behind, **about, head=orders),
    st.builds(Outbid, **about, promised=ballots),
    st.builds(Disqualified, **about, admitted=st.none() | words),
    st.builds(Unfit, **about, reason=words),
    st.just(Stranger()),
    st.builds(Learn, generation=generations),
    st.builds(Learned, head=orders, digest=hashes, unfinished=st.booleans()),
    st.builds(Inventory, records=st.lists(records, max_size=3).map(tuple)),
    st.builds(Want, hashes=st.lists(hashes, max_size=3).map(tuple)),
    st.builds(
        Deliver,
        generations=st.lists(
            st.builds(Delivered, generation=generations, decided=st.booleans()), max_size=2
        ).map(tuple),
    ),
)
envelopes = st.builds(Envelope, genesis=hashes, sender=words, incarnation=words, message=bodies)
