"""The kernel's IPVS table by generic netlink: read whole, changed by ordered batches.

Source: linux/ip_vs.h. The kernel goes on after an error, so every refusal of a batch is known.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lvsm.adapters import clock
from lvsm.adapters import ipvs_wire as wire
from lvsm.adapters.ipvs_dump import Reader
from lvsm.adapters.netlink import Netlink, NetlinkError, attribute, attributes
from lvsm.core.model import Protocol
from lvsm.core.operations import (
    AddDestination,
    AddService,
    AnyOperation,
    DeleteDestination,
    DeleteService,
    DestinationLoad,
    Failure,
    Service,
    ServiceKey,
    ServiceState,
    SetDestination,
    SetService,
)

PROBED_WITH = ServiceKey(protocol=Protocol.TCP, address="127.255.255.254", port=1)
"""A service that no packet reaches; it is there while the kernel is asked for a scheduler."""

UNSHOWN_SECONDS = 10.0
_TABLE = Path("/proc/net/ip_vs")
_ARROW = b"  -> "
_NETLINK_GENERIC = 16
_CONTROL_FAMILY = 16
_GET_FAMILY = 3
_FAMILY_ID, _FAMILY_NAME = 1, 2
_GENL_BYTES = 4
_CODES = {
    errno.EEXIST: "exists",
    errno.ESRCH: "missing",
    errno.ENOENT: "missing",
    errno.EPERM: "not-permitted",
    errno.EINVAL: "invalid",
    errno.EOPNOTSUPP: "unsupported",
}


def load_module() -> None:
    """Load ip_vs where it is a module; where it cannot be, `Ipvs.available` will say so."""
    modprobe = shutil.which("modprobe", path="/sbin:/usr/sbin:/bin:/usr/bin")
    if modprobe is not None:
        subprocess.run([modprobe, "-q", "ip_vs"], stdin=subprocess.DEVNULL, check=False, timeout=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The table as it was read last; `shape` is the kernel's text then, `until` monotonic."""

    states: tuple[ServiceState, ...]
    shape: bytes | None
    until: float


def _shape() -> bytes | None:
    """What /proc/net/ip_vs says of the table, but for connections; None where it is not there."""
    try:
        with _TABLE.open("rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    return b"\n".join([x.rsplit(None, 2)[0] if x.startswith(_ARROW) else x for x in lines])


class Ipvs:
    """The IPVS table of this network namespace; needs CAP_NET_ADMIN."""

    def __init__(self) -> None:
        """Open the socket; raises OSError."""
        self._netlink = Netlink(_NETLINK_GENERIC)
        self._family: int | None = None
        self._seen: _Seen | None = None
        self._reader = Reader()

    def available(self) -> bool:
        """Whether this kernel has IPVS."""
        if self._family is None:
            name = attribute(_FAMILY_NAME, b"IPVS\0")
            try:
                answer = self._netlink.ask(_CONTROL_FAMILY, wire.plain_message(_GET_FAMILY) + name)
            except NetlinkError:
                return False
            raw = attributes(answer, _GENL_BYTES)[_FAMILY_ID]
            self._family = int.from_bytes(raw, sys.byteorder)
        return True

    def read(self) -> tuple[ServiceState, ...]:
        """All services with their destinations, ordered by key; raises NetlinkError, OSError.

        The kernel tells nobody of changes, so each time its own text of the table is looked at,
        and the table is read again when that is another one. What the text does not show
        (thresholds, tunnels) is found out every UNSHOWN_SECONDS.
        """
        shape, now = _shape(), clock.monotonic()
        seen = self._seen
        if seen is None or shape is None or shape != seen.shape or now >= seen.until:
            states = self._list()
            if seen is not None and states == seen.states:
                states = seen.states
            seen = self._seen = _Seen(states=states, shape=shape, until=now + UNSHOWN_SECONDS)
        return seen.states

    def _list(self) -> tuple[ServiceState, ...]:
        states = []
        for body in self._netlink.dump(self._id(), wire.plain_message(wire.GET_SERVICE)):
            service = wire.parse_service(body)
            if service is None:
                continue
            family = socket.AF_INET6 if ":" in service.key.address else socket.AF_INET
            request = wire.key_message(wire.GET_DEST, service.key)
            found = self._reader.destinations(self._netlink.dump(self._id(), request), family)
            destinations = tuple(sorted(found, key=lambda d: (d.address, d.port)))
            states.append(ServiceState(service=service, destinations=destinations))
        states.sort(key=lambda state: state.service.key.order)
        return tuple(states)

    def count(self, keys: Sequence[ServiceKey]) -> tuple[DestinationLoad, ...]:
        """The connections of the services' realservers; raises NetlinkError, OSError."""
        found: list[DestinationLoad] = []
        for key in keys:
            family = socket.AF_INET6 if ":" in key.address else socket.AF_INET
            request = wire.key_message(wire.GET_DEST, key)
            found += self._reader.loads(self._netlink.dump(self._id(), request), key, family)
        return tuple(found)

    def schedulers(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of `names` that this kernel has, or loads when asked; raises DesyncError."""
        found = []
        for name in names:
            service = Service(key=PROBED_WITH, scheduler=name)
            end = DeleteService(key=PROBED_WITH)
            failures = self.apply((end, AddService(service=service), end))
            if all(failure.index != 1 for failure in failures):
                found.append(name)
        return tuple(found)

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Perform operations on services and destinations, in order; what was refused.

        Codes: exists, missing, no-scheduler, not-permitted, invalid, unsupported, kernel. Raises
        DesyncError when the kernel stopped in the middle.
        """
        family = self._id()
        self._seen = None
        packer = wire.Destinations()
        bodies = [(family, 0, _body(operation, packer)) for operation in operations]
        errors = self._netlink.batch(bodies)
        return tuple(
            Failure(index=index, code=_code(operations[index], number), reason=os.strerror(number))
            for index, number in sorted(errors.items())
        )

    def _id(self) -> int:
        if not self.available() or self._family is None:
            raise NetlinkError("this kernel has no IPVS", errno.EOPNOTSUPP)
        return self._family


def _code(operation: AnyOperation, number: int) -> str:
    if number == errno.ENOENT and isinstance(operation, AddService | SetService):
        return "no-scheduler"
    return _CODES.get(number, "kernel")


def _body(operation: AnyOperation, packer: wire.Destinations) -> bytes:
    match operation:
        case AddDestination(key=key, destination=destination):
            return packer.message(wire.NEW_DEST, key, destination)
        case SetDestination(key=key, destination=destination):
            return packer.message(wire.SET_DEST, key, destination)
        case DeleteDestination(key=key, address=address, port=port):
            return wire.delete_destination_message(key, address, port)
        case AddService(service=service):
            return wire.service_message(wire.NEW_SERVICE, service)
        case SetService(service=service):
            return wire.service_message(wire.SET_SERVICE, service)
        case DeleteService(key=key):
            return wire.key_message(wire.DEL_SERVICE, key)
    raise TypeError(f"{operation!r} is no operation on IPVS")
