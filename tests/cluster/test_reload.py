"""plvsd's files are read again without a gap in what the kernel forwards, or not at all."""

from __future__ import annotations

import pytest

from tests.cluster.site import VIP, WAIT_SECONDS, Site
from tests.lab.client import poll_until

pytestmark = pytest.mark.lab
CONF = "/etc/plvsd.conf"
NODE = "rs1"


def pids(site: Site, name: str) -> list[str]:
    return site.lab.run(NODE, ["pgrep", "-x", name], check=False).out.decode().split()


def listens(site: Site, port: int) -> bool:
    return f":{port} " in site.lab.run(NODE, ["ss", "-Hlnt"]).out.decode()


def plvsd(site: Site, verb: str) -> tuple[int, str]:
    result = site.lab.run(NODE, ["/etc/init.d/plvsd", verb], check=False)
    return result.status, result.text


def test_reload_takes_what_the_file_says_now(site: Site) -> None:
    before = site.read(NODE, CONF)
    main, worker = pids(site, "plvsd"), pids(site, "plvsd-worker")
    aliases = site.addresses(NODE)
    assert f"{VIP}/32" in aliases["lo"]
    try:
        site.lab.run(NODE, ["sed", "-i", "/^port/d; 1i port = 6611", CONF])
        assert plvsd(site, "reload")[0] == 0
        poll_until(lambda: listens(site, 6611), WAIT_SECONDS, "it does not listen on 6611")
        assert not listens(site, 6610)
        assert pids(site, "plvsd") == main
        assert pids(site, "plvsd-worker") != worker
        assert site.addresses(NODE) == aliases
    finally:
        site.lab.put(NODE, CONF, before.encode(), mode=0o640, owner="root:plvsd")
        plvsd(site, "reload")
        poll_until(lambda: listens(site, 6610), WAIT_SECONDS, "it does not listen on 6610")
    site.settle()


def test_a_file_that_is_wrong_changes_nothing(site: Site) -> None:
    before = site.read(NODE, CONF)
    running = pids(site, "plvsd"), pids(site, "plvsd-worker")
    try:
        site.lab.run(NODE, ["sed", "-i", "1i prot = 6611", CONF])
        status, said = plvsd(site, "reload")
        assert status == 1
        assert "prot" in said
        site.lab.run(NODE, ["kill", "-HUP", running[0][0]])
        poll_until(
            lambda: "SIGHUP: nothing is changed" in site.read(NODE, "/var/log/plvsd.log"),
            WAIT_SECONDS,
            "nothing is logged",
        )
    finally:
        site.lab.put(NODE, CONF, before.encode(), mode=0o640, owner="root:plvsd")
    assert running == (pids(site, "plvsd"), pids(site, "plvsd-worker"))
    assert plvsd(site, "status")[0] == 0
