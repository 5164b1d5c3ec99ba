"""The check `smtp`: a greeting and an answer to EHLO (RFC 5321), then QUIT."""

from __future__ import annotations

from lvsm_checks.probe import UP, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec, Target

LONGEST_REPLY = 65_536
GREETING, HELLO = b"220", b"250"


class Smtp(Probe):
    """A conversation: what is awaited, and what is said then."""

    def __init__(self) -> None:
        self._wanted = GREETING
        self._seen = b""

    def connected(self) -> bytes:
        """The server speaks first."""
        self.doing = "waiting for its greeting"
        return b""

    def received(self, data: bytes) -> bytes:
        """Look whether its reply is whole: the last line has a blank behind its code."""
        self._seen += data
        *lines, rest = self._seen.split(b"\r\n")
        for index, line in enumerate(lines):
            if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b""):
                self.outcome = "the answer is no SMTP"
                return b""
            if line[3:4] != b"-":
                self._seen = b"\r\n".join([*lines[index + 1 :], rest])
                return self._replied(line)
        if len(self._seen) > LONGEST_REPLY:
            self.outcome = "its reply has no end"
        return b""

    def _replied(self, line: bytes) -> bytes:
        code = line[:3]
        if code != self._wanted:
            self.outcome = f"it says {line[:60].decode('utf-8', 'replace')}"
        elif code == HELLO:
            self.outcome = UP
        else:
            self._wanted = HELLO
            self.doing = "waiting for its answer to EHLO"
            return b"EHLO lvsm.invalid\r\n"
        return b""


def prepare(spec: Spec) -> Callable[[Target], Probe]:
    """With TLS around it where the spec wants it."""
    if spec.one("tls", "False") != "True":
        return lambda _target: Smtp()
    from lvsm_checks.tls import wrapping

    return wrapping(spec, lambda _target: Smtp())
