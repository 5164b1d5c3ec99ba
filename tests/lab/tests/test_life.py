"""How a lab begins and ends: two at once, and nothing left of any."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.lab.client import Lab
from tests.lab.client import down as end
from tests.lab.errors import LabError
from tests.lab.kernel import PYTHON
from tests.lab.provision import Bare, File, User
from tests.lab.tests.test_node import PROGRAM
from tests.lab.topology import NodeInfo

pytestmark = pytest.mark.lab

SMALL = ["--directors", "1", "--realservers", "0", "--bare"]
ATTEMPTS = 3
GONE_SECONDS = 10.0


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "lab"
    end(tmp_path / "lab")


def processes_of(state: Path) -> list[int]:
    """Find every process whose command line tells of this lab, zombies apart."""
    places = {os.fsencode(state), os.fsencode((state / "work").resolve())}
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if any(place in words for place in places):
                found.append(int(entry.name))
    return found


def gone(state: Path) -> float:
    """Wait until no process of this lab is left; for how many seconds there was one."""
    begun = time.monotonic()
    while left := processes_of(state):
        assert time.monotonic() - begun < GONE_SECONDS, left
        time.sleep(0.01)
    return time.monotonic() - begun


def leaves_nothing(state: Path, kill: Callable[[], None], *, within: float = 1.0) -> None:
    """Nothing is left, each time; and within so many seconds, once: what else runs only adds."""
    took = []
    for _ in range(ATTEMPTS):
        kill()
        took.append(gone(state))
        if took[-1] < within:
            return
        end(state)
    pytest.fail(f"it took {took} s")


def lab(*words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    argv = [str(PROGRAM), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout)


def up(state: Path) -> None:
    done = lab("up", "--state", str(state), *SMALL)
    assert done.returncode == 0, done.stderr


def supervisor_of(state: Path) -> int:
    program = os.fsencode(PROGRAM.with_name("lab-supervisor"))
    (pid,) = (
        pid
        for pid in processes_of(state)
        if program in Path(f"/proc/{pid}/cmdline").read_bytes()
        and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1] == "1"
    )
    return pid


def test_two_labs_at_once_share_nothing(booted_lab: Lab, state: Path) -> None:
    up(state)
    other = Lab(state)
    other.run("dir1", ["ip", "address", "add", "10.77.0.222/24", "dev", "eth0"])
    assert other.run("client", ["ping", "-c1", "-W2", "10.77.0.222"]).status == 0
    missing = booted_lab.run("client", ["ping", "-c1", "-W1", "10.77.0.222"], check=False)
    assert missing.status == 1


def test_up_twice_is_refused_and_harms_nothing(state: Path) -> None:
    up(state)
    again = lab("up", "--state", str(state), *SMALL)
    assert again.returncode == 125
    assert "a lab is up in" in again.stderr
    assert Lab(state).run("dir1", ["true"]).status == 0


def test_down_leaves_nothing(state: Path) -> None:
    up(state)
    assert len(processes_of(state)) > 4
    assert lab("down", "--state", str(state)).returncode == 0
    assert processes_of(state) == []
    assert {path.name for path in state.iterdir()} <= {"lock", "log"}
    assert lab("down", "--state", str(state)).returncode == 0


@pytest.mark.parametrize("paused", [False, True])
def test_a_killed_supervisor_leaves_nothing(state: Path, paused: bool) -> None:
    def kill() -> None:
        up(state)
        if paused:
            Lab(state).pause("dir1")
        os.kill(supervisor_of(state), signal.SIGKILL)

    leaves_nothing(state, kill)
    up(state)  # and DIR can be used again
    assert Lab(state).run("dir1", ["hostname"]).out == b"dir1\n"


def test_a_killed_helper_ends_the_lab(state: Path) -> None:
    def kill() -> None:
        up(state)
        supervisor = supervisor_of(state)
        (helper,) = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[:1]
        os.kill(int(helper), signal.SIGKILL)

    leaves_nothing(state, kill, within=2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_up_leaves_nothing(state: Path, number: int) -> None:
    argv = [str(PROGRAM), "up", "--state", str(state), "--bare"]

    def kill() -> None:
        with subprocess.Popen(argv, stderr=subprocess.PIPE) as process:
            assert process.stderr
            assert b"is up" in process.stderr.readline()
            process.send_signal(number)

    leaves_nothing(state, kill)


def test_a_lab_ends_with_the_program_that_started_it(state: Path) -> None:
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from tests.lab.client import Lab\n"
        "Lab.up(Path(sys.argv[2]), directors=1, realservers=0); print('up', flush=True)\n"
        "time.sleep(60)"
    )
    argv = [PYTHON, "-c", program, str(PROGRAM.parents[2]), str(state)]

    def kill() -> None:
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"up\n"
            process.kill()

    leaves_nothing(state, kill)


def test_a_folder_that_strangers_cannot_reach_will_do(tmp_path: Path) -> None:
    hidden = tmp_path / "hid den, é"
    hidden.mkdir(mode=0o700)
    up(hidden)
    place = (hidden / "work").resolve()
    assert Lab(hidden).run("dir1", ["hostname"]).out == b"dir1\n"
    end(hidden)
    assert not place.exists()


class Provisioned(Bare):
    users = (User(name="tester", uid=4711),)

    def files(self, node: NodeInfo) -> Sequence[File]:  # noqa: ARG002
        return [File(path="/etc/sample", data=b"\0secret", mode=0o600, owner="tester:tester")]

    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:
        script = 'test -r /opt/tree/tests/lab/lab; echo "$1" >> /var/lib/boots; sync'
        return [["sh", "-ec", script, "sh", node.name], ["touch", "/run/booted"]]

    def ready(self, lab: Lab) -> bool:
        return lab.run("dir1", ["test", "-e", "/run/booted"], check=False).status == 0


def test_a_provision_s_files_users_and_commands(state: Path) -> None:
    checkout = PROGRAM.parents[2]
    lab = Lab.up(state, directors=1, realservers=0, tree=checkout, provision=Provisioned())
    assert lab.get("dir1", "/etc/sample") == b"\0secret"
    owner = lab.run("dir1", ["stat", "-c", "%U:%G %a", "/etc/sample"]).out
    assert owner == b"tester:tester 600\n"
    assert lab.run("dir1", ["setpriv", "--reuid=tester", "id", "-un"]).out == b"tester\n"
    python = lab.run("dir1", ["/opt/tree/.venv/bin/python", "-c", "import sys; print(sys.prefix)"])
    assert python.out == b"/opt/tree/.venv\n"
    lab.crash("dir1")
    lab.boot("dir1")
    assert lab.get("dir1", "/var/lib/boots") == b"dir1\ndir1\n"
    assert lab.get("dir1", "/etc/sample") == b"\0secret"
    lab.down()


class Failing(Bare):
    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:  # noqa: ARG002
        return [["sh", "-c", "echo the reason; exit 3"]]


def test_a_failing_boot_command_is_reported_with_what_it_said(state: Path) -> None:
    with pytest.raises(LabError, match=r"(?s)exit status 3; its console ends:.*the reason"):
        Lab.up(state, directors=1, realservers=0, provision=Failing())
    assert processes_of(state) == []


def test_missing_programs_are_answered_by_what_to_do(state: Path) -> None:
    hide = 'mount --bind /dev/null /usr/bin/linux.uml && exec "$@"'
    argv = ["unshare", "-m", "sh", "-c", hide, "sh", str(PROGRAM), "up", "--state", str(state)]
    done = subprocess.run([*argv, *SMALL], capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "not installed: linux.uml; run `make lab`" in done.stderr
