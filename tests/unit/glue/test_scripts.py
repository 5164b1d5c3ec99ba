"""heartbeat's scripts as heartbeat runs them: what they write, and that they never wait or fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lvsm.adapters import event_pipe

GLUE = Path(__file__).resolve().parents[3] / "heartbeat_glue"
DEADLINE = 10


@dataclass
class Installed:
    """The scripts with the paths of a folder of the test's own."""

    folder: Path
    pipe: int = -1

    def plvsd_starts(self) -> None:
        self.pipe = event_pipe.make(self.folder / "heartbeat")

    def run(
        self, script: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / script, *arguments],
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def written(self) -> str:
        try:
            return os.read(self.pipe, 65536).decode()
        except BlockingIOError:
            return ""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    for script in ("harc", "req_resource", "ResourceManager", "tell", "resource.d/plvs"):
        text = (GLUE / script).read_text()
        for was, now in (
            ("/run/lvsm", str(tmp_path)),
            ("/usr/lib/lvsm/glue", str(tmp_path)),
            ("/etc/ha.d/resource.d", str(tmp_path)),
            ("/etc/ha.d/rc.d", str(tmp_path / "rc.d")),
        ):
            text = text.replace(was, now)
        copy = tmp_path / Path(script).name
        copy.write_text(text)
        copy.chmod(0o755)
    (tmp_path / "groups").mkdir()
    glue = Installed(tmp_path)
    yield glue
    if glue.pipe >= 0:
        os.close(glue.pipe)


def test_a_death_is_one_line_in_the_pipe(installed: Installed) -> None:
    installed.plvsd_starts()
    assert installed.run("harc", "status", HA_src="dir1", HA_st="dead").returncode == 0
    assert installed.written() == "EVENT MEMBER dir1 dead\n"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("req_resource", "lvsm"), "EVENT HEARTBEAT up\n"),
        (("ResourceManager", "takegroup", "lvsm"), "EVENT TAKE lvsm\n"),
    ],
)
def test_resources_are_plvsd_s_to_take(
    installed: Installed, command: tuple[str, ...], line: str
) -> None:
    installed.plvsd_starts()
    assert installed.run(*command).returncode == 0
    assert installed.written() == line


def test_with_plvsd_dead_nothing_waits_and_nothing_is_made(installed: Installed) -> None:
    installed.plvsd_starts()
    os.close(installed.pipe)  # the pipe stays, and nobody holds it
    installed.pipe = -1
    assert installed.run("harc", "status", HA_src="dir1", HA_st="dead").returncode == 0
    assert installed.run("req_resource", "lvsm").returncode == 0
    (installed.folder / "heartbeat").unlink()  # there never was one
    assert installed.run("harc", "status", HA_src="dir1", HA_st="dead").returncode == 0
    assert installed.run("req_resource", "lvsm").returncode == 0
    assert not (installed.folder / "heartbeat").exists()


def test_however_many_groups_there_are_heartbeat_sees_one_key(installed: Installed) -> None:
    for name in ("web", "mail"):
        (installed.folder / "groups" / name).write_text("")
    for asked in (("listkeys", "dir1"), ("listkeys", ".*"), ("allkeys",), ("ourkeys",)):
        assert installed.run("ResourceManager", *asked).stdout == "lvsm\n"


def test_status_says_one_of_two_words(installed: Installed) -> None:
    assert installed.run("ResourceManager", "status", "lvsm").stdout == "stopped\n"
    assert installed.run("plvs", "web", "dir1,dir2", "status").stdout == "stopped\n"
    (installed.folder / "groups" / "web").write_text("")
    assert installed.run("ResourceManager", "status", "lvsm").stdout == "running\n"
    assert installed.run("plvs", "web", "dir1,dir2", "status").stdout == "running\n"


def test_a_stop_with_plvsd_dead_takes_the_group_down_and_succeeds(installed: Installed) -> None:
    record = installed.folder / "groups" / "web"
    record.write_text("lvsm-none 192.0.2.1/32\n")
    assert installed.run("plvs", "web", "dir1,dir2", "stop").returncode == 0
    assert not record.exists()
    record.write_text("lvsm-none 192.0.2.1/32\n")
    assert installed.run("ResourceManager", "givegroup", "lvsm").returncode == 0
    assert not record.exists()


@pytest.mark.parametrize("group", ["", "..", "../web", "a b", "Web", "$(id)", "-x"])
def test_a_group_s_name_never_leaves_the_folder(installed: Installed, group: str) -> None:
    found = installed.run("plvs", group, "stop")
    assert (found.returncode, "usage" in found.stderr) == (1, True)


def test_other_events_go_to_their_script_with_their_arguments(installed: Installed) -> None:
    folder = installed.folder / "rc.d"
    folder.mkdir()
    script = folder / "lvsm-test"
    script.write_text('#!/bin/sh\necho "$@"\n')
    script.chmod(0o755)
    assert installed.run("harc", "lvsm-test", "a b").stdout == "lvsm-test a b\n"
    assert installed.run("harc", "no-such-event").returncode == 0
    assert installed.run("harc", "../lvsm-test").returncode == 1
