"""The ordered operations that take an IPVS table from what it has to what it should have.

Law: a service never runs empty for want of order, and the table is never flushed. So: services
first, for a destination needs its service; then destinations that come or change, before those that
go; services that go come last. What is not `owned` is never deleted. A plan cut off after any step
is mended by planning again, for each step is decided by comparing and not by remembering.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lvsm.core.operations import (
    AddDestination,
    AddService,
    AnyOperation,
    DeleteDestination,
    DeleteService,
    Destination,
    Service,
    ServiceKey,
    ServiceState,
    SetDestination,
    SetService,
)


def plan(
    want: Sequence[ServiceState], have: Sequence[ServiceState], owned: Collection[ServiceKey]
) -> tuple[AnyOperation, ...]:
    """The operations from `have` to `want`; foreign services that are wanted are adopted."""
    before = {state.service.key: state for state in have}
    wanted = {state.service.key for state in want}
    services: list[AnyOperation] = []
    coming: list[AnyOperation] = []
    going: list[AnyOperation] = []
    for state in want:
        present = before.get(state.service.key)
        if present is None:
            services.append(AddService(service=state.service))
        elif _differs(state, present):
            services.append(SetService(service=state.service))
        _destinations(state, present.destinations if present else (), coming, going)
    ours = set(owned)
    ending = [DeleteService(key=key) for key in before if key in ours and key not in wanted]
    return (*services, *coming, *going, *ending)


def _differs(want: ServiceState, have: ServiceState) -> bool:
    return _meaning(want.service) != _meaning(have.service)


def _meaning(service: Service) -> tuple[object, ...]:
    return (
        service.scheduler,
        service.persistence,
        service.netmask,
        service.engine,
        set(service.flags),
    )


def _destinations(
    want: ServiceState,
    have: Sequence[Destination],
    coming: list[AnyOperation],
    going: list[AnyOperation],
) -> None:
    key = want.service.key
    before = {(entry.address, entry.port): entry for entry in have}
    for entry in want.destinations:
        present = before.pop((entry.address, entry.port), None)
        if present is None:
            coming.append(AddDestination(key=key, destination=entry))
        elif present != entry:
            coming.append(SetDestination(key=key, destination=entry))
    going.extend(DeleteDestination(key=key, address=address, port=port) for address, port in before)
