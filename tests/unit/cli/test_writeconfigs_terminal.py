"""writeconfigs at a real terminal: asked, back and forth, reviewed, and stopped at any question."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from lvsm.cli import exits
from lvsm.core import ha_cf, plvsd_conf
from lvsm.core.wizard.questions import QUESTIONS

SECRET = "correct horse battery"
SECONDS = 100.0
_START = (
    "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "from lvsm.cli.writeconfigs import main; import sys; main(sys.argv[1:])"
)


class Terminal:
    """writeconfigs with a terminal of its own; it sees what a person sees."""

    def __init__(self, root: Path, *words: str) -> None:
        self._mine, theirs = pty.openpty()
        argv = [sys.executable, "-c", _START, "--root", str(root), *words]
        self._process = subprocess.Popen(
            argv, start_new_session=True, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.seen = ""
        self._answered = 0

    def answer(self, asked: str, text: str) -> None:
        """Wait until it asks, in what it said since the last answer; then type."""
        while asked not in self.seen[self._answered :] or not self.seen.endswith(": "):
            assert self._more(), f"{asked!r} was not asked: {self.seen}"
        self._answered = len(self.seen)
        os.write(self._mine, text.encode())

    def end(self) -> int:
        """Read to the end; the exit status."""
        while self._more():
            pass
        os.close(self._mine)
        return self._process.wait(SECONDS)

    def _more(self) -> bool:
        if not select.select([self._mine], [], [], SECONDS)[0]:
            self._process.kill()
            pytest.fail(f"it says nothing more: {self.seen}")
        try:
            chunk = os.read(self._mine, 4096)
        except OSError:  # the other end is closed
            return False
        self.seen += chunk.decode(errors="replace").replace("\r\n", "\n")
        return bool(chunk)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_a_cluster_is_asked_for_and_written(root: Path) -> None:
    terminal = Terminal(root)
    terminal.answer("Heartbeat UDP port [694]", "70000\n")
    terminal.answer("between 1 and 65535", "700\n")
    terminal.answer("Heartbeat UDP interface", "<\n")
    terminal.answer("Heartbeat UDP port [700]", "\n")
    terminal.answer("Heartbeat UDP interface", "eth7\n")
    terminal.answer("travel [bcast]", "?\n")
    terminal.answer("travel [bcast]", "mcast\n")
    terminal.answer("Multicast group", "\n")
    terminal.answer("auth method [sha1]", "\n")
    terminal.answer("Auth key [generate]", "\n")
    terminal.answer("TCP port [6610]", "\n")
    terminal.answer("plvsd uid [plvsd]", "\n")
    terminal.answer("Administration password", "short\n")
    terminal.answer("fewer than", f"{SECRET}\n")
    terminal.answer("The same again", "another\n")
    terminal.answer("Administration password", f"{SECRET}\n")
    terminal.answer("The same again", f"{SECRET}\n")
    terminal.answer("Nodes of the cluster", "dir1 dir2\n")
    terminal.answer("Timing [normal]", "calm\n")
    terminal.answer("Watchdog [no]", "\n")
    terminal.answer("Write this?", "<\n")
    terminal.answer("Watchdog [no]", "\n")
    terminal.answer("Write this?", "y\n")
    assert terminal.end() == exits.OK, terminal.seen
    assert SECRET not in terminal.seen
    ha = ha_cf.parse((root / "etc/ha.d/ha.cf").read_text())
    assert ha.media == (("mcast", "eth7", "239.255.76.83", "700", "1", "0"),)
    assert (ha.nodes, ha.times["deadtime"]) == (("dir1", "dir2"), 5000)
    assert plvsd_conf.parse((root / "etc/plvsd.conf").read_text()).password_verifier


def test_no_to_the_review_writes_nothing(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    terminal = Terminal(root, "--interfaces", "eth1")
    for question in QUESTIONS:
        if question.key in ("mcast_group", "peers"):
            continue
        if question.key == "password":
            terminal.answer(question.title, f"{SECRET}\n")
            terminal.answer("The same again", f"{SECRET}\n")
        else:
            terminal.answer(f"{question.title} [", "\n")
    terminal.answer("Write this?", "n\n")
    assert terminal.end() == exits.OK
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("stop", ["\x03", "\x04"])
@pytest.mark.parametrize("after", [0, 3, 8])
def test_stopped_at_a_question_nothing_is_written(root: Path, after: int, stop: str) -> None:
    terminal = Terminal(root, "--interfaces", "eth1")
    asked = [q for q in QUESTIONS if q.key not in ("mcast_group", "peers")]
    for question in asked[:after]:
        if question.key == "password":
            terminal.answer(question.title, f"{SECRET}\n")
            terminal.answer("The same again", f"{SECRET}\n")
        else:
            terminal.answer(f"{question.title} [", "\n")
    terminal.answer(asked[after].title, stop)
    assert terminal.end() == exits.INTERRUPTED, terminal.seen
    assert "Nothing was written" in terminal.seen
    assert list(root.iterdir()) == []
