"""What the kernel tells of by itself, in a network namespace of its own."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from lvsm.adapters.netlink import HEADER
from lvsm.adapters.route_events import _matters, _messages

CHECKOUT = Path(__file__).parents[3]
PROGRAM = """
import asyncio, json, subprocess
from lvsm.adapters import route_events
from lvsm.adapters.addresses import Addresses
from lvsm.adapters.links import Links
from tests.contract.run import enter_new_network

enter_new_network()

def ip(*words):
    subprocess.run(["ip", *words], check=True)

events = route_events.RouteEvents()
addresses, links = Addresses(), Links()

def interface():
    return next(i for i in addresses.read_interfaces() if i.name == "c0")

def kept():
    for _ in range(1000):  # a link that is new tells of itself for a while
        if addresses.read_interfaces() is addresses.read_interfaces():
            return True
    return False

found = {}
for name, words in {
    "an address": "address add 203.0.113.7/32 dev c0",
    "the same gone": "address del 203.0.113.7/32 dev c0",
    "a link": "link set c0 down",
    "the link again": "link set c0 up",
    "a default route": "route add default via 198.51.100.254",
    "a rule": "rule add from 198.51.100.9 lookup 99",
}.items():
    quiet = kept()
    ip(*words.split())
    found[name] = [quiet, events.heard(), interface().addresses, interface().up]
found["way"] = links.ways_out(["198.51.100.1"])
ip("route", "replace", "default", "via", "198.51.100.253")
found["way then"] = links.ways_out(["198.51.100.1"])

async def wait():
    changes = route_events.changes(0.01)
    first = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    ip("address", "add", "203.0.113.8/32", "dev", "c0")
    await asyncio.wait_for(first, 20)
    await changes.aclose()

asyncio.run(wait())
print(json.dumps(found))
"""


@pytest.mark.netns
def test_changes_of_others_are_heard_and_seen() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        env={"PYTHONPATH": str(CHECKOUT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        cwd="/",
        capture_output=True,
        check=True,
        timeout=100,
    )
    found = json.loads(done.stdout)
    assert found["an address"][:2] == [True, True]
    assert "203.0.113.7/32" in found["an address"][2]
    assert "203.0.113.7/32" not in found["the same gone"][2]
    assert (found["a link"][1], found["a link"][3]) == (True, False)
    assert found["the link again"][3]
    assert found["a default route"][1]
    assert found["a rule"][1]
    assert found["way"] == {"198.51.100.1": "198.51.100.254"}
    assert found["way then"] == {"198.51.100.1": "198.51.100.253"}


def message(kind: int, body: bytes) -> bytes:
    return HEADER.pack(HEADER.size + len(body), kind, 0, 0, 0) + body


def test_several_messages_in_one_read_are_told_apart() -> None:
    route = struct.pack("=BBBBBBBBI", 2, 24, 0, 0, 0, 0, 0, 0, 0)
    data = message(24, route) + message(20, b"12345678")
    assert [kind for kind, _ in _messages(data)] == [24, 20]
    assert [_matters(*one) for one in _messages(data)] == [False, True]
    assert list(_messages(b"\0" * 64)) == []
