"""Realservers checked by the real mon: what stops answering is out of the kernel's table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.conftest import boot
from tests.cluster.figures import Figures
from tests.cluster.site import VIP, WEB, Site
from tests.lab.client import poll_until

pytestmark = pytest.mark.lab

HTTPD = ["/usr/bin/python3", "-ISE", "/opt/lab/programs/tests/lab/node/httpd.py"]
CHECKED = WEB.replace(
    "[[vip.web.realserver]]",
    """[vip.web.check]
type = "http"
interval = 0.5
timeout = 1
fall = 2

[[vip.web.realserver]]""",
    1,
)


@pytest.fixture(scope="module")
def mon_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two directors with mon, two realservers, a client."""
    site = boot(tmp_path_factory.mktemp("health"), mon=True)
    yield site
    site.lab.down()


@pytest.fixture
def checked(mon_site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The cluster, each realserver checked and found up by both directors."""
    if mon_site.lvsm("dir1", "config", "show").out.decode() != CHECKED:
        mon_site.save(CHECKED)
    failed = request.session.testsfailed
    try:
        poll_until(lambda: all_up(mon_site), 60, "the realservers are not found up")
        yield mon_site
    finally:
        if request.session.testsfailed > failed:
            show(mon_site)


def show(site: Site) -> None:
    for director in ("dir1", "dir2"):
        for words in (
            ["tail", "-n60", "/var/log/plvsd.log"],
            ["sh", "-c", "head -50 /etc/mon/mon.cf; ls -lR /run/lvsm /etc/mon; ps ax | grep mon"],
            ["moncmd", "-s", "127.0.0.1", "list", "opstatus"],
            ["lvsm", "status"],
        ):
            print(f"--- {director}: {words}\n{site.lab.run(director, words, check=False).text}")


def health(site: Site, director: str) -> dict[str, str]:
    document = site.status(director) or {"vips": []}
    return {m["node"]: m["health"] for vip in document["vips"] for m in vip["realservers"]}


def all_up(site: Site) -> bool:
    return all(health(site, d) == {"rs1": "up", "rs2": "up"} for d in ("dir1", "dir2"))


def weights(site: Site, director: str) -> dict[str, int]:
    lines = [line.split() for line in site.table(director).splitlines() if line.startswith("-a")]
    return {words[words.index("-r") + 1]: int(words[words.index("-w") + 1]) for words in lines}


def test_a_web_server_that_stops_has_weight_0_on_both_directors_and_comes_back(
    checked: Site, figures: Figures
) -> None:
    site = checked
    pid = site.lab.run("rs1", ["pgrep", "-f", "httpd.py"]).out.decode().split()[0]
    site.lab.run("rs1", ["kill", pid])
    try:
        out = {"10.77.0.61:80": 0, "10.77.0.62:80": 1}
        poll_until(lambda: weights(site, "dir1") == out, 30, "dir1 does not take it out")
        poll_until(lambda: weights(site, "dir2") == out, 30, "dir2 does not take it out")
        status = site.lvsm("dir1", "status", check=False).out.decode()
        assert "1 of 2 are down" in status
        shown = site.lvsm("dir1", "vip", "show", "web", check=False).out.decode()
        assert "connection refused" in shown
        loop = f"for i in 1 2 3 4 5 6; do curl -sS -m5 http://{VIP}/; done"
        assert set(site.lab.run("client", ["sh", "-c", loop]).out.decode().split()) == {"rs2"}
    finally:
        site.lab.run("rs1", [*HTTPD, "rs1"])
    poll_until(lambda: all_up(site), 60, "it does not come back")
    assert weights(site, "dir1") == {"10.77.0.61:80": 2, "10.77.0.62:80": 1}
