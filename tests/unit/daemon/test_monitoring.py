"""Keeping mon as the configuration wants it: what is written, when it is reloaded, what is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from lvsm.core import mon_cf
from lvsm.core.check import Check
from lvsm.core.errors import LvsmError
from lvsm.core.model import Configuration
from lvsm.core.verbs import MonService
from lvsm.daemon.monitoring import ASK_SECONDS, Monitoring
from lvsm.daemon.view import View
from tests.fakes.clock import FakeClock
from tests.unit.daemon.test_health_keeping import CHECK, configuration


class FakeMon:
    """mon with its files: it reads them when it is told to."""

    def __init__(self) -> None:
        self.specs: dict[str, str] = {}
        self.written: tuple[MonService, ...] = ()
        self.before: tuple[MonService, ...] = ()
        self.read: tuple[MonService, ...] = ()
        self.reloads = 0
        self.woken = 0
        self.silent = False
        self.foreign = False
        self.refuses = False
        self.gone = False
        self.checked_at_once: tuple[str, ...] = ()

    def replace(self, texts: Mapping[str, str]) -> None:
        self.specs = dict(texts)

    async def write_mon(self, services: Sequence[MonService], hashed: str) -> None:
        assert hashed == "hashed"
        if self.gone:
            raise LvsmError("gone", code="privileged-gone")
        self.before, self.written = self.written, tuple(services)

    async def restore_mon(self) -> None:
        self.written = self.before

    async def wake_mon(self) -> None:
        self.woken += 1
        self.foreign = False
        self.read = self.written

    async def descriptions(self) -> tuple[str, ...]:
        if self.silent:
            raise LvsmError("mon does not answer", code="mon-silent")
        if self.foreign:
            return ("localhost ping Responses",)
        return tuple(
            f"{entry.vip} {mon_cf.SERVICE} lvsm-{entry.stamp}-{entry.seconds}s"
            for entry in self.read
        )

    async def reload(self, password: str, vips: Iterable[str]) -> None:
        assert password == "clear"
        self.checked_at_once = tuple(vips)
        if self.foreign:
            raise LvsmError("login unsuccessful", code="mon-login")
        if self.refuses:
            raise LvsmError("line 3", code="mon-refused")
        self.reloads += 1
        self.read = self.written


class Site:
    def __init__(self, configured: Configuration | None = None) -> None:
        self.mon = FakeMon()
        self.clock = FakeClock()
        self.view = View(me="dir1", members=("dir1",))
        self.view.configuration = configured or configuration()
        self.monitoring = Monitoring(
            view=self.view,
            files=self.mon,
            keeper=self.mon,
            mon=self.mon,
            clock=self.clock,
            password=("clear", "hashed"),
        )

    def use(self, check: Check | None) -> None:
        self.view.configuration = configuration(check)

    def up_to_date(self) -> bool:
        return mon_cf.wanted(self.mon.read) == {
            (spec.vip, spec.stamp, spec.mon_seconds) for spec in self.monitoring.specs().values()
        }


async def test_mon_is_told_once_and_again_only_for_another_check() -> None:
    site = Site()
    for _ in range(3):
        await site.monitoring.look()
    assert (site.mon.reloads, site.up_to_date()) == (1, True)
    assert site.mon.checked_at_once == ("web",)
    assert set(site.mon.specs) == {"web"}
    site.use(replace(CHECK, fall=7))
    await site.monitoring.look()
    assert site.mon.reloads == 1, "how results are judged is none of mon's business"
    site.use(replace(CHECK, timeout=0.7))
    await site.monitoring.look()
    assert (site.mon.reloads, site.up_to_date()) == (2, True)
    assert "timeout 0.7" in site.mon.specs["web"]
    site.use(None)
    await site.monitoring.look()
    assert (site.mon.reloads, site.mon.read, site.mon.specs) == (3, (), {})


async def test_a_mon_that_started_with_an_older_file_is_told_again() -> None:
    site = Site()
    await site.monitoring.look()
    site.mon.read = ()
    await site.monitoring.look()
    assert (site.mon.reloads, site.up_to_date()) == (2, True)


async def test_a_mon_with_somebody_else_s_file_is_woken_first() -> None:
    site = Site()
    site.mon.foreign = True
    await site.monitoring.look()
    assert (site.mon.woken, site.monitoring.complaints() != ()) == (1, True)
    await site.monitoring.look()
    assert (site.up_to_date(), site.monitoring.complaints()) == (True, ())


async def test_a_file_that_mon_refuses_is_taken_back_and_told_of() -> None:
    site = Site()
    await site.monitoring.look()
    was = site.mon.written
    site.use(replace(CHECK, timeout=0.7))
    site.mon.refuses = True
    await site.monitoring.look()
    assert site.mon.written == was
    assert site.mon.read == was
    await site.monitoring.look()
    assert site.mon.written == was, "what it refused is tried again and taken back again"
    (complaint,) = site.monitoring.complaints()
    assert "line 3" in complaint


async def test_a_silent_mon_is_told_of_where_there_is_something_to_check() -> None:
    site = Site()
    site.mon.silent = True
    await site.monitoring.look()
    assert "mon does not answer" in site.monitoring.complaints()[0]
    site.use(None)
    await site.monitoring.look()
    assert site.monitoring.complaints() == ()


async def test_who_is_no_director_of_it_checks_nothing() -> None:
    site = Site()
    site.view.me = "rs1"
    await site.monitoring.look()
    assert (site.mon.specs, site.mon.reloads) == ({}, 0)


async def test_the_privileged_half_s_end_is_the_worker_s() -> None:
    site = Site()
    site.mon.gone = True
    with pytest.raises(LvsmError):
        await site.monitoring.look()


def test_mon_is_asked_often_enough_to_be_missed_soon() -> None:
    assert ASK_SECONDS <= 10
