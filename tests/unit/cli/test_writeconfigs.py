"""writeconfigs below a folder: what it writes, what it refuses, and the way back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lvsm.cli import exits
from lvsm.core import authkeys, ha_cf, plvsd_conf
from lvsm.core.scram_keys import make_verifier, parse_verifier

SECRET = "correct horse battery"


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "lvsm.cli.writeconfigs", "--root", str(root), *words]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    path = tmp_path / "answers.toml"
    path.write_text(
        f'interfaces = ["eth1"]\nnodes = ["dir1", "dir2"]\npassword_file = "{secret}"\n'
    )
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def files(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("etc/**/*.*")}


def test_answers_become_three_files_and_undo_removes_them(root: Path, answers: Path) -> None:
    done = run(root, "--answers", str(answers))
    assert done.returncode == exits.OK, done.stderr
    ha = ha_cf.parse((root / "etc/ha.d/ha.cf").read_text())
    assert (ha.nodes, ha.media) == (("dir1", "dir2"), (("bcast", "eth1"),))
    keys = root / "etc/ha.d/authkeys"
    assert keys.stat().st_mode & 0o777 == 0o600
    key = authkeys.parse(keys.read_text()).secret()
    assert key is not None
    conf = root / "etc/plvsd.conf"
    assert conf.stat().st_mode & 0o777 == 0o640
    verifier = parse_verifier(plvsd_conf.parse(conf.read_text()).password_verifier or "")
    assert make_verifier(SECRET, verifier.salt, verifier.iterations) == verifier
    assert SECRET not in done.stdout + done.stderr
    assert key.decode() not in done.stdout + done.stderr
    for words in (["--non-interactive"], ["--answers", str(answers)]):
        assert "nothing to write" in run(root, *words).stdout
    assert run(root, "--undo").returncode == exits.OK
    assert not keys.exists()
    assert not conf.exists()
    assert run(root, "--undo").returncode == exits.ERROR


@pytest.mark.parametrize(
    "words",
    [
        ["--udp-port", "0"], ["--udp-port", "x"], ["--port", "65536"], ["--interfaces", "a/b"],
        ["--media", "ucast"], ["--media", "smoke"], ["--mcast-group", "239.0.0.1"],
        ["--nodes", "a a"], ["--nodes", "-x"], ["--uid", "root"], ["--timing", "fast"],
        ["--watchdog", "/etc/passwd"], ["--password-file", "/nonexistent"], ["--nothing"],
    ],
)  # fmt: skip
def test_a_bad_answer_writes_nothing(root: Path, answers: Path, words: list[str]) -> None:
    done = run(root, "--answers", str(answers), *words)
    assert done.returncode in (exits.ERROR, exits.USAGE)
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert list(root.iterdir()) == []


def test_a_dry_run_and_a_missing_terminal_write_nothing(root: Path, answers: Path) -> None:
    assert "new; 0600" in run(root, "--answers", str(answers), "--dry-run").stdout
    assert run(root).returncode == exits.ERROR
    assert list(root.iterdir()) == []
