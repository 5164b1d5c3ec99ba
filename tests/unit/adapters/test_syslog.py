from __future__ import annotations

import socket
from pathlib import Path

from lvsm.adapters.syslog import Syslog


def daemon(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.settimeout(5)
    listening.bind(str(path))
    return listening


def test_a_line_goes_to_authpriv(tmp_path: Path) -> None:
    path = tmp_path / "log"
    syslog = Syslog("lvsm-audit", path)
    with daemon(path) as listening:
        syslog(b'{"seq":1}')
        assert listening.recv(1000) == b'<85>lvsm-audit: {"seq":1}'
    syslog.close()


def test_nobody_there_is_no_matter_and_a_restarted_one_is_found(tmp_path: Path) -> None:
    path = tmp_path / "log"
    syslog = Syslog("lvsm-audit", path)
    syslog(b"nobody")
    with daemon(path) as listening:
        syslog(b"one")
        assert listening.recv(1000).endswith(b"one")
    syslog(b"gone")
    with daemon(path) as listening:
        syslog(b"two")
        assert listening.recv(1000).endswith(b"two")
    syslog.close()


def test_one_that_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    syslog = Syslog("lvsm-audit", path)
    with daemon(path):
        for _ in range(2000):
            syslog(b"x" * 1000)
    syslog.close()
