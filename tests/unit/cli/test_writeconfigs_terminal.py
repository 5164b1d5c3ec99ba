"""writeconfigs at a real terminal: asked, back and forth, reviewed, and stopped at any question."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvsm.cli import exits
from lvsm.core import ha_cf, plvsd_conf
from lvsm.core.wizard.questions import QUESTIONS
from tests.unit.cli.terminal import Terminal

SECRET = "correct horse battery"
_START = "from lvsm.cli.writeconfigs import main; main(sys.argv[1:])"


def started(root: Path, *words: str) -> Terminal:
    return Terminal(_START, "--root", str(root), *words)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_a_cluster_is_asked_for_and_written(root: Path) -> None:
    terminal = started(root)
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
    terminal = started(root, "--interfaces", "eth1")
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
    terminal = started(root, "--interfaces", "eth1")
    asked = [q for q in QUESTIONS if q.key not in ("mcast_group", "peers")]
    for question in asked[:after]:
        if question.key == "password":
            terminal.answer(question.title, f"{SECRET}\n")
            terminal.answer("The same again", f"{SECRET}\n")
        else:
            terminal.answer(f"{question.title} [", "\n")
    terminal.answer(asked[after].title, stop)
    assert terminal.end(again=stop) == exits.INTERRUPTED, terminal.seen
    assert "Nothing was written" in terminal.seen
    assert list(root.iterdir()) == []
