"""`plvsd --release`: what was there before is there afterwards, whatever happened in between."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.adapters.mon_files import MonFiles
from lvsm.core import node_plan
from lvsm.core.operations import KernelState, Owned
from lvsm.core.verbs import Applied, Apply
from lvsm.privileged import release
from lvsm.privileged.performer import Machine, Performer
from lvsm.privileged.record import Record
from tests.fakes.kernel import FakeKernel
from tests.fakes.worlds import aims, kernels, wanted


class Node:
    """A fake kernel with the real privileged half and its record on a disk."""

    def __init__(self, kernel: FakeKernel, folder: Path) -> None:
        self.kernel = kernel
        self.folder = folder
        self.haresources: list[object] = []
        self.start()

    def start(self) -> None:
        """As a new plvsd does: only the record on the disk is known."""
        self.record = Record(self.folder, lambda path, data, _mode: _write(path, data))
        self.performer = Performer(
            machine=Machine(
                ipvs=self.kernel.ipvs,
                addresses=self.kernel.addresses,
                sysctls=self.kernel.sysctls,
                links=self.kernel.links,
                packet_filter=self.kernel.packet_filter,
                announce=self.kernel.announce,
            ),
            record=self.record,
            write_haresources=self.haresources.append,
            mon=MonFiles(self.folder),
            write_verifier=lambda _verifier: None,
            nodes=(),
        )

    def state(self) -> KernelState:
        """What the kernel has, and what is recorded."""
        return msgspec.structs.replace(self.kernel.read(), owned=self.record.owned())

    def release(self) -> tuple[str, ...]:
        """What `plvsd --release` does."""
        found = release.plan(self.performer)
        return release.perform(self.performer, found, self.record.forget)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def without_devices(state: KernelState) -> KernelState:
    """But for what a module brings when it is loaded: that stays, unused."""
    interfaces = tuple(i for i in state.interfaces if i.up or i.addresses)
    sysctls = {name: v for name, v in state.sysctls.items() if "tunl0" not in name}
    sysctls = {name: v for name, v in sysctls.items() if "ip6tnl0" not in name}
    return msgspec.structs.replace(state, interfaces=interfaces, sysctls=sysctls)


@given(kernel=kernels, chain=st.lists(aims(), min_size=1, max_size=3), data=st.data())
def test_state_before_is_state_after_across_restarts_and_crashes(
    kernel: FakeKernel, chain: list[object], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        node = Node(kernel, Path(folder))
        before = node.state()
        adopted = set()
        for aim in chain:
            want = wanted(*aim, interfaces=node.state().own_interfaces())  # type: ignore[misc]
            adopted |= {state.service.key for state in want.services}
            steps = node_plan.plan(want, node.state())
            cut = steps[: data.draw(st.integers(0, len(steps)))]
            assert isinstance(node.performer.answer(Apply(operations=cut)), Applied)
            node.start()
        half = release.plan(node.performer).operations
        cut = half[: data.draw(st.integers(0, len(half)))]
        assert isinstance(node.performer.answer(Apply(operations=cut)), Applied)
        node.start()  # as if it had been interrupted there
        assert node.release() == ()
        after = node.state()
        left = tuple(s for s in before.services if s.service.key not in adopted)
        assert {s.service.key: s for s in after.services}.items() >= {
            s.service.key: s for s in left
        }.items()
        assert {s.service.key for s in after.services} <= {s.service.key for s in before.services}
        assert without_devices(msgspec.structs.replace(after, services=())) == without_devices(
            msgspec.structs.replace(before, services=())
        )
        assert after.owned == Owned()
        node.start()
        assert node.record.owned() == Owned()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(FakeKernel(), tmp_path)


ALIAS = "10.0.0.100/32"


def take(node: Node) -> None:
    from lvsm.core.desired import NodeState
    from lvsm.core.operations import InterfaceAddress

    want = NodeState(
        aliases=(InterfaceAddress(interface="lo", address=ALIAS),),
        sysctls={"net.ipv4.conf.all.arp_ignore": 1},
    )
    answer = node.performer.answer(Apply(operations=node_plan.plan(want, node.state())))
    assert answer == Applied()


def test_each_command_is_known_before_and_nothing_is_done_for_that(node: Node) -> None:
    take(node)
    before = node.state()
    assert release.plan(node.performer).commands == (
        f"ip addr del {ALIAS} dev lo",
        "sysctl -w net.ipv4.conf.all.arp_ignore=0",
    )
    assert node.state() == before
    assert node.haresources == []


def test_heartbeats_lines_go_too(node: Node) -> None:
    assert node.release() == ()
    assert node.haresources == [()]


def test_what_was_refused_is_told_and_stays_recorded(node: Node) -> None:
    take(node)
    del node.kernel.addresses.found["lo"][-1]  # somebody was faster, and that is no refusal
    name = "net.ipv4.conf.all.arp_ignore"

    def refuse(name: str, value: int) -> None:
        raise OSError(30, "Read-only file system")

    write, node.kernel.sysctls.write = node.kernel.sysctls.write, refuse  # type: ignore[method-assign]
    [problem] = node.release()
    assert problem.startswith(f"sysctl -w {name}=0: ")
    assert node.record.owned().sysctls == {name: 0}
    node.kernel.sysctls.write = write  # type: ignore[method-assign]
    assert node.release() == ()
    assert node.kernel.sysctls.values[name] == 0
