"""IPVS services that LVSM did not make: which they are, and what becomes of them.

Law: what becomes of them is the configuration's word (`foreign_services`), and never more than it:

- `leave`: none is touched, not even one with the name of a virtual service, which then is not
  programmed on that node and is told as a problem;
- `adopt`: those that have the name of a virtual service are taken over in place, without a
  connection lost; the others are left alone;
- `exclusive`: the others are removed.

A service's name is its protocol, address and port, or its firewall mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

from lvsm.core.address_kinds import unusable
from lvsm.core.desired import NodeState
from lvsm.core.model import ForeignServices
from lvsm.core.operation_text import key_text
from lvsm.core.operations import KernelState, Service, ServiceKey, ServiceState


def foreign(have: KernelState) -> tuple[ServiceState, ...]:
    """The services that LVSM has not made or taken over."""
    ours = set(have.owned.services)
    return tuple(state for state in have.services if state.service.key not in ours)


def left(want: NodeState, have: KernelState) -> tuple[ServiceKey, ...]:
    """The services of somebody else's that stay as they are, for people to see."""
    gone = {service.key for service in excluded(want, have)}
    wanted = {state.service.key for state in want.services}
    keys = [state.service.key for state in foreign(have)]
    return tuple(key for key in keys if key not in wanted and key not in gone)


def heeded(want: NodeState, have: KernelState) -> NodeState:
    """What should be there without what belongs to somebody else who is to be left alone."""
    if want.foreign is not ForeignServices.LEAVE:
        return want
    theirs = {state.service.key for state in foreign(have)}
    taken = [state.service.key for state in want.services if state.service.key in theirs]
    if not taken:
        return want
    services = tuple(s for s in want.services if s.service.key not in theirs)
    return replace(want, services=services, problems=(*want.problems, *_told(taken)))


def _told(taken: Sequence[ServiceKey]) -> list[str]:
    return [
        f"somebody else has made the service {key_text(key)}, so it is not LVSM's: remove it"
        f' (`ipvsadm -D {key_text(key)}`), or let LVSM take it over: foreign_services = "adopt"'
        for key in taken
    ]


def excluded(want: NodeState, have: KernelState) -> tuple[Service, ...]:
    """The services of somebody else's that are to be removed, each as little as names it.

    One on an address that no client reaches is somebody's own business, and stays.
    """
    if want.foreign is not ForeignServices.EXCLUSIVE:
        return ()
    wanted = {state.service.key for state in want.services}
    return tuple(
        Service(key=state.service.key, scheduler=state.service.scheduler)
        for state in foreign(have)
        if state.service.key not in wanted and _reachable(state.service.key)
    )


def _reachable(key: ServiceKey) -> bool:
    return key.fwmark > 0 or unusable(ip_address(key.address)) is None
