"""The control loop's memory: nothing is thought through twice, and drift is told once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from lvsm.core.desired import Holding
from lvsm.core.events import DriftRepaired
from lvsm.core.model import Configuration
from lvsm.core.operations import KernelState
from lvsm.core.overlay import Overlay
from lvsm.daemon.steady import AGAIN_SECONDS, SHOWN, Steady, Step
from tests.unit.daemon.nodes import Site

HELD = Holding(held=frozenset({"web"}))


class Loop:
    """A Steady with a kernel that answers with one object while nothing changes."""

    def __init__(self) -> None:
        self.site = Site()
        self.steady = Steady(self.site.clock)
        self.kernel = self.site.kernel.kernel
        self.seen: KernelState = self.kernel.read()

    def turn(self, holding: Holding = HELD, *, well: bool = True) -> Step:
        now = self.kernel.read()
        self.seen = self.seen if now == self.seen else now
        step = self.steady.step(self.site.view, self.seen, holding, "eth0")
        if well:
            assert self.kernel.apply(step.operations) == ()
        self.steady.done(step, well=well)
        return step

    def settle(self) -> Step:
        while (step := self.turn()).operations:
            pass
        return step


def test_while_nothing_changes_the_same_step_is_given_again() -> None:
    loop = Loop()
    settled = loop.settle()
    assert loop.turn() is settled
    assert loop.turn() is settled


@pytest.mark.parametrize(
    "what", ["configuration", "groups", "overlay", "health", "kernel", "holding"]
)
def test_whatever_it_follows_from_makes_it_think_again(what: str) -> None:
    loop = Loop()
    settled = loop.settle()
    holding, view = HELD, loop.site.view
    match what:
        case "configuration":
            view.configuration = Configuration(
                nodes=dict(view.configuration.nodes), vips=dict(view.configuration.vips)
            )
        case "groups":
            view.groups = dict(view.groups)
        case "overlay":
            view.overlay = Overlay()
        case "health":
            view.health = {**view.health}
        case "kernel":
            loop.kernel.sysctls.values["net.ipv4.ip_forward"] = 1
        case "holding":
            holding = Holding()
    assert loop.turn(holding) is not settled


def test_the_first_steps_and_those_of_a_change_are_no_drift() -> None:
    loop = Loop()
    assert loop.turn().operations
    assert loop.turn().repairs == ()
    moved = loop.turn(Holding())
    assert moved.operations
    assert moved.repairs == ()


def test_what_somebody_took_away_is_told_with_what_was_found() -> None:
    loop = Loop()
    loop.settle()
    loop.kernel.ipvs.table.clear()
    loop.kernel.ipvs.destinations.clear()
    [event] = loop.turn().repairs
    assert event == DriftRepaired(found="the service -t 10.0.0.100:80 is gone", count=1)
    assert event.text() == "put back: the service -t 10.0.0.100:80 is gone"
    assert loop.turn().repairs == ()


def test_who_undoes_every_repair_is_told_of_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    loop = Loop()
    loop.settle()
    told = 0
    for _ in range(3):
        loop.kernel.sysctls.values["net.ipv4.conf.all.arp_ignore"] = 0
        told += len(loop.turn().repairs)
        loop.turn()
    assert told == 1
    loop.site.clock.pass_by(AGAIN_SECONDS)
    loop.kernel.sysctls.values["net.ipv4.conf.all.arp_ignore"] = 0
    assert len(loop.turn().repairs) == 1
    assert caplog.text.count("arp_ignore is 0 and not 1: putting it back") == 2


def test_what_was_refused_is_tried_again_and_is_no_drift() -> None:
    loop = Loop()
    loop.settle()
    loop.kernel.ipvs.table.clear()
    loop.kernel.ipvs.destinations.clear()
    assert loop.turn(well=False).operations
    again = loop.turn()
    assert again.operations
    assert again.repairs == ()


def test_an_event_is_never_long() -> None:
    loop = Loop()
    loop.settle()
    table = loop.kernel.ipvs.destinations
    for found in table.values():
        entry = next(iter(found.values()))
        for port in range(1000, 1000 + 3 * SHOWN):
            found["10.0.0.9", port] = replace(entry, address="10.0.0.9", port=port)
    [event] = loop.turn().repairs
    assert event.count == 3 * SHOWN
    assert event.found.count(";") == SHOWN - 1
