"""What somebody else changed in the kernel, in words: told when plvsd puts it back.

Law: a repair is described by what was found, and each thing once. Operations that only follow from
another one (records, announcements) are no finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lvsm.core.operation_text import destination_text, key_text
from lvsm.core.operations import (
    AddAddress,
    AddDestination,
    AddService,
    AnyOperation,
    BringUp,
    DeleteAddress,
    DeleteDestination,
    DeleteService,
    KernelState,
    ServiceKey,
    SetDestination,
    SetRules,
    SetService,
    SetSysctl,
)


def found(operations: Sequence[AnyOperation], have: KernelState) -> tuple[str, ...]:
    """What is wrong in the kernel `have`, by the operations that put it right.

    A service that is gone is told as a whole, without its realservers.
    """
    gone = {op.service.key for op in operations if isinstance(op, AddService)}
    seen = {
        (state.service.key, entry.address, entry.port): destination_text(entry)
        for state in have.services
        for entry in state.destinations
    }
    return tuple(text for op in operations for text in _of_ipvs(op, seen, gone) or _other(op, have))


def _of_ipvs(
    operation: AnyOperation, seen: Mapping[tuple[ServiceKey, str, int], str], gone: set[ServiceKey]
) -> tuple[str, ...]:
    match operation:
        case AddService(service=service):
            return (f"the service {key_text(service.key)} is gone",)
        case SetService(service=service):
            return (f"the service {key_text(service.key)} is set otherwise",)
        case DeleteService(key=key):
            return (f"there is a service {key_text(key)} that is not configured",)
        case AddDestination(key=key, destination=entry) if key not in gone:
            return (f"{key_text(key)} lacks {destination_text(entry)}",)
        case SetDestination(key=key, destination=entry):
            was = seen.get((key, entry.address, entry.port), "something else")
            return (f"{key_text(key)} has {was} and not {destination_text(entry)}",)
        case DeleteDestination(key=key, address=address, port=port):
            was = seen.get((key, address, port), address)
            return (f"{key_text(key)} has {was}, which is not configured",)
    return ()


def _other(operation: AnyOperation, have: KernelState) -> tuple[str, ...]:
    match operation:
        case AddAddress(address=entry):
            return (f"{entry.address} is gone from {entry.interface}",)
        case DeleteAddress(address=entry):
            return (f"{entry.address} on {entry.interface} is not wanted there",)
        case SetSysctl(name=name, value=value):
            return (f"{name} is {have.sysctls.get(name, 'missing')} and not {value}",)
        case BringUp(interface=interface):
            return (f"{interface} is down",)
        case SetRules():
            damage = have.rules.damage or "LVSM's rules are not those that are wanted"
            return (f"packet filter: {damage}",)
    return ()
