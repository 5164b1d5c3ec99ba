"""The check `dns`: a question over UDP (RFC 1035), answered without an error and with a record."""

from __future__ import annotations

from _socket import SOCK_DGRAM
from posix import urandom

from lvsm_checks.probe import UP, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec, Target

TYPES = {"A": 1, "NS": 2, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
CODES = {1: "format error", 2: "server failure", 3: "no such name", 4: "not implemented",
         5: "refused"}  # fmt: skip
HEADER_BYTES = 12


class Dns(Probe):
    """One question with an id of its own; other datagrams are passed over."""

    kind = (SOCK_DGRAM, 0, 0)

    def __init__(self, question: bytes) -> None:
        self._id = urandom(2)
        self._question = question

    def connected(self) -> bytes:
        """Ask, with recursion desired."""
        self.doing = "waiting for an answer"
        return self._id + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + self._question

    def received(self, data: bytes) -> bytes:
        """Look at the header, and whether it is about this question."""
        if len(data) < HEADER_BYTES or data[:2] != self._id or not data[2] & 0x80:
            return b""
        if data[HEADER_BYTES:].lower()[: len(self._question)] != self._question.lower():
            return b""
        code = data[3] & 0x0F
        if code:
            self.outcome = f"it answers: {CODES.get(code, f'error {code}')}"
        elif data[6:8] == b"\x00\x00":
            self.outcome = "it has no such record"
        else:
            self.outcome = UP
        return b""


def question_of(name: str, record: str) -> bytes:
    """A question's bytes: the name's labels, the type, the class IN."""
    labels = [label.encode("ascii") for label in name.split(".") if label]
    encoded = b"".join(bytes([len(label)]) + label for label in labels)
    return encoded + b"\x00" + TYPES[record].to_bytes(2, "big") + b"\x00\x01"


def prepare(spec: Spec) -> Callable[[Target], Probe]:
    """Build the question once."""
    question = question_of(spec.one("query"), spec.one("record"))
    return lambda _target: Dns(question)
