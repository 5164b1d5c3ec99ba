"""A client as a stopwatch: a new connection every 20 ms, each given 200 ms. Runs in a lab node.

    traffic_client.py ADDRESS PORT SECONDS

Attempts begin on the beat whether or not earlier ones are done. Every attempt is one line on
standard output as it ends: `START BODY` for an answer, `START !REASON` for a failure, START being
seconds since the beginning. Ends after SECONDS, or when standard input is closed.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time

EVERY = 0.020
TIMEOUT = 0.200
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


class Attempt:
    """One connection: connect, ask, read to the end."""

    def __init__(self, target: tuple[str, int], start: float) -> None:
        self.start = start
        self.asked = False
        self.socket = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
        self.socket.setblocking(False)
        self.socket.connect_ex(target)
        self._received = b""

    def step(self) -> str | None:
        """Go on; the result's text when it is over, else None."""
        try:
            if not self.asked:
                return self._ask()
            data = self.socket.recv(65536)
        except BlockingIOError:
            return None
        except OSError as error:
            return f"!{type(error).__name__}"
        self._received += data
        if data:
            return None
        head, _, body = self._received.partition(b"\r\n\r\n")
        return body.decode("ascii", "replace").strip() if b" 200 " in head[:15] else "!no answer"

    def _ask(self) -> str | None:
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            return f"!errno {error}"
        self.socket.send(REQUEST)
        self.asked = True
        return None


class Stopwatch:
    """All attempts at one address; times are seconds since the beginning."""

    def __init__(self, target: tuple[str, int], seconds: float) -> None:
        self._target = target
        self._seconds = seconds
        self._selector = selectors.DefaultSelector()
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        self._open: dict[Attempt, None] = {}
        self._count = 0
        self._ending = False

    def run(self) -> None:
        """Send attempts on the beat until the time is up."""
        begin = time.monotonic()
        while self._open or not self._ending:
            self._begin(time.monotonic() - begin)
            due = [attempt.start + TIMEOUT for attempt in self._open]
            due += [] if self._ending else [self._count * EVERY]
            wait = max(0.0, min(due, default=0.0) - (time.monotonic() - begin))
            for key, _ in self._selector.select(wait):
                self._go_on(key)
            now = time.monotonic() - begin
            for attempt in [a for a in self._open if now - a.start >= TIMEOUT]:
                self._finish(attempt, "!timeout")

    def _begin(self, now: float) -> None:
        self._ending = self._ending or now >= self._seconds
        while not self._ending and self._count * EVERY <= now:
            attempt = Attempt(self._target, now)
            self._open[attempt] = None
            self._selector.register(attempt.socket, selectors.EVENT_WRITE, attempt)
            self._count += 1

    def _go_on(self, key: selectors.SelectorKey) -> None:
        attempt = key.data
        if attempt is None:
            self._ending = True
            self._selector.unregister(sys.stdin)
            return
        result = attempt.step()
        if result is not None:
            self._finish(attempt, result)
        elif attempt.asked and key.events == selectors.EVENT_WRITE:
            self._selector.modify(key.fileobj, selectors.EVENT_READ, attempt)

    def _finish(self, attempt: Attempt, result: str) -> None:
        self._selector.unregister(attempt.socket)
        attempt.socket.close()
        del self._open[attempt]
        sys.stdout.write(f"{attempt.start:.4f} {result}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    Stopwatch((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).run()
