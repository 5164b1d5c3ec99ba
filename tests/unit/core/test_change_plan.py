"""What a change would do: the plan's own steps, and each live connection counted once."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.change_plan import (
    BadPlanError,
    Outlook,
    counted,
    held_then,
    joined,
    outlook,
    parts,
)
from lvsm.core.desired import NodeState
from lvsm.core.groups import Group, Peer
from lvsm.core.model import Failback, Forwarding, Protocol
from lvsm.core.node_plan import plan
from lvsm.core.operations import (
    DeleteAddress,
    DeleteDestination,
    DeleteService,
    Destination,
    DestinationLoad,
    InterfaceAddress,
    RestoreSysctl,
    Service,
    ServiceKey,
    ServiceState,
)
from tests.fakes.kernel import FakeKernel
from tests.fakes.worlds import aims, kernels, wanted

WEB = ServiceKey(protocol=Protocol.TCP, address="10.0.0.100", port=80)
TLS = ServiceKey(protocol=Protocol.TCP, address="10.0.0.100", port=443)
VIP = InterfaceAddress(interface="eth0", address="10.0.0.100/32")
NAMES = {WEB: "web", TLS: "tls"}


def served(key: ServiceKey, *realservers: str) -> ServiceState:
    return ServiceState(
        service=Service(key=key, scheduler="rr"),
        destinations=tuple(
            Destination(address=one, port=key.port, forwarding=Forwarding.DR, weight=1)
            for one in realservers
        ),
    )


def load(key: ServiceKey, address: str, active: int) -> DestinationLoad:
    return DestinationLoad(
        key=key, address=address, port=key.port, weight=1, active=active, inactive=7
    )


BOTH = (served(WEB, "10.0.0.61", "10.0.0.62"), served(TLS, "10.0.0.61"))
LOADS = (load(WEB, "10.0.0.61", 5), load(WEB, "10.0.0.62", 3), load(TLS, "10.0.0.61", 2))
NOW = NodeState(services=BOTH, groups={"web": (VIP,)})


def kernel_of(state: NodeState) -> FakeKernel:
    kernel = FakeKernel()
    assert kernel.apply(plan(state, kernel.read())) == ()
    return kernel


def expect(then: NodeState) -> Outlook:
    have = kernel_of(NOW).read()
    steps = plan(then, have)
    keys = counted(steps, have)
    return outlook(then, have, steps, [load for load in LOADS if load.key in keys], NAMES)


def test_no_change_has_no_steps() -> None:
    assert expect(NOW) == Outlook()


def test_a_realserver_that_leaves_ends_its_connections() -> None:
    found = expect(NodeState(services=(served(WEB, "10.0.0.62"), BOTH[1]), groups=NOW.groups))
    [step] = found.steps
    assert isinstance(step.operation, DeleteDestination)
    assert step.command == "ipvsadm -d -t 10.0.0.100:80 -r 10.0.0.61:80"
    assert (step.ends, step.moves, found.ends, found.moves) == (5, 0, {"web": 5}, {})


def test_a_service_that_goes_ends_all_of_its_connections() -> None:
    found = expect(NodeState(services=BOTH[1:], groups=NOW.groups))
    [step] = found.steps
    assert isinstance(step.operation, DeleteService)
    assert (step.ends, found.ends) == (8, {"web": 8})


def test_an_address_that_leaves_moves_what_its_services_have() -> None:
    found = expect(NodeState(services=BOTH))
    steps = {type(step.operation): step for step in found.steps}
    assert (steps[DeleteAddress].ends, steps[DeleteAddress].moves) == (0, 10)
    assert (found.ends, found.moves) == ({}, {"web": 8, "tls": 2})


def test_what_goes_with_its_address_ends_and_does_not_move() -> None:
    found = expect(NodeState())
    assert (found.ends, found.moves) == ({"web": 8, "tls": 2}, {})
    assert sum(step.ends for step in found.steps) == 10


def test_a_sysctl_that_is_put_back_is_shown_with_its_value() -> None:
    name = "net.ipv4.conf.all.arp_ignore"
    have = kernel_of(NodeState(sysctls={name: 1})).read()
    [step] = outlook(NodeState(), have, plan(NodeState(), have), (), {}).steps
    assert step.operation == RestoreSysctl(name=name)
    assert step.command == f"sysctl -w {name}=0"


@given(kernel=kernels, now=aims(), then=aims(), counts=st.lists(st.integers(0, 9), max_size=40))
def test_the_steps_are_the_plan_and_no_connection_is_counted_twice(
    kernel: FakeKernel, now: object, then: object, counts: list[int]
) -> None:
    def state(aim: object) -> NodeState:
        return wanted(*aim, interfaces=kernel.read().own_interfaces())  # type: ignore[misc]

    kernel.apply(plan(state(now), kernel.read()))
    have, want = kernel.read(), state(then)
    every = [(s.service.key, d) for s in have.services for d in s.destinations]
    loads = [
        DestinationLoad(
            key=key, address=d.address, port=d.port, weight=d.weight, active=count, inactive=0
        )
        for (key, d), count in zip(every, counts, strict=False)
    ]
    found = outlook(want, have, plan(want, have), loads, {})
    keys = counted(plan(want, have), have)
    only = [one for one in loads if one.key in keys]
    assert outlook(want, have, plan(want, have), only, {}) == found  # no other can matter
    assert tuple(step.operation for step in found.steps) == plan(want, have)
    total = sum(step.ends + step.moves for step in found.steps)
    assert total == sum(found.ends.values()) + sum(found.moves.values())
    assert total <= sum(one.active for one in loads)
    told = msgspec.json.decode(msgspec.json.encode(parts(found)))
    assert joined(told) == found


@pytest.mark.parametrize("items", [[], [{}, {"command": 3}], [{"steps": 1, "ends": []}], [[]]])
def test_what_is_no_plan_is_refused(items: list[dict[str, object]]) -> None:
    with pytest.raises(BadPlanError):
        joined(items)


GROUP = Group(id="web", directors=("dir1", "dir2"), addresses=(), vips=("web",))


def peers(**holds: bool | None) -> dict[str, Peer]:
    """Each node: whether it holds the group; None for one that is not eligible."""
    return {
        name: Peer(
            name=name,
            up=True,
            eligible=value is not None,
            holds=frozenset({"web"} if value else ()),
        )
        for name, value in holds.items()
    }


@pytest.mark.parametrize(
    ("me", "there", "failback", "holds"),
    [
        ("dir1", peers(dir1=False, dir2=False), Failback.AUTO, True),
        ("dir2", peers(dir1=False, dir2=False), Failback.AUTO, False),
        ("dir1", peers(dir1=False, dir2=True), Failback.AUTO, True),
        ("dir2", peers(dir1=False, dir2=True), Failback.AUTO, False),
        ("dir1", peers(dir1=False, dir2=True), Failback.MANUAL, False),
        ("dir2", peers(dir1=False, dir2=True), Failback.MANUAL, True),
        ("dir2", peers(dir1=None, dir2=True), Failback.AUTO, True),
        ("dir3", peers(dir1=None, dir2=None, dir3=True), Failback.AUTO, False),
    ],
)
def test_who_will_hold_is_who_holds_when_all_have_come_to_rest(
    me: str, there: dict[str, Peer], failback: Failback, holds: bool
) -> None:
    assert held_then(me, {"web": GROUP}, there, failback) == ({"web"} if holds else set())
