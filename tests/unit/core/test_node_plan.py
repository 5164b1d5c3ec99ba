"""The plan's order, held at every step by performing it on a fake kernel."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.desired import Holding, NodeState
from lvsm.core.methods import HIDDEN as UNSEEN
from lvsm.core.methods import LOOPBACK, TUNNELS
from lvsm.core.model import Configuration, Protocol
from lvsm.core.node_plan import plan
from lvsm.core.operations import (
    AddAddress,
    Announce,
    AnyOperation,
    HoldGroup,
    InterfaceAddress,
    KernelState,
    Service,
    ServiceKey,
    ServiceState,
)
from tests.fakes.kernel import INTERFACES, FakeKernel
from tests.fakes.worlds import GATEWAYS, aims, kernels, wanted

Aim = tuple[Configuration, Holding]
HIDDEN = {"net.ipv4.conf.all.arp_ignore": 1, "net.ipv4.conf.all.arp_announce": 2}


def state_of(aim: Aim, kernel: FakeKernel) -> NodeState:
    return wanted(*aim, interfaces=kernel.read().own_interfaces())


def reach(aim: Aim, kernel: FakeKernel) -> NodeState:
    want = state_of(aim, kernel)
    assert kernel.apply(plan(want, kernel.read())) == ()
    return want


def shown(groups: Collection[tuple[InterfaceAddress, ...]]) -> set[InterfaceAddress]:
    return {address for addresses in groups for address in addresses}


def present(have: KernelState) -> set[InterfaceAddress]:
    return {
        InterfaceAddress(interface=interface.name, address=address)
        for interface in have.interfaces
        for address in interface.addresses
    }


def ours(have: KernelState) -> set[InterfaceAddress]:
    return present(have) & set(have.owned.addresses)


def meaning(states: Collection[ServiceState]) -> dict[ServiceKey, object]:
    return {
        s.service.key: (
            s.service.scheduler,
            s.service.persistence,
            frozenset(s.service.flags),
            frozenset(s.destinations),
        )
        for s in states
    }


def check_reached(want: NodeState, have: KernelState, foreign: Collection[ServiceKey]) -> None:
    services, wished = meaning(have.services), meaning(want.services)
    assert {key: services.get(key) for key in wished} == wished
    assert set(services) - set(wished) <= set(foreign)
    assert ours(have) == shown(want.groups.values()) | set(want.aliases) | shown(
        want.offered.values()
    )
    assert {name: have.sysctls[name] for name in want.sysctls} == want.sysctls
    assert set(have.owned.sysctls) <= set(want.sysctls)
    assert have.owned.groups == {**want.groups, **want.offered}


@given(kernel=kernels, chain=st.lists(aims(), min_size=1, max_size=3))
def test_the_plan_leads_from_what_is_there_to_what_is_wanted(
    kernel: FakeKernel, chain: list[Aim]
) -> None:
    foreign = {state.service.key for state in kernel.ipvs.read()}
    for aim in chain:
        want = reach(aim, kernel)
        check_reached(want, kernel.read(), foreign)


@given(kernel=kernels, aim=aims())
def test_nothing_is_done_when_nothing_differs(kernel: FakeKernel, aim: Aim) -> None:
    reach(aim, kernel)
    assert plan(state_of(aim, kernel), kernel.read()) == ()


@given(kernel=kernels, chain=st.lists(aims(), min_size=2, max_size=4), data=st.data())
def test_plans_cut_off_are_mended_by_planning_again(
    kernel: FakeKernel, chain: list[Aim], data: st.DataObject
) -> None:
    foreign = {state.service.key for state in kernel.ipvs.read()}
    for aim in chain:
        steps = plan(state_of(aim, kernel), kernel.read())
        kernel.apply(steps[: data.draw(st.integers(0, len(steps)))])
    want = reach(chain[-1], kernel)
    check_reached(want, kernel.read(), foreign)


@given(kernel=kernels, chain=st.lists(aims(), min_size=1, max_size=3), data=st.data())
def test_what_was_there_before_and_is_not_wanted_is_there_afterwards(
    kernel: FakeKernel, chain: list[Aim], data: st.DataObject
) -> None:
    before = kernel.read()
    adopted: set[ServiceKey] = set()
    for aim in chain:
        want = state_of(aim, kernel)
        adopted |= {state.service.key for state in want.services}
        steps = plan(want, kernel.read())
        kernel.apply(steps[: data.draw(st.integers(0, len(steps)))])
    after = kernel.read()
    untouched = {s for s in before.services if s.service.key not in adopted}
    assert untouched <= set(after.services)
    assert present(before) <= present(after)


@given(kernel=kernels, aim=aims())
def test_sysctls_are_put_back(kernel: FakeKernel, aim: Aim) -> None:
    before = kernel.read().sysctls
    reach(aim, kernel)
    reach((Configuration(), Holding()), kernel)
    after = kernel.read()
    new = {name: 0 for name in after.sysctls if name not in before}  # of tunnels' devices
    assert after.sysctls == {**before, **new}
    assert after.owned.sysctls == {}
    assert after.owned.links == ()
    assert not any(entry.up for entry in after.interfaces if entry.name in TUNNELS)
    assert after.rules.rules == ()


class Watcher:
    """What must hold at every step on the way from one state to the next."""

    def __init__(self, want: NodeState, kernel: FakeKernel) -> None:
        self.want = want
        self.kernel = kernel
        self.before = kernel.read()
        self.stay = {a for a in ours(self.before) if a.interface not in UNSEEN}
        self.shown = shown(want.groups.values())

    def look(self) -> None:
        have = self.kernel.read()
        services = meaning(have.services)
        for address in ours(have):
            if address.interface in UNSEEN:
                assert {name: have.sysctls[name] for name in HIDDEN} == HIDDEN
            elif f"{address.address.partition('/')[0]}/24" not in GATEWAYS.values():
                assert about(address, services)
                wished = self.wished(address, services)
                assert {key: services.get(key) for key in wished} == wished
        held = shown(have.owned.groups.values())
        assert {a for a in ours(have) if a.interface not in UNSEEN} <= held

    def wished(
        self, address: InterfaceAddress, services: dict[ServiceKey, object]
    ) -> dict[ServiceKey, object]:
        """The services that clients of an address must find now; one that stays may change."""
        old = about(address, meaning(self.before.services))
        new = about(address, meaning(self.want.services))
        if address not in self.stay:
            return new
        if address not in self.shown:
            return old
        return {key: services.get(key, "to stay") for key in old.keys() & new.keys()}


def about(
    address: InterfaceAddress, services: dict[ServiceKey, object]
) -> dict[ServiceKey, object]:
    ip = address.address.partition("/")[0]
    return {key: value for key, value in services.items() if key.address == ip}


@given(kernel=kernels, chain=st.lists(aims(), min_size=1, max_size=4), data=st.data())
def test_at_every_step_addresses_have_their_services_and_aliases_are_hidden(
    kernel: FakeKernel, chain: list[Aim], data: st.DataObject
) -> None:
    for aim in chain:
        want = state_of(aim, kernel)
        steps = plan(want, kernel.read())
        watcher = Watcher(want, kernel)
        watcher.look()
        for operation in steps[: data.draw(st.integers(0, len(steps)))]:
            kernel.apply([operation])
            watcher.look()


VIP = InterfaceAddress(interface="eth0", address="10.0.0.100/32")
ALIAS = InterfaceAddress(interface=LOOPBACK, address="10.0.0.100/32")


def positions(steps: tuple[AnyOperation, ...], kind: type) -> list[int]:
    return [index for index, step in enumerate(steps) if isinstance(step, kind)]


def test_an_address_is_recorded_before_and_announced_after_it_arrives() -> None:
    steps = plan(NodeState(groups={"web": (VIP,)}), FakeKernel().read())
    assert steps == (
        HoldGroup(group="web", addresses=(VIP,)),
        AddAddress(address=VIP),
        Announce(address=VIP),
    )


def test_what_is_there_already_is_not_announced_again() -> None:
    kernel = FakeKernel()
    kernel.apply(plan(NodeState(groups={"web": (VIP,)}), kernel.read()))
    assert kernel.announced == [VIP]
    more = NodeState(groups={"web": (VIP,), "more": ()})
    assert not positions(plan(more, kernel.read()), Announce)


def test_an_offered_address_is_an_alias_before_it_leaves_its_interface() -> None:
    kernel = FakeKernel()
    kernel.apply(plan(NodeState(groups={"web": (VIP,)}, sysctls=HIDDEN), kernel.read()))
    for step in plan(NodeState(offered={"web": (ALIAS,)}, sysctls=HIDDEN), kernel.read()):
        kernel.apply([step])
        assert present(kernel.read()) & {VIP, ALIAS}
    assert present(kernel.read()) & {VIP, ALIAS} == {ALIAS}


def test_a_realservers_alias_waits_until_its_service_is_gone() -> None:
    kernel = FakeKernel()
    key = ServiceKey(protocol=Protocol.TCP, address="10.0.0.100", port=80)
    services = (ServiceState(service=Service(key=key, scheduler="rr")),)
    kernel.apply(plan(NodeState(services=services, sysctls=HIDDEN), kernel.read()))
    for step in plan(NodeState(aliases=(ALIAS,), sysctls=HIDDEN), kernel.read()):
        kernel.apply([step])
        have = kernel.read()
        assert not (have.services and ALIAS in present(have))
    assert ALIAS in present(kernel.read())


def test_addresses_of_an_interface_that_is_not_there_are_tried_again() -> None:
    gone = InterfaceAddress(interface="eth9", address="10.0.0.100/32")
    want = NodeState(groups={"web": (gone,)})
    kernel = FakeKernel(interfaces=INTERFACES)
    assert {f.code for f in kernel.apply(plan(want, kernel.read()))} == {"no-interface"}
    assert AddAddress(address=gone) in plan(want, kernel.read())
