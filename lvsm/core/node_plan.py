"""The ordered operations that take one node's kernel from what it has to what it should have.

Law: a client never meets an address without its service, no neighbour ever hears a realserver's
alias, and a plan cut off after any step is mended by planning again. From that follows the order:

1. tunnels' devices, then sysctls (those of such a device are there only now; those that hide
   aliases come before there is an alias to hide), and the record of every wanted
   group, in which what it had and what it shall have stand together: whatever is cut off from here
   on, an address on an interface is in the record of some group, and so can be taken down even
   when plvsd is dead;
2. aliases for addresses that are being handed over, before they leave their interface, so that
   packets still under way here are served;
3. addresses that leave an interface;
4. aliases that go (a director that takes over must not accept the packets as a realserver),
   and the record of groups that are no longer held;
5. IPVS services and destinations (a wanted service that somebody else made is adopted: set to what
   it should be, and from then on recorded as LVSM's own; one that is to be removed is taken over
   first, so that only what is LVSM's is ever removed), then the packet filter's rules, all at
   once;
6. aliases of realservers, after step 5 took away a service that would schedule their packets again;
7. the record of held groups as they are now, then the addresses that arrive, then their
   announcement;
8. sysctls that are no longer needed, put back, the last one set first; then tunnels' devices.

What is not recorded as LVSM's own is never taken away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from lvsm.core import foreign, ipvs_plan
from lvsm.core.desired import NodeState
from lvsm.core.methods import HIDDEN
from lvsm.core.operations import (
    AddAddress,
    Announce,
    AnyOperation,
    BringUp,
    DeleteAddress,
    HoldGroup,
    InterfaceAddress,
    KernelState,
    ReleaseGroup,
    RestoreSysctl,
    SetRules,
    SetService,
    SetSysctl,
    TakeDown,
)


def plan(want: NodeState, have: KernelState) -> tuple[AnyOperation, ...]:
    """The operations from `have` to `want`, in the module's order; empty when nothing differs."""
    present = {
        InterfaceAddress(interface=interface.name, address=address)
        for interface in have.interfaces
        for address in interface.addresses
    }
    owned = set(have.owned.addresses) & present
    hidden = set(want.aliases) | {a for group in want.offered.values() for a in group}
    shown = {a for group in want.groups.values() for a in group}
    gone = sorted(owned - hidden - shown, key=_order)
    moving = {a for group in want.offered.values() for a in group}
    excluded = tuple(service.key for service in foreign.excluded(want, have))
    return (
        *_devices(want, have),
        *_sysctls(want, have),
        *_records(want, have),
        *_adds(sorted(moving - present, key=_order)),
        *(DeleteAddress(address=a) for a in gone if a.interface not in HIDDEN),
        *(DeleteAddress(address=a) for a in gone if a.interface in HIDDEN),
        *_releases(want, have),
        *_adoptions(want, have),
        *ipvs_plan.plan(want.services, have.services, (*have.owned.services, *excluded)),
        *_rules(want, have),
        *_adds(sorted(set(want.aliases) - present - moving, key=_order)),
        *_trims(want, have),
        *_arrivals(want, present),
        *_restores(want, have),
        *(TakeDown(interface=name) for name in have.owned.links if name not in want.links),
    )


def _order(address: InterfaceAddress) -> tuple[str, str]:
    return address.interface, address.address


def _adoptions(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    theirs = {state.service.key for state in foreign.foreign(have)}
    for state in want.services:
        if state.service.key in theirs:
            yield SetService(service=state.service)
    for service in foreign.excluded(want, have):
        yield SetService(service=service)


def _adds(addresses: Iterable[InterfaceAddress]) -> Iterator[AnyOperation]:
    for address in addresses:
        yield AddAddress(address=address)


def _sysctls(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    for name, value in sorted(want.sysctls.items()):
        if have.sysctls.get(name) != value:
            yield SetSysctl(name=name, value=value)


def _restores(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    for name in sorted(set(have.owned.sysctls) - set(want.sysctls), reverse=True):
        yield RestoreSysctl(name=name)


def _devices(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    up = {interface.name for interface in have.interfaces if interface.up}
    for name in want.links:
        if name not in up:
            yield BringUp(interface=name)


def _rules(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    there = have.rules
    unneeded = have.owned.rules and not want.rules
    if set(want.rules) != set(there.rules) or there.damage or unneeded:
        yield SetRules(rules=want.rules)


def _releases(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    for group in sorted(set(have.owned.groups) - set(want.groups) - set(want.offered)):
        yield ReleaseGroup(group=group)


def _records(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    for group, addresses in _wanted(want):
        both = _together(have, group, addresses)
        if have.owned.groups.get(group) != both:
            yield HoldGroup(group=group, addresses=both)


def _trims(want: NodeState, have: KernelState) -> Iterator[AnyOperation]:
    for group, addresses in _wanted(want):
        if _together(have, group, addresses) != addresses:
            yield HoldGroup(group=group, addresses=addresses)


def _together(
    have: KernelState, group: str, addresses: Iterable[InterfaceAddress]
) -> tuple[InterfaceAddress, ...]:
    return tuple(dict.fromkeys((*have.owned.groups.get(group, ()), *addresses)))


def _wanted(want: NodeState) -> list[tuple[str, tuple[InterfaceAddress, ...]]]:
    return sorted({**want.offered, **want.groups}.items())


def _arrivals(want: NodeState, present: Collection[InterfaceAddress]) -> Iterator[AnyOperation]:
    arriving = sorted(
        {a for group in want.groups.values() for a in group if a not in present}, key=_order
    )
    yield from _adds(arriving)
    for address in arriving:
        yield Announce(address=address)
