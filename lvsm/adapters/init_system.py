"""What systemd is told, and what it hands over; nothing at all under any other init.

Source: sd_notify(3), sd_listen_fds(3), systemd.service(5). The datagrams need no library.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Mapping

_FIRST_DESCRIPTOR = 3


def notify(*words: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send `READY=1`, `STATUS=…` and the like to the init that started this process.

    Does nothing where no init listens, and never raises: the daemon works without it.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        try:
            datagrams.sendto("\n".join(words).encode(), address)
        except OSError:
            return


def reloading() -> None:
    """Tell that the settings are being read again, until the next `READY=1`."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


async def keep_alive(environment: Mapping[str, str] = os.environ) -> None:
    """Tell the watchdog, twice in each of its periods, that the event loop turns; for ever.

    A loop that hangs says nothing, and init starts the daemon anew (WatchdogSec=).
    """
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return
    period = int(environment.get("WATCHDOG_USEC", "0")) / 1_000_000
    while period:
        notify("WATCHDOG=1", environment=environment)
        await asyncio.sleep(period / 2)


def listener(environment: Mapping[str, str] = os.environ) -> socket.socket | None:
    """The one listening socket that init opened for this process; None if it did not."""
    mine = environment.get("LISTEN_PID") == str(os.getpid())
    if not mine or environment.get("LISTEN_FDS") != "1":
        return None
    os.set_inheritable(_FIRST_DESCRIPTOR, False)
    return socket.socket(fileno=_FIRST_DESCRIPTOR)
