"""What a short command must not pay for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.plvsd import PASSWORD, FakePlvsd
from tests.unit.cli.test_commands import STATUS

CODE = """
import os, sys
end = os._exit
def tell(status):
    sys.stderr.write(" ".join(sys.modules))
    sys.stderr.flush()
    end(status)
os._exit = tell
from lvsm.cli.start import main
main()
"""
SLOW = {"asyncio", "cryptography", "msgspec", "logging", "concurrent.futures", "lvsm.client.aio"}


@pytest.mark.parametrize(
    ("over_tcp", "unwanted"), [(False, {*SLOW, "ssl", "hashlib", "pathlib"}), (True, SLOW)]
)
def test_status_reads_no_module_that_it_does_not_need(
    plvsd: FakePlvsd, tmp_path: Path, over_tcp: bool, unwanted: set[str]
) -> None:
    plvsd.answers["STATUS"] = [STATUS]
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    node = plvsd.node if over_tcp else str(plvsd.socket)
    done = subprocess.run(
        [sys.executable, "-c", CODE, "--node", node, "--password-file", str(secret), "status"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("www: OK.")
    modules = set(done.stderr.split())
    assert "lvsm.client.blocking" in modules
    assert not modules & unwanted
