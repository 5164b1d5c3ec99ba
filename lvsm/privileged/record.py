"""The record of what LVSM put into this kernel, in /run/lvsm, so that it dies with the kernel.

Law: a thing is recorded before it is made and forgotten after it is gone. A crash in between leaves
a record too long, never one too short, and taking away what is not there does no harm.

`groups/<group>` holds one line `interface address/prefix` for each address of a held group: plain
enough for heartbeat's stop script, which must work with plvsd dead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from lvsm.core.operations import (
    AddAddress,
    AddService,
    AnyOperation,
    BringUp,
    DeleteAddress,
    DeleteService,
    InterfaceAddress,
    Owned,
    RestoreSysctl,
    ServiceKey,
    SetRules,
    SetService,
    SetSysctl,
    TakeDown,
    TunnelText,
)

Replace = Callable[[Path, bytes, int], None]
"""Replace a file whole: path, content, mode."""


class Before(Protocol):
    """What is there before a change, as far as it has to be put back."""

    def sysctl(self, name: str) -> int | None:
        """A parameter's present value, None if there is no such parameter."""

    def is_up(self, interface: str) -> bool:
        """Whether a device is there and set up."""


class Record:
    """The record in memory and on disk; `folder` is /run/lvsm, writable by root alone."""

    def __init__(self, folder: Path, replace: Replace) -> None:
        """Load what an earlier plvsd recorded; an unreadable record counts as empty."""
        self._file = folder / "owned.json"
        self._groups = folder / "groups"
        self._replace = replace
        self._services: dict[ServiceKey, None] = {}
        self._addresses: dict[InterfaceAddress, None] = {}
        self._sysctls: dict[str, int] = {}
        self._links: dict[TunnelText, None] = {}
        self._rules = False
        self._held: dict[str, tuple[InterfaceAddress, ...]] = {}
        self._groups.mkdir(mode=0o700, exist_ok=True)
        self._load()

    def owned(self) -> Owned:
        """What is recorded now."""
        return Owned(
            services=tuple(self._services),
            addresses=tuple(self._addresses),
            sysctls=dict(self._sysctls),
            groups=dict(self._held),
            links=tuple(self._links),
            rules=self._rules,
        )

    def before(  # noqa: C901  one table of cases reads best in one place
        self, operations: Sequence[AnyOperation], there: Before
    ) -> None:
        """Record what `operations` will make, and what they will change; `there` knows it."""
        size = self._size()
        for operation in operations:
            match operation:
                case AddService(service=service) | SetService(service=service):
                    self._services[service.key] = None
                case AddAddress(address=address):
                    self._addresses[address] = None
                case SetSysctl(name=name) if name not in self._sysctls:
                    value = there.sysctl(name)
                    if value is not None:
                        self._sysctls[name] = value
                case BringUp(interface=interface) if not there.is_up(interface):
                    self._links[interface] = None
                case SetRules(rules=rules) if rules:
                    self._rules = True
        if size != self._size():
            self._store()

    def after(self, operations: Sequence[AnyOperation]) -> None:
        """Forget what `operations`, all of them performed, have taken away."""
        size = self._size()
        for operation in operations:
            match operation:
                case DeleteService(key=key):
                    self._services.pop(key, None)
                case DeleteAddress(address=address):
                    self._addresses.pop(address, None)
                case RestoreSysctl(name=name):
                    self._sysctls.pop(name, None)
                case TakeDown(interface=interface):
                    self._links.pop(interface, None)
                case SetRules(rules=rules) if not rules:
                    self._rules = False
        if size != self._size():
            self._store()

    def _size(self) -> tuple[int, ...]:
        counts = len(self._services), len(self._addresses), len(self._sysctls)
        return (*counts, len(self._links), self._rules)

    def remembered_sysctl(self, name: str) -> int | None:
        """The value that `name` had before LVSM changed it, None if it never did."""
        return self._sysctls.get(name)

    def hold(self, group: str, addresses: tuple[InterfaceAddress, ...]) -> None:
        """Record that this node holds `group`."""
        lines = "".join(f"{a.interface} {a.address}\n" for a in addresses)
        self._replace(self._groups / group, lines.encode(), 0o600)
        self._held[group] = addresses

    def release(self, group: str) -> None:
        """Forget that this node holds `group`."""
        (self._groups / group).unlink(missing_ok=True)
        self._held.pop(group, None)

    def forget(self) -> None:
        """Drop the record: whatever is still in it is not there any more."""
        for group in tuple(self._held):
            self.release(group)
        self._file.unlink(missing_ok=True)

    def _store(self) -> None:
        self._replace(self._file, msgspec.json.encode(self.owned()), 0o600)

    def _load(self) -> None:
        try:
            owned = msgspec.json.decode(self._file.read_bytes(), type=Owned)
        except (OSError, msgspec.MsgspecError):
            owned = Owned()
        self._services = dict.fromkeys(owned.services)
        self._addresses = dict.fromkeys(owned.addresses)
        self._sysctls = dict(owned.sysctls)
        self._links = dict.fromkeys(owned.links)
        self._rules = owned.rules
        for file in sorted(self._groups.iterdir()):
            fields = [line.split() for line in file.read_text().splitlines()]
            self._held[file.name] = tuple(
                InterfaceAddress(interface=interface, address=address)
                for interface, address in (f for f in fields if len(f) == 2)
            )
