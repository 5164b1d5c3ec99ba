"""What a command in a node sees and gives back, through the library and through `lab exec`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab import frames
from tests.lab.client import Lab
from tests.lab.errors import LabError

pytestmark = pytest.mark.lab

PROGRAM = Path(__file__).parents[1] / "lab"
EVERY_BYTE = bytes(range(256)) * 64


def command(
    lab: Lab, verb: str, *words: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    argv = [str(PROGRAM), verb, "--state", str(lab.state), *words]
    return subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=60, cwd="/")


def test_arguments_pass_verbatim(booted_lab: Lab) -> None:
    argv = ["a b", "", "new\nline", "'q\"", "*", "$HOME", "-x", "--", "ü", "\\"]
    wanted = "".join(f"<{word}>" for word in argv).encode()
    assert booted_lab.run("rs1", ["printf", "<%s>", *argv]).out == wanted
    assert command(booted_lab, "exec", "rs1", "--", "printf", "<%s>", *argv).stdout == wanted


def test_streams_stay_apart_and_the_status_is_the_command_s(booted_lab: Lab) -> None:
    script = "cat; echo out; echo err >&2; exit 37"
    result = booted_lab.run("rs1", ["sh", "-c", script], input=b"in ", check=False)
    assert (result.status, result.out, result.err) == (37, b"in out\n", b"err\n")
    done = command(booted_lab, "exec", "-i", "rs1", "--", "sh", "-c", script, stdin=b"in ")
    assert (done.returncode, done.stdout, done.stderr) == (37, b"in out\n", b"err\n")


def test_without_i_stdin_is_empty(booted_lab: Lab) -> None:
    assert command(booted_lab, "exec", "rs1", "--", "cat", stdin=b"ignored").stdout == b""


def test_every_byte_passes_both_ways(booted_lab: Lab) -> None:
    assert booted_lab.run("rs1", ["cat"], input=EVERY_BYTE).out == EVERY_BYTE
    assert (
        command(booted_lab, "exec", "-i", "rs1", "--", "cat", stdin=EVERY_BYTE).stdout == EVERY_BYTE
    )


def test_more_than_a_window_passes_both_ways(booted_lab: Lab) -> None:
    data = os.urandom(5 * frames.WINDOW // 2)
    done = command(booted_lab, "exec", "-i", "client", "--", "cat", stdin=data)
    assert done.stdout == data


def test_a_command_that_reads_nothing_is_not_blocked_by_its_stdin(booted_lab: Lab) -> None:
    assert booted_lab.run("rs1", ["true"], input=bytes(2 * frames.WINDOW)).status == 0


def test_a_slow_reader_stops_the_writer_and_loses_nothing(booted_lab: Lab) -> None:
    size = 3 * frames.WINDOW
    with booted_lab.start("rs1", ["head", "-c", str(size), "/dev/zero"]) as slow:
        assert booted_lab.run("rs1", ["echo", "meanwhile"]).out == b"meanwhile\n"
        assert len(slow.wait().out) == size


def test_a_burst_does_not_make_a_busy_node_deaf(booted_lab: Lab) -> None:
    """A line's input that is read late overfills its buffer, and then its driver gives up."""
    busy = "for i in 1 2 3 4 5 6; do (while :; do :; done) & done; wait"
    lines = "seq 20000; sleep 2; cat"
    with booted_lab.start("rs1", ["sh", "-c", busy]):
        for _ in range(3):
            with booted_lab.start("rs1", ["sh", "-c", lines]) as talk:
                time.sleep(1)  # what is read late is acknowledged at once
                talk.write(bytes(frames.WINDOW))
                talk.close_stdin()
                talk.wait(60)
            assert booted_lab.run("rs1", ["echo", "here"], timeout=20).out == b"here\n"


def test_a_background_child_does_not_hold_up_the_end(booted_lab: Lab) -> None:
    begun = time.monotonic()
    result = booted_lab.run("rs1", ["sh", "-c", "sleep 20 & echo started; exit 3"], check=False)
    assert (result.status, result.out) == (3, b"started\n")
    assert time.monotonic() - begun < 10
    booted_lab.run("rs1", ["pkill", "sleep"])


def test_a_command_that_is_not_there(booted_lab: Lab) -> None:
    done = command(booted_lab, "exec", "rs1", "--", "no-such-command")
    assert done.returncode == 127
    assert b"no-such-command" in done.stderr
    assert booted_lab.run("rs1", ["no-such-command"], check=False).status == 127


def test_a_signal_reaches_the_command_and_shows_in_its_status(booted_lab: Lab) -> None:
    with booted_lab.start("rs1", ["sh", "-c", "echo ready; exec sleep 60"]) as process:
        assert process.read_line() == b"ready\n"
        process.signal(signal.SIGTERM)
        assert process.wait().status == -signal.SIGTERM
    done = command(booted_lab, "exec", "rs1", "--", "sh", "-c", "kill -9 $$")
    assert done.returncode == 128 + signal.SIGKILL


def test_a_command_dies_with_its_client(booted_lab: Lab) -> None:
    with booted_lab.start("rs1", ["sh", "-c", "echo ready; exec sleep 4711"]) as process:
        process.read_line()
    end = time.monotonic() + 10
    while booted_lab.run("rs1", ["pgrep", "-f", "sleep 4711"], check=False).status == 0:
        assert time.monotonic() < end
    assert command(booted_lab, "status").returncode == 0


