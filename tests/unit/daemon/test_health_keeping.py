"""Reports into the view: by fakes, and from the real monitor over a real socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest

from lvsm.adapters.health_file import HealthFile
from lvsm.core import check_spec
from lvsm.core.check import Check, CheckType
from lvsm.core.check_spec import Spec, Target
from lvsm.core.health import NOTHING, Health, Member, Outcome, Result, stale_after, verdicts
from lvsm.core.model import Configuration, Node, Realserver, VirtualService
from lvsm.daemon.auditing import Auditor
from lvsm.daemon.handlers import Handlers
from lvsm.daemon.health_keeping import HealthKeeping, UnknownCheckError, fresh
from lvsm.daemon.health_verbs import HealthVerbs
from lvsm.daemon.view import View
from tests.fakes.clock import FakeClock
from tests.unit.adapters.protocol_node import running
from tests.unit.mon_monitors.servers import hang, monitor, serving

CHECK = Check(type=CheckType.TCP, fall=1, rise=1, interval=0.5, timeout=2.0)


def configuration(check: Check | None = CHECK) -> Configuration:
    return Configuration(
        nodes={
            name: Node(name=name, address=ip_address(address))
            for name, address in (("rs1", "127.0.0.1"), ("rs2", "127.0.0.2"))
        },
        vips={
            "web": VirtualService(
                name="web",
                address=ip_interface("192.0.2.10"),
                ports=(80,),
                directors=("dir1",),
                realservers=(Realserver(node="rs1"), Realserver(node="rs2")),
                check=check,
            )
        },
    )


class MemoryStore:
    """Health in memory."""

    def __init__(self) -> None:
        self.kept: Health = NOTHING
        self.writes = 0

    def read(self) -> Health:
        return self.kept

    def keep(self, health: Health) -> None:
        self.kept = health
        self.writes += 1


@dataclass
class Site:
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=FakeClock)
    view: View = field(default_factory=lambda: View(me="dir1", members=("dir1",)))
    specs: Mapping[str, Spec] | None = None

    def __post_init__(self) -> None:
        self.view.configuration = configuration()
        self.keeping = HealthKeeping(
            view=self.view, store=self.store, clock=self.clock, specs=self.wanted
        )

    def wanted(self) -> Mapping[str, Spec]:
        return self.specs or check_spec.specs(self.view.configuration, "dir1")

    def say(self, **outcomes: str) -> None:
        results = [Result(label=k, outcome=Outcome(v), reason="") for k, v in outcomes.items()]
        self.keeping.take("web", self.wanted()["web"].stamp, results)

    def woken(self) -> bool:
        woken = self.view.changed.is_set()
        self.view.changed.clear()
        return woken


def test_the_control_loop_wakes_when_somebody_s_state_changes_and_only_then() -> None:
    site = Site()
    site.say(rs1="up", rs2="up")
    assert site.woken()
    health = site.view.health
    site.say(rs1="up", rs2="up")
    assert not site.woken()
    assert site.view.health is health
    site.say(rs2="down")
    assert site.woken()
    assert verdicts(site.view.health["web"]) == {"rs1": True, "rs2": False}


@pytest.mark.parametrize(("vip", "stamp"), [("web", "0" * 16), ("other", ""), ("", "")])
def test_a_report_about_another_check_changes_nothing(vip: str, stamp: str) -> None:
    site = Site()
    with pytest.raises(UnknownCheckError):
        site.keeping.take(vip, stamp, [Result(label="rs1", outcome=Outcome.DOWN)])
    assert (site.view.health, site.woken()) == ({}, False)


def test_what_was_known_is_there_after_a_restart_and_stale() -> None:
    site = Site()
    site.say(rs1="down", rs2="up")
    site.keeping.keep()
    site.keeping.keep()
    assert site.store.writes == 1
    again = Site(store=site.store, clock=site.clock)
    again.keeping.load()
    assert verdicts(again.view.health["web"]) == {"rs1": False, "rs2": True}
    assert fresh(again.view, again.clock.monotonic()) == frozenset()
    again.say(rs1="down")
    assert fresh(again.view, again.clock.monotonic()) == {"web"}
    again.clock.pass_by(stale_after(CHECK) + 1)
    assert fresh(again.view, again.clock.monotonic()) == frozenset()
    assert verdicts(again.view.health["web"]) == {"rs1": False, "rs2": True}


def test_a_service_without_a_check_is_forgotten() -> None:
    site = Site()
    site.say(rs1="down")
    site.view.configuration = configuration(None)
    site.keeping.keep()
    assert (site.view.health, site.store.kept) == ({}, {})


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    store = HealthFile(tmp_path / "health.json")
    assert store.read() == {}
    store.keep({"web": {"rs1": Member(up=False, since=1.5, reason="no")}})
    assert store.read() == {"web": {"rs1": Member(up=False, since=1.5, reason="no")}}
    (tmp_path / "health.json").write_bytes(b'{"web": 1}')
    assert store.read() == {}


async def test_the_real_monitor_reports_over_the_real_socket(tmp_path: Path) -> None:
    site = Site()
    async with serving({"rs1": hang}) as (target,):
        targets = (target, Target(label="rs2", address="127.0.0.2", port=1))
        site.specs = {"web": Spec(vip="web", check=CHECK, host="www.example.com", targets=targets)}
        handlers = Handlers((HealthVerbs(site.keeping).table(),), _no_audit())
        async with running(tmp_path, handle=handlers, verbs=handlers.help()) as node:
            ended = await monitor(tmp_path, CHECK, targets, plvsd=node.path)
    assert ended.failed == ("rs2",)
    members = site.view.health["web"]
    assert verdicts(members) == {"rs1": True, "rs2": False}
    assert members["rs2"].reason == "connection refused"


async def test_a_monitor_whose_check_is_outdated_stops(tmp_path: Path) -> None:
    site = Site()
    async with serving({"rs1": hang}) as targets:
        handlers = Handlers((HealthVerbs(site.keeping).table(),), _no_audit())
        async with running(tmp_path, handle=handlers, verbs=handlers.help()) as node:
            ended = await monitor(tmp_path, CHECK, targets, plvsd=node.path)
    assert ended.failed[:2] == ("UNKNOWN", "plvsd:")
    assert "unknown-check" in ended.output


def _no_audit() -> Auditor:
    """HEALTH REPORT changes nothing that people answer for, so nothing is recorded."""
    return None  # type: ignore[return-value]  # a use would fail the test
