"""The client of mon's server and mon's files, against the real mon on ports of the test's own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lvsm.adapters.mon import Mon
from lvsm.adapters.mon_files import MonFiles, NoMonError
from lvsm.adapters.mon_password import hashed, make_password
from lvsm.core import mon_cf
from lvsm.core.errors import LvsmError
from lvsm.core.verbs import MonService
from lvsm.privileged import policy
from tests.unit.mon_monitors.servers import MONITORS

MON = "/usr/sbin/mon"
START_SECONDS = 30
SERVICES = (
    MonService(vip="web", labels=("rs1", "rs2:8080"), seconds=10, stamp="0123456789abcdef"),
    MonService(vip="a.b-c_d", labels=("x",), seconds=3600, stamp="f" * 16),
)


@dataclass
class Running:
    """A mon with its files in a folder of the test's own."""

    folder: Path
    port: int
    password: str = field(default_factory=make_password)

    def write(self, services: tuple[MonService, ...], more: str = "") -> None:
        text = mon_cf.render(services).replace("/etc/mon", str(self.folder)) + more
        text = text.replace(mon_cf.MONITORS, str(MONITORS))
        for folder in ("/var/log/mon", "/var/lib/mon"):
            text = text.replace(folder, str(self.folder))
        (self.folder / "mon.cf").write_text(text)

    @property
    def mon(self) -> Mon:
        return Mon(port=self.port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    found = Running(tmp_path, free_port())
    found.write(())
    (tmp_path / "lvsm-users.cf").write_text(mon_cf.users(hashed(found.password)))
    (tmp_path / "lvsm-auth.cf").write_text(mon_cf.AUTH)
    process = await asyncio.create_subprocess_exec(
        MON, "-B", str(tmp_path), "-c", str(tmp_path / "mon.cf"), "-P", str(tmp_path / "pid"),
        "-p", str(found.port), "-t", str(free_port()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await answers(found.mon):  # noqa: ASYNC110  another process
                await asyncio.sleep(0.05)
        yield found
    finally:
        process.kill()
        await process.wait()


async def answers(mon: Mon) -> bool:
    try:
        await mon.descriptions()
    except LvsmError:
        return False
    return True


async def test_mon_reads_what_was_rendered_and_tells_of_it(running: Running) -> None:
    assert await running.mon.descriptions() == ()
    running.write(SERVICES)
    await running.mon.reload(running.password, [entry.vip for entry in SERVICES])
    found = mon_cf.mounted(await running.mon.descriptions())
    assert found == mon_cf.wanted(SERVICES)
    running.write(SERVICES[:1])
    await running.mon.reload(running.password, ["web"])
    assert mon_cf.mounted(await running.mon.descriptions()) == mon_cf.wanted(SERVICES[:1])


async def test_a_file_that_mon_does_not_take_changes_nothing(running: Running) -> None:
    running.write(SERVICES)
    await running.mon.reload(running.password, ())
    running.write((), more="\nwatch nobody\n    service check\n        intervall 5s\n")
    with pytest.raises(LvsmError) as refused:
        await running.mon.reload(running.password, ())
    assert refused.value.code == "mon-refused"
    assert "line" in refused.value.message
    assert mon_cf.mounted(await running.mon.descriptions()) == mon_cf.wanted(SERVICES)


async def test_only_plvsd_may_reload(running: Running) -> None:
    with pytest.raises(LvsmError) as refused:
        await running.mon.reload("wrong", ())
    assert refused.value.code == "mon-login"
    assert "wrong" not in refused.value.message


async def test_a_mon_that_hangs_or_is_gone_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(LvsmError) as refused:
            await Mon(port=port, seconds=0.2).descriptions()
        assert refused.value.code == "mon-silent"
    with pytest.raises(LvsmError) as refused:
        await Mon(port=port).descriptions()
    assert refused.value.code == "mon-silent"


def test_the_password_is_hashed_as_the_privileged_half_wants_it() -> None:
    policy.check_mon(SERVICES, hashed("secret"))
    assert hashed("secret") != hashed("secret")


@pytest.fixture
def files(tmp_path: Path) -> MonFiles:
    account = "root" if os.geteuid() == 0 else os.environ.get("USER", "root")
    return MonFiles(tmp_path, account=account)


@pytest.mark.skipif(os.geteuid() != 0, reason="mon's group is given to a file by root alone")
def test_an_own_file_of_somebody_s_is_kept_and_ours_replaced(
    files: MonFiles, tmp_path: Path
) -> None:
    path = tmp_path / "mon.cf"
    path.write_text("# somebody's\n")
    files.write((), hashed("x"))
    assert path.read_text() == "# somebody's\n"
    files.write(SERVICES, hashed("x"))
    assert mon_cf.is_ours(path.read_text())
    assert (tmp_path / "mon.cf.before-lvsm").read_text() == "# somebody's\n"
    assert (tmp_path / "lvsm-users.cf").stat().st_mode & 0o777 == 0o640
    first = path.read_text()
    files.write(SERVICES[:1], hashed("x"))
    assert path.read_text() != first
    files.restore()
    assert path.read_text() == first


def test_where_mon_is_not_installed_that_is_said(tmp_path: Path) -> None:
    nowhere = MonFiles(tmp_path / "nowhere")
    nowhere.write((), "")
    with pytest.raises(NoMonError):
        nowhere.write(SERVICES, "")
    with pytest.raises(NoMonError):
        MonFiles(tmp_path, proc=tmp_path).wake()
