from __future__ import annotations

from dataclasses import replace

import pytest

from lvsm.core.adjusting import adjusted, unseen
from lvsm.core.desired import service_states
from lvsm.core.model import Configuration, Realserver
from lvsm.core.overlay import NOTHING, Kind, Object, Overlay, Word, say
from lvsm.core.status import status
from tests.unit.core.test_desired import configuration, web
from tests.unit.core.test_status import GOOD

RS = Realserver(node="rs1", weight=3, port=8080)


def over(*said: tuple[Object, int | Word | None]) -> Overlay:
    overlay = NOTHING
    for wanted, value in said:
        overlay = say(
            overlay, wanted, value, author="ann", reason="new disk", at=100.0, epoch=1, node="dir1"
        )
    return overlay


def state(word: Word | None, vip: str = "web", port: int = 0) -> tuple[Object, Word | None]:
    return Object(kind=Kind.STATE, node="rs1", vip=vip, port=port), word


def weight(value: int, port: int = 0) -> tuple[Object, int]:
    return Object(kind=Kind.WEIGHT, node="rs1", vip="web", port=port), value


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ([], (3, None)),
        ([state(Word.DRAINING)], (0, Word.DRAINING)),
        ([state(Word.DRAINING), state(None)], (3, None)),
        ([state(Word.DRAINING, port=8080)], (0, Word.DRAINING)),
        ([state(Word.DRAINING, port=9090)], (3, None)),
        ([state(Word.DRAINING, vip="dns")], (3, None)),
        ([state(Word.DRAINING, vip="")], (0, Word.DRAINING)),
        ([state(Word.DRAINING, vip=""), state(Word.DISABLED)], (0, Word.DISABLED)),
        ([state(Word.DISABLED, vip=""), state(Word.DRAINING)], (0, Word.DISABLED)),
        ([weight(9)], (9, None)),
        ([weight(9), weight(7, port=8080)], (7, None)),
        ([weight(9), state(Word.DRAINING)], (0, Word.DRAINING)),
    ],
)
def test_what_takes_more_away_holds_and_the_weight_given_more_precisely(
    said: list[tuple[Object, int | Word | None]], result: tuple[int, Word | None]
) -> None:
    found = adjusted(over(*said), "web", RS)
    assert (found.weight, found.state) == result


def weights(overlay: Overlay, **changes: object) -> list[int]:
    vip = web(ports=(80,), **changes)
    [service] = service_states(configuration(vip), vip, overlay)
    return [destination.weight for destination in service.destinations]


def test_directors_drain_by_weight_0_and_take_out_what_is_disabled() -> None:
    assert weights(NOTHING) == [3, 1]
    assert weights(over(state(Word.DRAINING))) == [0, 1]
    assert weights(over(weight(8))) == [8, 1]
    assert weights(over(state(Word.DISABLED))) == [1]


def test_a_hashed_client_of_a_drained_realserver_is_served_by_another() -> None:
    def flags(overlay: Overlay) -> tuple[str, ...]:
        vip = web(ports=(80,), scheduler="mh", flags=("mh-port",))
        return service_states(configuration(vip), vip, overlay)[0].service.flags

    assert flags(NOTHING) == ("mh-port",)
    assert flags(over(state(Word.DRAINING))) == ("mh-port", "mh-fallback")


def test_each_state_and_weight_has_its_cause_in_the_status() -> None:
    overlay = over(state(Word.DRAINING), weight(4))
    document = status(replace(GOOD, overlay=overlay))
    vip = document["vips"][0]
    drained, other = vip["realservers"]
    assert (drained["state"], drained["weight"], drained["configured_weight"]) == ("draining", 0, 1)
    assert drained["reason"] == "draining, by ann: new disk"
    assert (drained["cause"]["by"], drained["cause"]["ago_s"]) == ("ann", 10.0)
    assert drained["weighed"]["value"] == 4
    assert (other["state"], other["cause"]) == ("up", None)
    assert (vip["state"], vip["reason"]) == ("degraded", "1 draining of 2 realservers")


def test_a_node_on_standby_says_so() -> None:
    overlay = over((Object(kind=Kind.STANDBY, node="dir2"), Word.STANDBY))
    document = status(replace(GOOD, overlay=overlay))
    node = next(found for found in document["nodes"] if found["name"] == "dir2")
    assert (node["state"], node["reason"]) == ("standby", "put there, by ann: new disk")


def test_what_the_configuration_does_not_have_is_found_for_pruning() -> None:
    vip = web()
    kept = [weight(3), state(Word.DRAINING), state(Word.DRAINING, vip="")]
    gone = [state(Word.DRAINING, vip="old"), weight(2, port=99)]
    standby = Object(kind=Kind.STANDBY, node="dir1"), Word.STANDBY
    overlay = over(*kept, *gone, standby)
    members = frozenset({"dir1"})
    assert unseen(overlay, configuration(vip), members) == {wanted for wanted, _ in gone}
    assert len(unseen(overlay, Configuration(), frozenset())) == 6
