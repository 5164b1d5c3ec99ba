"""A client as a stopwatch: a new connection every 20 ms, each given 200 ms. Runs in a lab node.

    traffic_client.py ADDRESS PORT SECONDS

Attempts begin on the beat whether or not earlier ones are done. Every attempt is one line on
standard output as it ends: `START BODY` for an answer, `START !REASON` for a failure, START being
seconds since the beginning. Ends after SECONDS, or when standard input is closed.
"""

import selectors
import socket
import sys
import time

EVERY = 0.020
TIMEOUT = 0.200
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


class Attempt:
    """One connection: connect, ask, read to the end."""

    def __init__(self, target, start):
        self.start = start
        self.received = b""
        self.asked = False
        self.socket = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
        self.socket.setblocking(False)
        self.error = self.socket.connect_ex(target)

    def step(self):
        """Go on; the result's text when it is over, else None."""
        try:
            if not self.asked:
                error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    return f"!errno {error}"
                self.socket.send(REQUEST)
                self.asked = True
                return None
            data = self.socket.recv(65536)
        except BlockingIOError:
            return None
        except OSError as error:
            return f"!{type(error).__name__}"
        self.received += data
        if data:
            return None
        head, _, body = self.received.partition(b"\r\n\r\n")
        return body.decode("ascii", "replace").strip() if b" 200 " in head[:15] else "!no answer"


def main(address, port, seconds):
    """Send attempts on the beat until the time is up."""
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    begin = time.monotonic()
    count, open_attempts, ending = 0, {}, False
    while True:
        now = time.monotonic() - begin
        ending = ending or now >= seconds
        while not ending and count * EVERY <= now:
            attempt = Attempt((address, port), now)
            open_attempts[attempt] = None
            selector.register(attempt.socket, selectors.EVENT_WRITE, attempt)
            count += 1
        if ending and not open_attempts:
            return
        due = min([a.start + TIMEOUT for a in open_attempts] + ([] if ending else [count * EVERY]))
        for key, _ in selector.select(max(0.0, due - now)):
            if key.data is None:
                ending = True
                selector.unregister(sys.stdin)
                continue
            result = key.data.step()
            if result is not None:
                finish(selector, open_attempts, key.data, result)
            elif key.data.asked and key.events == selectors.EVENT_WRITE:
                selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
        now = time.monotonic() - begin
        for attempt in [a for a in open_attempts if now - a.start >= TIMEOUT]:
            finish(selector, open_attempts, attempt, "!timeout")


def finish(selector, open_attempts, attempt, result):
    """Note an attempt's end."""
    selector.unregister(attempt.socket)
    attempt.socket.close()
    del open_attempts[attempt]
    sys.stdout.write(f"{attempt.start:.4f} {result}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
