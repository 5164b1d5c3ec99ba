"""What a case of the contract stands on: the adapters, real or fake, in a small world of its own.

The world: `lo` with its own addresses, and INTERFACE with OWN and OWN6, which LVSM did not put
there. No IPVS service; sysctls at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lvsm.adapters.mon_files import MonFiles
from lvsm.core.operations import AnyOperation, Failure, Interface, KernelState
from lvsm.core.verbs import Applied, Apply, Read, State
from lvsm.privileged.performer import (
    Addresses,
    Ipvs,
    Links,
    Machine,
    PacketFilter,
    Performer,
    Sysctls,
)
from lvsm.privileged.record import Record
from tests.fakes.kernel import FakeKernel

INTERFACE = "c0"
OWN = "198.51.100.1/24"
OWN6 = "2001:db8:100::1/64"
WORLD = (
    Interface(name="lo", carrier=True, addresses=("127.0.0.1/8", "::1/128")),
    Interface(name=INTERFACE, carrier=True, addresses=(OWN, OWN6)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The adapters, and the performer above them; `again` makes a performer after a crash."""

    ipvs: Ipvs
    addresses: Addresses
    sysctls: Sysctls
    links: Links
    packet_filter: PacketFilter
    performer: Performer
    again: Callable[[], Performer]

    def ipvs_codes(self, *operations: AnyOperation) -> dict[int, str]:
        """What the kernel says of operations on IPVS: codes by index."""
        return codes(self.ipvs.apply(operations))

    def address_codes(self, *operations: AnyOperation) -> dict[int, str]:
        """What the kernel says of operations on addresses: codes by index."""
        return codes(self.addresses.apply(operations))

    def on(self, interface: str = INTERFACE) -> set[str]:
        """The addresses of an interface; link-local ones come and go by themselves."""
        (found,) = [i for i in self.addresses.read_interfaces() if i.name == interface]
        return {text for text in found.addresses if not text.startswith("fe80:")}

    def perform(self, *operations: AnyOperation) -> dict[int, str]:
        """The whole way of a worker's request: what was refused, codes by index."""
        answer = self.performer.answer(Apply(operations=operations))
        assert isinstance(answer, Applied), answer
        return codes(answer.failures)

    def state(self) -> KernelState:
        """What the performer sees."""
        answer = self.performer.answer(Read())
        assert isinstance(answer, State), answer
        return answer.kernel


def codes(failures: Sequence[Failure]) -> dict[int, str]:
    """Each failure's code by its index."""
    return {failure.index: failure.code for failure in failures}


def make(
    *,
    machine: Machine,
    folder: Path,
    replace: Callable[[Path, bytes, int], None],
) -> Bench:
    """A bench on adapters; the record is kept in `folder`."""

    def performer() -> Performer:
        return Performer(
            machine=machine,
            record=Record(folder, replace),
            write_haresources=lambda _groups: None,
            mon=MonFiles(folder),
            write_verifier=lambda _verifier: None,
            nodes=(),
        )

    return Bench(
        ipvs=machine.ipvs,
        addresses=machine.addresses,
        sysctls=machine.sysctls,
        links=machine.links,
        packet_filter=machine.packet_filter,
        performer=performer(),
        again=performer,
    )


def fake(folder: Path) -> Bench:
    """A bench on the fake kernel."""
    kernel = FakeKernel(interfaces=WORLD)
    machine = Machine(
        ipvs=kernel.ipvs,
        addresses=kernel.addresses,
        sysctls=kernel.sysctls,
        links=kernel.links,
        packet_filter=kernel.packet_filter,
        announce=kernel.announce,
    )
    return make(
        machine=machine,
        folder=folder,
        replace=_write,
    )


def _write(path: Path, data: bytes, _mode: int) -> None:
    path.write_bytes(data)
