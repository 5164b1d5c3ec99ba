"""The checks `http` and `https`: a request, its status, and if wanted what the body says.

HTTP/1.1 as RFC 9112 has it: interim answers are passed over, chunked bodies are put together. No
more is kept of an answer than the head's 64 KiB and the `limit` of its body.
"""

from __future__ import annotations

from lvsm_checks.probe import UP, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec, Target

    Matches = Callable[[bytes], object]

LONGEST_HEAD = 65_536
LONGEST_SIZE_LINE = 1024
END = b"\r\n\r\n"


class Wanted:
    """What a good answer is; made once for all realservers."""

    def __init__(self, spec: Spec) -> None:
        self.request = _request(spec)
        self.statuses = tuple(spec.all("expect"))
        self.limit = int(spec.one("limit"))
        self.matches: Matches | None = None
        pattern = spec.values.get("body")
        if pattern and spec.one("method") != "HEAD":
            import re

            self.matches = re.compile(pattern[-1].encode()).search

    def good(self, status: str) -> bool:
        """Whether a status is one of those that are wanted."""
        return status in self.statuses or f"{status[:1]}xx" in self.statuses


def _request(spec: Spec) -> bytes:
    lines = [
        f"{spec.one('method')} {spec.one('path')} HTTP/1.1",
        f"Host: {spec.one('host')}",
        "User-Agent: lvsm",
        "Connection: close",
        *spec.all("headers"),
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1", "replace")


class Http(Probe):
    """Reads an answer as far as it has to."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._head = b""
        self._body: Body | None = None

    def connected(self) -> bytes:
        """Ask."""
        self.doing = "waiting for an answer"
        return self._wanted.request

    def received(self, data: bytes) -> bytes:
        """More of the answer."""
        if self._body is None:
            data = self._read_head(data)
        if self._body is not None and self.outcome is None:
            self._body.take(data)
            self._judge(at_end=self._body.complete)
        return b""

    def ended(self) -> None:
        """An answer without a length ends here."""
        if self.outcome is None and self._body is not None:
            self._judge(at_end=True)
        super().ended()

    def _read_head(self, data: bytes) -> bytes:
        """Look at the head if it is complete; what stands behind it."""
        self._head += data
        while self._body is None and self.outcome is None:
            if not self._head.startswith(b"HTTP/"[: len(self._head)]):
                self.outcome = "the answer is no HTTP"
            head, end, rest = self._head.partition(END)
            if not end:
                if len(self._head) > LONGEST_HEAD:
                    self.outcome = "the answer's head has no end"
                return b""
            self._head = rest
            self._look_at(head)
        return self._head

    def _look_at(self, head: bytes) -> None:
        first, _, fields = head.partition(b"\r\n")
        words = first.split(None, 2)
        status = words[1].decode("latin-1") if len(words) > 1 else ""
        if len(status) != 3 or not status.isdecimal():
            self.outcome = "the answer is no HTTP"
        elif status[0] == "1" and status != "101":
            return  # an interim answer: the real one follows
        elif not self._wanted.good(status):
            self.outcome = f"status {status}"
        elif self._wanted.matches is None:
            self.outcome = UP
        else:
            self.doing = "reading the body"
            self._body = Body(fields, self._wanted.limit)

    def _judge(self, *, at_end: bool) -> None:
        matches, body = self._wanted.matches, self._body
        if matches is None or body is None or not (at_end or body.full):
            return
        if matches(bytes(body.data)):
            self.outcome = UP
        elif body.full:
            self.outcome = f"the first {self._wanted.limit} bytes of the body do not match"
        else:
            self.outcome = "the body does not match"


class Body:
    """The body of an answer as it comes, up to a limit."""

    def __init__(self, fields: bytes, limit: int) -> None:
        lowered = {
            name.strip().lower(): value.strip().lower()
            for name, _, value in (line.partition(b":") for line in fields.split(b"\r\n"))
        }
        self.data = bytearray()
        self.complete = False
        self._limit = limit
        self._chunked = lowered.get(b"transfer-encoding", b"").endswith(b"chunked")
        length = lowered.get(b"content-length", b"")
        self._left = int(length) if length.isdigit() and len(length) < 16 else None
        self._raw = b""
        if self._chunked:
            self._left = 0

    @property
    def full(self) -> bool:
        """Whether there is as much of it as anybody looks at."""
        return len(self.data) >= self._limit

    def take(self, data: bytes) -> None:
        """Add what came."""
        if self._chunked:
            self._take_chunks(data)
            return
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
            self.complete = self._left == 0
        self._add(data)

    def _take_chunks(self, data: bytes) -> None:
        self._raw += data
        while self._raw and not self.complete and not self.full:
            if self._left:
                piece = self._raw[: self._left]
                self._raw = self._raw[len(piece) :]
                self._left -= len(piece)
                self._add(piece)
                continue
            line, end, rest = self._raw.lstrip(b"\r\n").partition(b"\r\n")
            if not end:
                self.complete = len(line) > LONGEST_SIZE_LINE
                return
            self._raw = rest
            self._left = _size(line)
            self.complete = not self._left

    def _add(self, data: bytes) -> None:
        self.data += data[: self._limit - len(self.data)]


def _size(line: bytes) -> int:
    """A chunk's size; 0, which ends the body, for what is none."""
    try:
        return int(line.partition(b";")[0].strip()[:16], 16)
    except ValueError:
        return 0


def prepare(spec: Spec) -> Callable[[Target], Probe]:
    """Build the request once; with TLS around it for https."""
    wanted = Wanted(spec)
    if spec.type != "https":
        return lambda _target: Http(wanted)
    from lvsm_checks.tls import wrapping

    return wrapping(spec, lambda _target: Http(wanted))
