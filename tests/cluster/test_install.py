"""`make install` on real nodes that have nothing of LVSM, and `make uninstall` afterwards."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.site import CHECKOUT, VIP, WAIT_SECONDS, Site
from tests.lab.client import Lab, poll_until
from tests.lab.cluster import PLVSD
from tests.lab.process import Process
from tests.lab.provision import Bare

pytestmark = pytest.mark.lab

NODES = ("dir1", "rs1")
INSTALLER = ["/usr/bin/python3", "-m", "scripts.installer"]
CONFIGURE = [
    "writeconfigs",
    "--non-interactive",
    "--nodes",
    " ".join(NODES),
    "--interfaces",
    "eth0",
]
CONFIGURE += ["--password-file", "/etc/first-password", "--auth-key-file", "/etc/first-key"]
WEB = f"""\
[vip.web]
address = "{VIP}"
ports = [80]
scheduler = "rr"
forwarding = "dr"
directors = ["dir1"]
realserver = [{{ node = "rs1" }}]
"""
SOCKET = "/run/lvsm-privileged/socket"
PLVSD_PROGRAM = "/usr/local/sbin/plvsd"
OWN = ("/etc/plvsd.conf", "/etc/ha.d/ha.cf", "/etc/ha.d/authkeys", "/etc/ha.d/haresources")


class WithUser(Bare):
    """The user that a machine's installation makes; the lab's /etc has no room for locks."""

    users = (PLVSD,)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A director and a realserver of which /opt/tree has only what an installation needs."""
    subprocess.run(["make", "-s", "built"], cwd=CHECKOUT, check=True, timeout=600)
    tree = tmp_path_factory.mktemp("to-install")
    for name in ("scripts", "initscripts", "heartbeat_glue", "mon_monitors", "build/installation"):
        shutil.copytree(CHECKOUT / name, tree / name, symlinks=True)
    subprocess.run(["git", "init", "-q", str(tree)], check=True)
    folder = tmp_path_factory.mktemp("bare")
    lab = Lab.up(
        folder, tree=tree, provision=WithUser(), topology="lan", directors=1, realservers=1
    )
    for node in NODES:
        lab.put(node, "/etc/first-password", b"penguins march at dawn\n", mode=0o600)
        lab.put(node, "/etc/first-key", b"0123456789abcdef0123456789abcdef\n", mode=0o600)
    yield Site(lab)
    lab.down()


def run(site: Site, node: str, *argv: str, check: bool = True) -> str:
    result = site.lab.run(node, ["env", "-C", "/opt/tree", *argv], check=check, timeout=300)
    return result.text


def everything(site: Site, node: str) -> dict[str, str]:
    """The sum of every file where an installation puts some."""
    places = ["/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/local/share"]
    places += ["/usr/share/heartbeat", "/etc", "/usr/lib/lvsm"]
    found = site.lab.run(
        node,
        ["find", *places, "-type", "f", "-exec", "sha256sum", "{}", "+"],
        check=False,
        timeout=300,
    )
    lines = found.out.decode().splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def test_installed_configured_serving_and_gone_again(bare: Site) -> None:
    before = {node: everything(bare, node) for node in NODES}
    for node in NODES:
        said = run(bare, node, *INSTALLER, "install")
        assert "writeconfigs" in said, said
        run(bare, node, *CONFIGURE)
        run(bare, node, "plvsd", "--check-config")
        run(bare, node, "/etc/init.d/plvsd", "start")
        run(bare, node, "/etc/init.d/heartbeat", "start")
    poll_until(lambda: bare.status("dir1") is not None, WAIT_SECONDS, "plvsd does not answer")
    bare.members[:] = NODES
    bare.settle(120)  # the wizard's times are an administrator's, not a test's
    bare.save(WEB)
    page = bare.lab.run("client", ["curl", "-s", "--max-time", "5", f"http://{VIP}/"]).out
    assert b"rs1" in page
    for node in NODES:
        run(bare, node, "/etc/init.d/heartbeat", "stop")
        run(bare, node, "/etc/init.d/plvsd", "stop")
        run(bare, node, "plvsd", "--release")
        run(bare, node, *INSTALLER, "uninstall")
        after = everything(bare, node)
        for name in (*OWN, *(name for name in after if name.startswith("/etc/lvsm"))):
            after.pop(name, None)
        changed = before[node].items() ^ after.items()
        assert not {name for name, _ in changed if not _of_the_machine(name)}
        assert VIP not in str(bare.addresses(node))


def _of_the_machine(name: str) -> bool:
    """Files that adding a user and registering a service change, on any machine."""
    return name.startswith(("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/sub"))


def test_the_halves_as_two_programs_that_a_socket_joins(bare: Site) -> None:
    """What plvsd.service and plvsd-privileged.socket do, without a systemd that boots."""
    for node in NODES:
        run(bare, node, *INSTALLER, "install")
        run(bare, node, *CONFIGURE)
    user = ["setpriv", "--reuid=plvsd", "--regid=haclient", "--clear-groups", "--no-new-privs"]
    user += ["--bounding-set=-all", "--inh-caps=-all"]
    run(bare, "dir1", "systemd-tmpfiles", "--create", "/usr/local/lib/tmpfiles.d/lvsm.conf")
    activate = ["systemd-socket-activate", "--listen", SOCKET, PLVSD_PROGRAM, "--privileged"]
    with (
        bare.lab.start("dir1", activate) as privileged,
        _worker(bare, user) as worker,
    ):
        poll_until(lambda: bare.status("dir1") is not None, WAIT_SECONDS, "plvsd does not answer")
        run(bare, "dir1", "/etc/init.d/heartbeat", "start")
        bare.lvsm("dir1", "config", "save", "--force", "-", text=WEB.replace("rs1", "dir1"))
        poll_until(lambda: VIP in bare.table("dir1"), WAIT_SECONDS, "IPVS is not programmed")
        pid = bare.lab.run("dir1", ["pgrep", "-x", "plvsd-worker"]).out.decode().strip()
        status = bare.read("dir1", f"/proc/{pid}/status")
        assert "CapBnd:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        bare.lab.run("dir1", ["kill", pid])
        assert worker.wait(WAIT_SECONDS).status == 0
        assert privileged.wait(WAIT_SECONDS).status == 0


@contextmanager
def _worker(site: Site, user: list[str]) -> Iterator[Process]:
    """The worker, when there is a socket that it may use."""
    there = ["test", "-S", SOCKET]
    poll_until(
        lambda: not site.lab.run("dir1", there, check=False).status, WAIT_SECONDS, "no socket"
    )
    site.lab.run("dir1", ["chown", "plvsd", SOCKET])
    with site.lab.start("dir1", [*user, PLVSD_PROGRAM, "--worker"]) as process:
        yield process
