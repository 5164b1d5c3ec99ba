"""The users of a whole worker, by the command line and the client library."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from lvsm.cli import exits
from lvsm.client import LoginRefusedError, connect
from lvsm.core.scram_keys import make_verifier
from tests.unit.cli.plvsd import lvsm

ADMINS = "the admin's password"
ALICES = "alice's password"


@dataclass(kw_only=True)
class Plvsd:
    folder: Path
    port: int

    def lvsm(self, *words: str) -> Result:
        return lvsm(*words, local=self.folder / "plvsd.sock")

    def over_tls(self, user: str, password: str, *words: str) -> Result:
        secret = self.folder / "login"
        secret.write_text(password)
        node = f"127.0.0.1:{self.port}"
        return lvsm("--node", node, "--user", user, "--password-file", str(secret), *words)

    def audit(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]


@contextmanager
def plvsd(folder: Path, seed: str) -> Iterator[Plvsd]:
    (folder / "plvsd.sock").unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.worker_process", str(folder), seed],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        _, port = process.stdout.readline().split()
        yield Plvsd(folder=folder, port=int(port))
    finally:
        process.terminate()
        assert process.wait(20) == 0
        if process.stdout is not None:
            process.stdout.close()


def test_users_roles_sessions_and_a_restart(tmp_path: Path) -> None:
    seed = str(make_verifier(ADMINS, b"a" * 16))
    new = tmp_path / "new"
    new.write_text(ALICES)
    with plvsd(tmp_path, seed) as node:
        assert node.over_tls("admin", ADMINS, "user", "list").exit_code == exits.OK
        words = ["user", "add", "alice", "--role", "viewer", "--new-password-file", str(new)]
        assert node.lvsm(*words).stdout == "alice was added\n"
        assert node.over_tls("alice", ALICES, "vip", "list").exit_code == exits.OK
        refused = node.over_tls("alice", ALICES, "user", "list")
        assert refused.exit_code == exits.NOT_ALLOWED
        assert "it is for the role admin" in refused.stderr

        address = f"127.0.0.1:{node.port}"
        with connect(address, user="alice", password=ALICES) as client:
            made = client.request("SESSION NEW").items[0]
        session, secret = f"session:{made['id']}", made["secret"]
        with connect(address, user=session, password=secret) as client:
            assert client.request("STATUS").items[0]["node"] == "dir1"

        new.write_text("another one of alice's")
        assert node.over_tls("alice", ALICES, "passwd", *words[5:]).exit_code == exits.OK
        with pytest.raises(LoginRefusedError) as wrong:
            connect(address, user=session, password=secret)
        assert wrong.value.code == "auth-failed"

    with plvsd(tmp_path, str(make_verifier("another seed", b"b" * 16))) as node:
        assert node.over_tls("admin", "another seed", "status").exit_code == exits.NOT_ALLOWED
        assert node.over_tls("admin", ADMINS, "user", "list").stdout.splitlines() == [
            "NAME   ROLE    PASSWORD",
            "admin  admin   yes",
            "alice  viewer  yes",
        ]
        assert node.lvsm("user", "remove", "alice", "--yes").exit_code == exits.OK
        gone = node.over_tls("alice", "another one of alice's", "vip", "list")
        assert gone.exit_code == exits.NOT_ALLOWED
        records = node.audit()
    changes = [(r["verb"], r["result"]) for r in records if r["event"] == "change"]
    assert changes == [
        ("USER ADD", "ok"),
        ("PASSWD", "ok"),
        ("USER REMOVE", "ok"),
    ]
    assert not any(word in json.dumps(records) for word in (ADMINS, ALICES, "SCRAM", secret))
