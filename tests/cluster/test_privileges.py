"""What runs with which rights on a real node."""

from __future__ import annotations

import pytest

from tests.cluster.site import Site

pytestmark = pytest.mark.lab


def proc_status(site: Site, pid: str) -> dict[str, str]:
    lines = site.read("dir1", f"/proc/{pid}/status").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def pid_of(site: Site, name: str) -> str:
    return site.lab.run("dir1", ["pgrep", "-x", name]).out.decode().strip()


def test_the_worker_has_no_capability_and_cannot_get_one(site: Site) -> None:
    status = proc_status(site, pid_of(site, "plvsd-worker"))
    uid = site.lab.run("dir1", ["id", "-u", "plvsd"]).out.decode().strip()
    assert status["Uid"].split() == [uid] * 4
    assert status["Groups"] == ""
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[field], 16) == 0, field


def test_only_the_worker_listens_to_a_network(site: Site) -> None:
    sockets = site.lab.run("dir1", ["ss", "-Hlntup"]).out.decode().splitlines()
    mine = [line for line in sockets if "plvsd" in line]
    worker = pid_of(site, "plvsd-worker")
    assert mine
    assert all(f"pid={worker}," in line for line in mine)


def test_files_have_the_modes_of_the_design(site: Site) -> None:
    paths = {
        "/etc/plvsd.conf": "640 root plvsd",
        "/etc/ha.d/authkeys": "600 root root",
        "/var/lib/lvsm": "700 plvsd plvsd",
        "/var/lib/lvsm/node.pem": "600 plvsd plvsd",
        "/var/lib/lvsm/generations": "700 plvsd plvsd",
        "/run/lvsm/groups": "700 root root",
        "/run/lvsm/heartbeat": "600 root root",
        "/var/log/plvsd.log": "640 root plvsd",
    }
    for path, wanted in paths.items():
        found = site.lab.run("dir1", ["stat", "-c", "%a %U %G", path]).out.decode().strip()
        assert found == wanted, path


def test_a_stranger_on_the_unix_socket_may_nothing(site: Site) -> None:
    argv = ["setpriv", "--reuid=nobody", "--clear-groups", "lvsm", "status"]
    refused = site.lab.run("dir1", argv, check=False)
    assert refused.status != 0
    assert b"may not use STATUS" in refused.err


def test_another_node_logs_in_by_the_password_over_tls(site: Site) -> None:
    site.lab.put("rs1", "/etc/password", b"penguin-of-the-lab\n", mode=0o600)
    words = ["--node", "dir1", "--password-file", "/etc/password"]
    assert b"www:" in site.lvsm("rs1", *words, "status").out
    site.lab.put("rs1", "/etc/password", b"wrong\n", mode=0o600)
    wrong = site.lvsm("rs1", *words, "status", check=False)
    assert wrong.status == 4
    assert b"password" in wrong.err
