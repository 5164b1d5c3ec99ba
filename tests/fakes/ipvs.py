"""The IPVS table of a kernel in memory."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.core.model import Forwarding, Tunnel
from lvsm.core.operations import (
    AddDestination,
    AddService,
    AnyOperation,
    DeleteDestination,
    DeleteService,
    Destination,
    DestinationLoad,
    Failure,
    Service,
    ServiceKey,
    ServiceState,
    SetDestination,
    SetService,
)
from tests.fakes.refusals import each, refuse

SCHEDULERS = frozenset({"rr", "wrr", "lc", "wlc", "sh", "mh"})
_SCHEDULER_FLAGS = {
    f"{scheduler}-{own}": (scheduler, number)
    for scheduler in ("mh", "sh")
    for number, own in ((1, "fallback"), (2, "port"))
}


class FakeIpvs:
    """The IPVS table."""

    def __init__(self, services: Sequence[ServiceState] = (), *, available: bool = True) -> None:
        self._available = available
        self.active: dict[tuple[ServiceKey, str], int] = {}
        self.table: dict[ServiceKey, Service] = {}
        self.destinations: dict[ServiceKey, dict[tuple[str, int], Destination]] = {}
        for state in services:
            self.table[state.service.key] = state.service
            self.destinations[state.service.key] = {
                (entry.address, entry.port): entry for entry in state.destinations
            }

    def available(self) -> bool:
        return self._available

    def read(self) -> tuple[ServiceState, ...]:
        keys = sorted(self.table, key=lambda key: key.order)
        return tuple(
            ServiceState(
                service=self.table[key],
                destinations=tuple(entry for _, entry in sorted(self.destinations[key].items())),
            )
            for key in keys
        )

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        if not self._available:
            raise LvsmError("this kernel has no IPVS", code="kernel")
        return each(operations, self.perform)

    def count(self, keys: Sequence[ServiceKey]) -> tuple[DestinationLoad, ...]:
        return tuple(
            DestinationLoad(
                key=key,
                address=entry.address,
                port=entry.port,
                weight=entry.weight,
                active=self.active.get((key, entry.address), 0),
                inactive=0,
            )
            for key in keys
            for entry in self.destinations.get(key, {}).values()
        )

    def schedulers(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in SCHEDULERS)

    def perform(self, operation: AnyOperation) -> None:
        match operation:
            case AddService(service=service):
                refuse(service.key in self.table, "exists")
                self._put(service)
                self.destinations[service.key] = {}
            case SetService(service=service):
                refuse(service.key not in self.table, "missing")
                self._put(service)
            case DeleteService(key=key):
                refuse(key not in self.table, "missing")
                del self.table[key], self.destinations[key]
            case AddDestination(key=key, destination=entry):
                self._check(key, entry)
                refuse((entry.address, entry.port) in self.destinations[key], "exists")
                self.destinations[key][entry.address, entry.port] = entry
            case SetDestination(key=key, destination=entry):
                self._check(key, entry)
                refuse((entry.address, entry.port) not in self.destinations[key], "missing")
                self.destinations[key][entry.address, entry.port] = entry
            case DeleteDestination(key=key, address=address, port=port):
                refuse((address, port) not in self.destinations.get(key, ()), "missing")
                del self.destinations[key][address, port]
            case _:
                raise TypeError(operation)

    def _put(self, service: Service) -> None:
        refuse(service.scheduler not in SCHEDULERS, "no-scheduler")
        flags = tuple(sorted(_seen(flag, service.scheduler) for flag in service.flags))
        self.table[service.key] = msgspec.structs.replace(service, flags=flags)

    def _check(self, key: ServiceKey, entry: Destination) -> None:
        refuse(key not in self.table, "missing")
        mixed = key.version != ip_address(entry.address).version
        refuse(mixed and entry.forwarding is not Forwarding.TUN, "invalid")
        refuse(entry.lower_threshold > entry.upper_threshold, "kernel")
        refuse(entry.tunnel is Tunnel.GUE and not entry.tunnel_port, "invalid")


def _seen(flag: str, scheduler: str) -> str:
    """How a flag is read back: the kernel keeps three bits that each scheduler reads its way."""
    if flag in _SCHEDULER_FLAGS and _SCHEDULER_FLAGS[flag][0] != scheduler:
        return f"sched-{_SCHEDULER_FLAGS[flag][1]}"
    number = flag.removeprefix("sched-")
    for name, meaning in _SCHEDULER_FLAGS.items():
        if meaning == (scheduler, int(number) if number.isdigit() else 0):
            return name
    return flag
