from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.ipvs_plan import plan
from lvsm.core.model import Forwarding, Protocol
from lvsm.core.operations import (
    AddDestination,
    AddService,
    DeleteDestination,
    DeleteService,
    Destination,
    Service,
    ServiceKey,
    ServiceState,
    SetDestination,
    SetService,
)
from tests.fakes.ipvs import FakeIpvs
from tests.fakes.worlds import tables

Table = tuple[ServiceState, ...]
WEB = ServiceKey(protocol=Protocol.TCP, address="192.0.2.10", port=80)
OTHER = ServiceKey(protocol=Protocol.TCP, address="192.0.2.11", port=80)


def rs(number: int, weight: int = 1) -> Destination:
    return Destination(address=f"10.0.0.{number}", port=80, forwarding=Forwarding.DR, weight=weight)


def state(*destinations: Destination, key: ServiceKey = WEB, scheduler: str = "rr") -> ServiceState:
    return ServiceState(service=Service(key=key, scheduler=scheduler), destinations=destinations)


def meaning(table: Table) -> set[object]:
    """A table without its order."""
    return {_meaning(s.service, s.destinations) for s in table}


def _meaning(service: Service, destinations: tuple[Destination, ...]) -> object:
    plain = msgspec.structs.replace(service, flags=tuple(sorted(service.flags)))
    return plain, frozenset(destinations)


def keys(table: Table) -> set[ServiceKey]:
    return {entry.service.key for entry in table}


@given(want=tables, have=tables)
def test_the_plan_leads_from_what_is_there_to_what_is_wanted(want: Table, have: Table) -> None:
    kernel = FakeIpvs(have)
    assert kernel.apply(plan(want, have, keys(have))) == ()
    assert meaning(kernel.read()) == meaning(want)


@given(tables)
def test_nothing_is_done_when_nothing_differs(table: Table) -> None:
    kernel = FakeIpvs()
    kernel.apply(plan(table, (), ()))
    assert plan(table, kernel.read(), keys(table)) == ()


@given(want=tables, have=tables)
def test_a_plan_cut_off_anywhere_is_mended_by_planning_again(want: Table, have: Table) -> None:
    owned = keys(have) | keys(want)
    first = plan(want, have, owned)
    for count in range(len(first) + 1):
        kernel = FakeIpvs(have)
        kernel.apply(first[:count])
        assert kernel.apply(plan(want, kernel.read(), owned)) == ()
        assert meaning(kernel.read()) == meaning(want)


@given(want=tables, have=tables, data=st.data())
def test_no_service_is_deleted_that_is_not_owned(
    want: Table, have: Table, data: st.DataObject
) -> None:
    owned = data.draw(st.sets(st.sampled_from(sorted(keys(have), key=repr)))) if have else set()
    gone = [op.key for op in plan(want, have, owned) if isinstance(op, DeleteService)]
    assert set(gone) == owned - keys(want)


@given(want=tables, have=tables)
def test_no_step_leaves_a_service_empty_that_had_and_shall_have_realservers(
    want: Table, have: Table
) -> None:
    before = {s.service.key for s in have if s.destinations}
    after = {s.service.key for s in want if s.destinations}
    kernel = FakeIpvs(have)
    for operation in plan(want, have, keys(have)):
        kernel.perform(operation)
        assert all(kernel.destinations[key] for key in before & after)


def test_services_come_first_then_realservers_that_come_then_all_that_goes() -> None:
    have = (state(rs(1), rs(2)), state(key=OTHER))
    want = (
        state(rs(2, weight=0), rs(3), scheduler="wlc"),
        state(rs(4), key=ServiceKey(protocol=Protocol.UDP, address="192.0.2.10", port=80)),
    )
    assert [type(operation) for operation in plan(want, have, keys(have))] == [
        SetService,
        AddService,
        SetDestination,
        AddDestination,
        AddDestination,
        DeleteDestination,
        DeleteService,
    ]


def test_the_order_of_flags_and_realservers_means_nothing() -> None:
    key, flags = WEB, ("mh-fallback", "mh-port")
    have = ServiceState(
        service=Service(key=key, scheduler="mh", flags=flags), destinations=(rs(1), rs(2))
    )
    want = ServiceState(
        service=Service(key=key, scheduler="mh", flags=flags[::-1]), destinations=(rs(2), rs(1))
    )
    assert plan((want,), (have,), {key}) == ()
