"""Perform a worker's requests on the real machine: checked, recorded, batched.

Operations of one kind that follow each other become one batch of netlink messages, so that a
thousand addresses cost a handful of system calls; the order between kinds is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from lvsm.core.config_keys import SCHEDULERS
from lvsm.core.errors import LvsmError
from lvsm.core.filter_rules import AnyRule, RuleSet
from lvsm.core.operations import (
    AddAddress,
    Announce,
    AnyOperation,
    BringUp,
    DeleteAddress,
    DestinationLoad,
    Failure,
    HoldGroup,
    Interface,
    InterfaceAddress,
    KernelState,
    ReleaseGroup,
    RestoreSysctl,
    ServiceKey,
    ServiceState,
    SetRules,
    SetSysctl,
    TakeDown,
)
from lvsm.core.verbs import (
    AnyFile,
    AnyReply,
    AnyRequest,
    Applied,
    Apply,
    Count,
    Counted,
    Done,
    HaresourcesGroup,
    MonService,
    Probe,
    Probed,
    Read,
    Refused,
    RestoreMon,
    Same,
    State,
    WakeMon,
    WriteHaresources,
    WriteMon,
    WriteVerifier,
)
from lvsm.privileged import policy
from lvsm.privileged.record import Record

HARMLESS = frozenset({"exists", "missing"})


class Ipvs(Protocol):
    """The kernel's IPVS table (adapters.ipvs, or a fake held to the same contract)."""

    def available(self) -> bool:
        """Whether this kernel has IPVS."""

    def read(self) -> tuple[ServiceState, ...]:
        """All virtual services with their destinations."""

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Perform operations on services and destinations, in order."""

    def count(self, keys: Sequence[ServiceKey]) -> tuple[DestinationLoad, ...]:
        """The connections of the services' realservers."""

    def schedulers(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of `names` that this kernel has."""


class Addresses(Protocol):
    """The addresses of this machine's interfaces (adapters.addresses)."""

    def read_interfaces(self) -> tuple[Interface, ...]:
        """All interfaces with their addresses."""

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Add and delete addresses, in order."""


class Sysctls(Protocol):
    """Kernel parameters (adapters.sysctl)."""

    def read(self, names: Collection[str]) -> dict[str, int]:
        """The values of those of `names` that exist."""

    def write(self, name: str, value: int) -> None:
        """Set one; raises LvsmError."""


class Links(Protocol):
    """The tunnels' devices, and the ways out of this machine (adapters.links)."""

    def apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        """Set devices up and down, in order."""

    def ways_out(self, sources: Collection[str]) -> dict[str, str]:
        """The gateway by which packets from each address would leave."""


class PacketFilter(Protocol):
    """LVSM's own rules in the packet filter (adapters.packet_filter)."""

    def read(self) -> RuleSet:
        """Those that are there; raises LvsmError."""

    def replace(self, rules: Sequence[AnyRule]) -> None:
        """Make these our rules; raises LvsmError."""


class Mon(Protocol):
    """mon's files, and the mon that runs (adapters.mon_files); each method raises LvsmError."""

    def write(self, services: Sequence[MonService], hashed: str) -> None:
        """Replace mon's files, keeping the mon.cf that was there."""

    def restore(self) -> None:
        """Put that mon.cf back."""

    def wake(self) -> None:
        """Have mon read its files anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything of the machine that operations are performed on."""

    ipvs: Ipvs
    addresses: Addresses
    sysctls: Sysctls
    links: Links
    packet_filter: PacketFilter
    announce: Callable[[Sequence[InterfaceAddress]], tuple[Failure, ...]]


class Performer:
    """Answers each request of the worker, one at a time."""

    def __init__(
        self,
        *,
        machine: Machine,
        record: Record,
        write_haresources: Callable[[Sequence[HaresourcesGroup]], None],
        mon: Mon,
        write_verifier: Callable[[str], None],
        nodes: Collection[str],
    ) -> None:
        """Keep the adapters; `nodes` are the names that ha.cf lists."""
        self._mon = mon
        self._write_verifier = write_verifier
        self._machine = machine
        self._record = record
        self._write_haresources = write_haresources
        self._nodes = frozenset(nodes)
        self._told: KernelState | None = None
        self._mark = 0

    def answer(self, request: AnyRequest) -> AnyReply:
        """Perform `request`; a mistake in it is answered with `Refused`."""
        try:
            match request:
                case Read(ways_out_from=sources, unless=mark):
                    policy.check_sources(sources)
                    return self._state(self._read(sources), mark)
                case Apply(operations=operations):
                    policy.check(operations, self._record.owned())
                    return Applied(failures=self._apply(operations))
                case Count(keys=keys):
                    ipvs = self._machine.ipvs
                    return Counted(loads=ipvs.count(keys) if ipvs.available() else ())
                case Probe():
                    ipvs = self._machine.ipvs
                    names = ipvs.schedulers(SCHEDULERS) if ipvs.available() else ()
                    return Probed(schedulers=names)
                case _:
                    self._see_to_files(request)
                    return Done()
        except LvsmError as error:
            return Refused(code=error.code, reason=error.message)
        except OSError as error:
            return Refused(code="os-error", reason=str(error))

    def _state(self, kernel: KernelState, mark: int) -> State | Same:
        """The kernel, unless the worker has seen just that."""
        if kernel != self._told:
            self._told = kernel
            self._mark += 1
        return Same() if mark == self._mark else State(kernel=kernel, mark=self._mark)

    def _see_to_files(self, request: AnyFile) -> None:
        match request:
            case WriteHaresources(groups=groups):
                policy.check_haresources(groups, self._nodes)
                self._write_haresources(groups)
            case WriteVerifier(verifier=verifier):
                self._write_verifier(verifier)
            case WriteMon(services=services, hashed=hashed):
                policy.check_mon(services, hashed)
                self._mon.write(services, hashed)
            case RestoreMon():
                self._mon.restore()
            case WakeMon():
                self._mon.wake()

    def _read(self, sources: Collection[str]) -> KernelState:
        machine = self._machine
        ipvs = machine.ipvs.available()
        owned = self._record.owned()
        return KernelState(
            ipvs=ipvs,
            services=machine.ipvs.read() if ipvs else (),
            interfaces=machine.addresses.read_interfaces(),
            sysctls=machine.sysctls.read(tuple(policy.SYSCTLS)),
            owned=owned,
            rules=machine.packet_filter.read() if owned.rules else RuleSet(),
            ways_out=machine.links.ways_out(sources),
        )

    def _apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        failures: list[Failure] = []
        for perform, run in groupby(enumerate(operations), lambda item: self._kind(item[1])):
            indexes, batch = zip(*run, strict=True)
            self._record.before(batch, self)  # only now is there all that earlier steps made
            failures.extend(
                Failure(index=indexes[f.index], code=f.code, reason=f.reason)
                for f in perform(batch)
                if f.code not in HARMLESS
            )
        failed = {failure.index for failure in failures}
        self._record.after([op for i, op in enumerate(operations) if i not in failed])
        return tuple(failures)

    def _kind(
        self, operation: AnyOperation
    ) -> Callable[[Sequence[AnyOperation]], Sequence[Failure]]:
        match operation:
            case AddAddress() | DeleteAddress():
                return self._machine.addresses.apply
            case BringUp() | TakeDown():
                return self._machine.links.apply
            case SetRules():
                return self._set_rules
            case Announce():
                return self._announce_all
            case SetSysctl() | RestoreSysctl():
                return self._set_sysctls
            case HoldGroup() | ReleaseGroup():
                return self._note_groups
            case _:
                return self._machine.ipvs.apply

    def _announce_all(self, operations: Sequence[AnyOperation]) -> Sequence[Failure]:
        return self._machine.announce([op.address for op in operations if isinstance(op, Announce)])

    def _set_sysctls(self, operations: Sequence[AnyOperation]) -> Sequence[Failure]:
        def perform(operation: AnyOperation) -> None:
            match operation:
                case SetSysctl(name=name, value=value):
                    self._machine.sysctls.write(name, value)
                case RestoreSysctl(name=name):
                    value_before = self._record.remembered_sysctl(name)
                    if value_before is not None and self.sysctl(name) is not None:
                        self._machine.sysctls.write(name, value_before)

        return _each(operations, perform)

    def _note_groups(self, operations: Sequence[AnyOperation]) -> Sequence[Failure]:
        def perform(operation: AnyOperation) -> None:
            match operation:
                case HoldGroup(group=group, addresses=addresses):
                    self._record.hold(group, addresses)
                case ReleaseGroup(group=group):
                    self._record.release(group)

        return _each(operations, perform)

    def _set_rules(self, operations: Sequence[AnyOperation]) -> Sequence[Failure]:
        def perform(operation: AnyOperation) -> None:
            if isinstance(operation, SetRules):
                self._machine.packet_filter.replace(operation.rules)

        return _each(operations, perform)

    def sysctl(self, name: str) -> int | None:
        """A parameter's present value, None if there is no such parameter."""
        return self._machine.sysctls.read((name,)).get(name)

    def is_up(self, interface: str) -> bool:
        """Whether a device is there and set up."""
        found = self._machine.addresses.read_interfaces()
        return any(entry.name == interface and entry.up for entry in found)


def _each(
    operations: Sequence[AnyOperation], perform: Callable[[AnyOperation], None]
) -> tuple[Failure, ...]:
    failures = []
    for index, operation in enumerate(operations):
        try:
            perform(operation)
        except LvsmError as error:
            failures.append(Failure(index=index, code=error.code, reason=error.message))
        except OSError as error:
            failures.append(Failure(index=index, code="os-error", reason=str(error)))
    return tuple(failures)
