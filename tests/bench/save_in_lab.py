"""Runs on a lab node: one Save of /tmp/bench.toml by the unix socket, and when it was applied."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOCKET = "/run/lvsm/plvsd.sock"
SECONDS = 600.0


def ask(verb: str, literal: bytes = b"") -> dict[str, Any]:
    """The first item of an answer, whose end has to be OK."""
    with socket.socket(socket.AF_UNIX) as plvsd:
        plvsd.settimeout(SECONDS)
        plvsd.connect(SOCKET)
        head = f"{verb} bytes={len(literal)}\n".encode() if literal else f"{verb}\n".encode()
        plvsd.sendall(head + literal)
        items = []
        for line in lines(plvsd):
            if line.startswith("* "):
                items.append(line[2:])
            elif line.startswith(("OK", "ERR")):
                break
    if not line.startswith("OK"):
        sys.exit(f"{verb}: {line} {items[:3]}")
    document: dict[str, Any] = json.loads(items[0])
    return document


def lines(plvsd: socket.socket) -> Iterator[str]:
    """The lines that plvsd says."""
    with plvsd.makefile(encoding="utf-8") as file:
        yield from file


def main() -> None:
    """Check, save, and wait until every node says that it has applied it."""
    text = Path("/tmp/bench.toml").read_bytes()
    began = time.monotonic()
    ask("CONFIG CHECK", text + b"# as it is\n")
    checked = time.monotonic() - began
    at, began = time.time(), time.monotonic()  # noqa: TID251  beside the time of plvsd's log
    number = ask("CONFIG SAVE", text)["generation"]
    answered = time.monotonic() - began
    while not done(number):
        if time.monotonic() - began > SECONDS:
            sys.exit("it is not applied by every node")
        time.sleep(0.01)
    applied = time.monotonic() - began
    told = {"generation": number, "began": at, "checked": checked}
    print(json.dumps({**told, "answered": answered, "applied": applied}))


def done(number: int) -> bool:
    """Whether every node is up with that generation, and has applied it."""
    nodes = ask("STATUS")["nodes"]
    return all(n["generation"] == number and n["applied"] and n["state"] == "up" for n in nodes)


main()
