"""Power cuts, and what a node's disk makes of them."""

from __future__ import annotations

import pytest

from tests.lab.client import Lab
from tests.lab.errors import LabError

pytestmark = pytest.mark.lab

WRITE = """
import os
for number in range(20):
    with open(f"/etc/unsynced-{number}", "w") as file:
        file.write("x" * 5000)
for path in ("/etc/synced", "/var/lib/synced"):
    with open(path, "w") as file:
        file.write("safe")
        file.flush()
        os.fsync(file.fileno())
for number in range(20, 40):
    with open(f"/var/lib/unsynced-{number}", "w") as file:
        file.write("x" * 5000)
"""
COUNT = "find /etc /var/lib -name 'unsynced-*' -size 5000c -o -name 'unsynced-*' -size +0c | wc -l"


def test_a_power_cut_keeps_what_was_synced_and_loses_what_was_not(booted_lab: Lab) -> None:
    node = "rs2"
    booted_lab.run(node, ["python3", "-c", WRITE])
    booted_lab.run(node, ["touch", "/tmp/memory", "/usr/bin/memory"])
    assert booted_lab.run(node, ["sh", "-c", COUNT]).out == b"40\n"
    booted_lab.crash(node)
    booted_lab.boot(node)
    assert booted_lab.get(node, "/etc/synced") == b"safe"
    assert booted_lab.get(node, "/var/lib/synced") == b"safe"
    assert int(booted_lab.run(node, ["sh", "-c", COUNT]).out) < 40
    assert booted_lab.run(node, ["ls", "/tmp/memory", "/usr/bin/memory"], check=False).out == b""
    assert booted_lab.run("client", ["curl", "-s", "-m5", "http://rs2/"]).out == b"rs2\n"


def test_a_node_that_is_off_says_so(booted_lab: Lab) -> None:
    booted_lab.crash("rs2")
    try:
        assert booted_lab.status()["nodes"]["rs2"]["state"] == "off"
        with pytest.raises(LabError, match="rs2 is off; `boot rs2`"):
            booted_lab.run("rs2", ["true"])
        assert booted_lab.run("client", ["ping", "-c1", "-W1", "rs2"], check=False).status == 1
    finally:
        booted_lab.boot("rs2")
    with pytest.raises(LabError, match="rs2 is on"):
        booted_lab.boot("rs2")


def test_a_command_hears_of_the_power_cut(booted_lab: Lab) -> None:
    with booted_lab.start("rs2", ["sh", "-c", "echo ready; sleep 60"]) as process:
        process.read_line()
        booted_lab.crash("rs2")
        with pytest.raises(LabError, match="the node went off"):
            process.wait()
    booted_lab.boot("rs2")


def test_a_node_that_switches_itself_off_is_off(booted_lab: Lab) -> None:
    with (
        pytest.raises(LabError, match="the node went off"),
        booted_lab.start("rs2", ["sh", "-c", "echo o > /proc/sysrq-trigger; sleep 60"]) as process,
    ):
        process.wait()
    booted_lab.boot("rs2")


def test_a_paused_node_answers_nobody_and_goes_on_where_it_was(booted_lab: Lab) -> None:
    booted_lab.run("rs2", ["touch", "/tmp/before"])
    booted_lab.pause("rs2")
    assert booted_lab.status()["nodes"]["rs2"]["state"] == "paused"
    assert booted_lab.run("client", ["ping", "-c1", "-W1", "rs2"], check=False).status == 1
    booted_lab.resume("rs2")
    booted_lab.run("rs2", ["ls", "/tmp/before"])
    booted_lab.run("client", ["ping", "-c1", "-W5", "rs2"])


def test_a_paused_node_can_lose_its_power(booted_lab: Lab) -> None:
    booted_lab.pause("rs2")
    booted_lab.crash("rs2")
    booted_lab.boot("rs2")
    assert booted_lab.run("rs2", ["hostname"]).out == b"rs2\n"
