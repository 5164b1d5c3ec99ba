"""Perform a worker's requests on the real machine: checked, recorded, batched.

Operations of one kind that follow each other become one batch of netlink messages, so that a
thousand addresses cost a handful of system calls; the order between kinds is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Protocol

from lvsm.core.errors import LvsmError
from lvsm.core.operations import (
    AddAddress,
    Announce,
    AnyOperation,
    DeleteAddress,
    Failure,
    HoldGroup,
    Interface,
    InterfaceAddress,
    KernelState,
    ReleaseGroup,
    RestoreSysctl,
    ServiceState,
    SetSysctl,
)
from lvsm.core.verbs import (
    AnyReply,
    AnyRequest,
    Applied,
    Apply,
    Done,
    HaresourcesGroup,
    Read,
    Refused,
    State,
    WriteHaresources,
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


class Performer:
    """Answers each request of the worker, one at a time."""

    def __init__(
        self,
        *,
        ipvs: Ipvs,
        addresses: Addresses,
        sysctls: Sysctls,
        announce: Callable[[Sequence[InterfaceAddress]], tuple[Failure, ...]],
        record: Record,
        write_haresources: Callable[[Sequence[HaresourcesGroup]], None],
        nodes: Collection[str],
    ) -> None:
        """Keep the adapters; `nodes` are the names that ha.cf lists."""
        self._ipvs = ipvs
        self._addresses = addresses
        self._sysctls = sysctls
        self._announce = announce
        self._record = record
        self._write_haresources = write_haresources
        self._nodes = frozenset(nodes)

    def answer(self, request: AnyRequest) -> AnyReply:
        """Perform `request`; a mistake in it is answered with `Refused`."""
        try:
            match request:
                case Read():
                    return State(kernel=self._read())
                case Apply(operations=operations):
                    policy.check(operations, self._record.owned())
                    return Applied(failures=self._apply(operations))
                case WriteHaresources(groups=groups):
                    policy.check_haresources(groups, self._nodes)
                    self._write_haresources(groups)
                    return Done()
        except LvsmError as error:
            return Refused(code=error.code, reason=error.message)
        except OSError as error:
            return Refused(code="os-error", reason=str(error))

    def _read(self) -> KernelState:
        ipvs = self._ipvs.available()
        return KernelState(
            ipvs=ipvs,
            services=self._ipvs.read() if ipvs else (),
            interfaces=self._addresses.read_interfaces(),
            sysctls=self._sysctls.read(tuple(policy.SYSCTLS)),
            owned=self._record.owned(),
        )

    def _apply(self, operations: Sequence[AnyOperation]) -> tuple[Failure, ...]:
        self._record.before(operations, self._sysctl)
        failures: list[Failure] = []
        for perform, run in groupby(enumerate(operations), lambda item: self._kind(item[1])):
            indexes, batch = zip(*run, strict=True)
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
                return self._addresses.apply
            case Announce():
                return self._announce_all
            case SetSysctl() | RestoreSysctl():
                return self._set_sysctls
            case HoldGroup() | ReleaseGroup():
                return self._note_groups
            case _:
                return self._ipvs.apply

    def _announce_all(self, operations: Sequence[AnyOperation]) -> Sequence[Failure]:
        return self._announce([op.address for op in operations if isinstance(op, Announce)])

    def _set_sysctls(self, operations: Sequence[AnyOperation]) -> Sequence[Failure]:
        def perform(operation: AnyOperation) -> None:
            match operation:
                case SetSysctl(name=name, value=value):
                    self._sysctls.write(name, value)
                case RestoreSysctl(name=name):
                    value_before = self._record.remembered_sysctl(name)
                    if value_before is not None:
                        self._sysctls.write(name, value_before)

        return _each(operations, perform)

    def _note_groups(self, operations: Sequence[AnyOperation]) -> Sequence[Failure]:
        def perform(operation: AnyOperation) -> None:
            match operation:
                case HoldGroup(group=group, addresses=addresses):
                    self._record.hold(group, addresses)
                case ReleaseGroup(group=group):
                    self._record.release(group)

        return _each(operations, perform)

    def _sysctl(self, name: str) -> int:
        return self._sysctls.read((name,))[name]


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
