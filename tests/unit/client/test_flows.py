"""The flows alone, without a socket and with a clock of their own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.client import Deadlines, Settings, UnreachableError, parse_address
from lvsm.client.cluster import Cluster
from lvsm.client.effects import Compute, Flow, Open, Place, Receive, Resolve, Rest, Send
from lvsm.client.link import Asking, World
from lvsm.client.watching import Event, Watching

T = TypeVar("T")
GREETING = b"LVSM 1 dir1 2.0.0 config\n"
ANSWER = (
    '* {"name": "wéb", "ports": [80]}\n'
    '! {"event": "not asked for"}\n'
    '* {"name": "mail"}\r\n'
    "OK 2 listed\n"
).encode()
WATCH = (
    'OK 0 watching\n! {"event": "resync"}\n! {"event": "status", "état": 1}\n'
    '! {"event": "generation"}\n'
).encode()


class FakeWire:
    certificate = b""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeWorld:
    """Performs effects from a script; every receive takes `pace` seconds."""

    def __init__(self, chunks: Iterable[bytes], pace: float = 0.0) -> None:
        self.time = 100.0
        self.chunks = iter(chunks)
        self.pace = pace
        self.sent = b""
        self.opened: list[tuple[Place | str, float]] = []
        self.wires: list[FakeWire] = []

    def world(self) -> World:
        return World(now=lambda: self.time, nonce=lambda: "n" * 24)

    def run(self, flow: Flow[T]) -> T:
        try:
            effect = next(flow)
            while True:
                try:
                    value = self.perform(effect)
                except OSError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as end:
            value = end.value
            return value  # type: ignore[no-any-return]  # noqa: RET504  mypy wants its own line

    def perform(self, effect: object) -> Any:
        match effect:
            case Resolve():
                return [Place(2, ("192.0.2.1", 1)), Place(2, ("192.0.2.2", 1))]
            case Open(place, seconds):
                return self.open(place, seconds)
            case Send(_, data, _):
                self.sent += data
            case Receive(_, seconds):
                return self.receive(seconds)
            case Compute(work):
                return work()
            case Rest(seconds):
                self.time += seconds
        return None

    def open(self, place: Place | str, seconds: float) -> FakeWire:
        self.opened.append((place, seconds))
        if isinstance(place, Place):
            self.time += seconds
            raise TimeoutError
        self.wires.append(FakeWire())
        return self.wires[-1]

    def receive(self, seconds: float) -> bytes:
        if seconds < self.pace:
            self.time += seconds
            raise TimeoutError
        self.time += self.pace
        return next(self.chunks, b"")


def cluster(world: FakeWorld, *nodes: str, **deadlines: float) -> Cluster:
    addresses = tuple(parse_address(node) for node in nodes or ("/run/a",))
    settings = Settings(addresses=addresses, deadlines=Deadlines(**deadlines))
    return Cluster(settings, world.world())


def cuts(data: bytes) -> st.SearchStrategy[list[bytes]]:
    places = st.lists(st.integers(1, len(data) - 1), unique=True, max_size=len(data) - 1)
    return places.map(
        lambda found: [data[a:b] for a, b in pairwise([0, *sorted(found), len(data)])]
    )


@given(cuts(GREETING), cuts(ANSWER))
def test_an_answer_is_the_same_however_it_was_cut(first: list[bytes], then: list[bytes]) -> None:
    world = FakeWorld([*first, *then])
    response = world.run(cluster(world).request(Asking("VIP LIST"), seconds=5))
    assert response.items == ({"name": "wéb", "ports": [80]}, {"name": "mail"})
    assert response.text == "listed"
    assert world.sent == b"VIP LIST\n"


@given(cuts(GREETING), cuts(WATCH))
def test_events_are_the_same_however_they_were_cut(first: list[bytes], then: list[bytes]) -> None:
    world = FakeWorld([*first, *then])
    watching = Watching(cluster(world), Asking("WATCH", ("status",)), moves=False)
    events = [world.run(watching.next()) for _ in range(3)]
    assert events == [
        Event({"event": "resync"}),
        Event({"event": "status", "état": 1}),
        Event({"event": "generation"}),
    ]
    with pytest.raises(UnreachableError):
        world.run(watching.next())
    assert all(wire.closed for wire in world.wires)


def told(world: FakeWorld, **more: Any) -> tuple[Watching, list[tuple[str, float]]]:
    """A watch that goes on, and what it says when it is lost."""
    lost: list[tuple[str, float]] = []
    asked = cluster(world, "/run/a")
    watching = Watching(
        asked,
        Asking("WATCH", ("status",)),
        lost=lambda error, seconds: lost.append((error.message, seconds)),
        **{"moves": True, **more},
    )
    return watching, lost


def test_a_watch_that_is_told_goes_on_after_longer_and_longer_rests() -> None:
    ends = [GREETING, b"OK 0 watching\n", b""]
    event = b'OK 0 watching\n! {"event":"generation"}\n'
    world = FakeWorld([GREETING, event, b"", *ends * 8, GREETING, event, b"", *ends])
    watching, lost = told(world)
    assert world.run(watching.next()) == Event({"event": "generation"})
    seen = [world.run(watching.next()) for _ in range(10)]
    assert [one.resync for one in seen if one] == [True] * 9 + [False]
    rests = [seconds for _, seconds in lost]
    assert rests[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0]
    assert all("/run/a" in why for why, _ in lost)
    began = len(lost)
    world.run(watching.next())
    world.run(watching.next(0.0))
    assert [seconds for _, seconds in lost[began:]] in ([], [0.5])


def test_what_never_began_is_an_error_all_the_same() -> None:
    watching, lost = told(FakeWorld([]))
    with pytest.raises(UnreachableError):
        FakeWorld([]).run(watching.begin())
    assert lost == []


def test_a_rest_is_no_longer_than_the_patience_of_whoever_asks() -> None:
    world = FakeWorld([GREETING, WATCH, b""])
    watching, lost = told(world, moves=False)
    for _ in range(3):
        world.run(watching.next())
    began = world.time
    assert world.run(watching.next(0.2)) is None
    assert world.time - began <= 0.2 + 1e-6
    assert lost


def test_from_the_second_time_on_something_else_may_be_asked() -> None:
    world = FakeWorld([GREETING, WATCH, b"", GREETING, WATCH, b""])
    watching, _ = told(world, moves=False, again=lambda: Asking("WATCH", ("health",)))
    for _ in range(6):
        world.run(watching.next())
    assert world.sent == b'WATCH "status"\nWATCH "health"\n'


@given(st.binary(max_size=60), st.sampled_from([b"", GREETING, GREETING + ANSWER[:40]]))
def test_junk_is_an_error_that_names_the_node_and_leaves_nothing_open(
    junk: bytes, before: bytes
) -> None:
    world = FakeWorld([before, junk])
    asked = cluster(world)
    with pytest.raises(UnreachableError, match="/run/a"):
        world.run(asked.request(Asking("VIP LIST"), seconds=5))
    assert all(wire.closed for wire in world.wires)


@given(st.floats(0.01, 3.0), st.floats(0.05, 3.0))
def test_a_deadline_is_for_the_whole_answer(pace: float, seconds: float) -> None:
    letters = [ANSWER[i : i + 1] for i in range(len(ANSWER))]
    world = FakeWorld([GREETING, *letters], pace)
    asked = cluster(world, login=10.0)
    world.run(asked.ready())
    began = world.time
    try:
        world.run(asked.request(Asking("VIP LIST"), seconds=seconds))
    except UnreachableError:
        assert world.time - began <= seconds + 1e-6


def test_the_places_of_a_host_share_the_time() -> None:
    world = FakeWorld([])
    with pytest.raises(UnreachableError, match="no answer within 4 s"):
        world.run(cluster(world, "dir1", connect=4.0).ready())
    assert [seconds for _, seconds in world.opened] == [2.0, 2.0]


def test_a_request_that_nobody_waits_for_ends_its_connection() -> None:
    world = FakeWorld([GREETING])
    asked = cluster(world)
    world.run(asked.ready())
    flow = asked.request(Asking("VIP LIST"), seconds=5)
    assert isinstance(next(flow), Receive)  # is it still there
    world.pace = 1.0
    assert isinstance(flow.throw(TimeoutError()), Send)
    flow.close()
    assert world.wires[0].closed