def test_a_conversation_line_by_line(booted_lab: Lab) -> None:
    with booted_lab.start("rs1", ["sh", "-c", 'while read -r x; do echo "<$x>"; done']) as talk:
        for word in (b"one", b"two"):
            talk.write(word + b"\n")
            assert talk.read_line() == b"<" + word + b">\n"
        talk.close_stdin()
        assert talk.wait().status == 0
        assert talk.read_line() == b""


def test_the_environment(booted_lab: Lab) -> None:
    lines = booted_lab.run("rs1", ["env"], env={"GREETING": "hello world"}).out.splitlines()
    assert b"GREETING=hello world" in lines
    assert b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" in lines


def test_a_check_raises_with_what_was_said(booted_lab: Lab) -> None:
    with pytest.raises(LabError, match=r"rs1: .* ended with 2: .*/nowhere"):
        booted_lab.run("rs1", ["ls", "/nowhere"])


def test_a_time_limit_raises_with_what_was_said(booted_lab: Lab) -> None:
    with pytest.raises(LabError, match="not end in time; it said: begun"):
        booted_lab.run("rs1", ["sh", "-c", "echo begun; sleep 60"], timeout=0.5)


def test_mistakes_are_answered_by_125_and_a_reason(booted_lab: Lab, tmp_path: Path) -> None:
    unknown = command(booted_lab, "exec", "dir9", "--", "true")
    assert (unknown.returncode, b"no node 'dir9'; there are dir1, dir2" in unknown.stderr) == (
        125,
        True,
    )
    usage = command(booted_lab, "exec", "dir1", "true")
    assert (usage.returncode, b"usage: lab" in usage.stderr) == (125, True)
    argv = [str(PROGRAM), "exec", "--state", str(tmp_path), "dir1", "--", "true"]
    nowhere = subprocess.run(argv, capture_output=True, check=False)
    assert (nowhere.returncode, b"no lab is up" in nowhere.stderr) == (125, True)


def test_files_are_put_and_got_with_mode_and_owner(booted_lab: Lab) -> None:
    booted_lab.put("dir1", "/etc/deep/er/file", EVERY_BYTE * 8, mode=0o640, owner="mail:4711")
    assert booted_lab.get("dir1", "/etc/deep/er/file") == EVERY_BYTE * 8
    stat = booted_lab.run("dir1", ["stat", "-c", "%a %U %g", "/etc/deep/er/file"]).out
    assert stat == b"640 mail 4711\n"
    with pytest.raises(LabError):
        booted_lab.put("dir1", "/proc/nothing", b"")


@pytest.mark.parametrize(
    "name", ["curl", "ipvsadm", "ip", "ss", "ping", "tcpdump", "arping", "nft", "modprobe", "tc"]
)
def test_programs_are_on_the_path(booted_lab: Lab, name: str) -> None:
    booted_lab.run("client", ["sh", "-c", f"command -v {name}"])


def test_nodes_know_their_names_and_have_what_programs_expect(booted_lab: Lab) -> None:
    for node, info in booted_lab.nodes.items():
        script = "hostname; cat /etc/hostname; getent hosts dir2 | cut -d' ' -f1; id -un"
        answer = booted_lab.run(node, ["sh", "-c", script]).out.decode().split()
        assert answer == [node, node, booted_lab.nodes["dir2"].address, "root"]
        checks = "test -d /run/lock && test -w /dev/shm && test -c /dev/ptmx && test -w /var/log"
        booted_lab.run(info.name, ["sh", "-c", checks])


def test_nothing_reaches_the_machine(booted_lab: Lab, tmp_path: Path) -> None:
    script = "echo x > /usr/bin/lab-was-here; echo x > /etc/lab-was-here; rm -rf /usr/share/doc"
    booted_lab.run("client", ["sh", "-c", script])
    assert not Path("/usr/bin/lab-was-here").exists()
    assert not Path("/etc/lab-was-here").exists()
    assert Path("/usr/share/doc").exists()
    victim = tmp_path / "victim"
    victim.write_text("whole")
    script = f"mount -t hostfs none /mnt -o / && echo x > /mnt{victim}"
    assert booted_lab.run("client", ["sh", "-c", script], check=False).status != 0
    assert victim.read_text() == "whole"
    booted_lab.run("client", ["umount", "/mnt"], check=False)


def test_what_programs_log_is_kept_outside_the_node(booted_lab: Lab) -> None:
    booted_lab.run("rs2", ["logger", "-t", "sample", "a line for the log"])
    end = time.monotonic() + 5
    while "a line for the log" not in booted_lab.logs("rs2"):
        assert time.monotonic() < end
    assert b"a line for the log" in command(booted_lab, "logs", "rs2").stdout


def test_status_as_text_and_as_data(booted_lab: Lab) -> None:
    status = booted_lab.status()
    assert {node["state"] for node in status["nodes"].values()} == {"up"}
    assert all(node["answers"] for node in status["nodes"].values())
    assert b'"answers": true' in command(booted_lab, "status", "--json").stdout
    assert b"dir1     up             eth0 10.77.0.11/24" in command(booted_lab, "status").stdout
