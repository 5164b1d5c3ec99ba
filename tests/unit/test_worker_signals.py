"""How a whole worker begins and ends, as an init sees it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lvsm.core.scram_keys import make_verifier
from lvsm.settings import BEGIN_ANEW


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGHUP, BEGIN_ANEW)]
)
def test_init_hears_that_it_is_ready_and_how_it_ended(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as init:
        init.bind(str(tmp_path / "notify"))
        init.settimeout(60)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.worker_process", str(tmp_path), _SEED],
            stdout=subprocess.DEVNULL,
            env={"NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        try:
            assert init.recv(100) == b"READY=1\nSTATUS=node dir1"
            process.send_signal(number)
            assert process.wait(60) == status
        finally:
            process.kill()
            process.wait()


_SEED = str(make_verifier("a password of the tests", b"a" * 16))
