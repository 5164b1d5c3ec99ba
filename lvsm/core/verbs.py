"""What the worker may ask of the privileged half: the closed set of requests and their replies.

One request or reply is a frame: four bytes of length (network order) and that many bytes of JSON.
msgspec holds each frame against these types strictly; whatever does not fit is answered with a
`Refused` and performs nothing.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from lvsm.core.errors import LvsmError, shortened
from lvsm.core.operations import (
    AddressText,
    AnyOperation,
    DestinationLoad,
    Failure,
    KernelState,
    ServiceKey,
    Value,
)

MAX_FRAME = 16 * 1024 * 1024
LENGTH_BYTES = 4

VerifierText: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        max_length=1024,
        pattern=r"^SCRAM-SHA-256\$[0-9]{4,8}:[A-Za-z0-9+/=]{16,}"
        r"\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}\Z",
    ),
]
"""A SCRAM-SHA-256 verifier as plvsd.conf has it."""


class Request(Value, frozen=True, kw_only=True, tag_field="verb"):
    """Root of everything that the worker may ask for."""


class Read(Request, frozen=True, kw_only=True, tag="read"):
    """See the kernel: answered with a `State`, or with `Same` if it is the one of mark `unless`.

    `ways_out_from` are addresses of this node; by which gateway their packets would leave is asked.
    """

    ways_out_from: tuple[AddressText, ...] = ()
    unless: int = 0


class Apply(Request, frozen=True, kw_only=True, tag="apply"):
    """Perform operations in their order: answered with `Applied`.

    All are checked before the first is performed. An operation that the kernel refuses does not
    stop those after it; each refusal is named in the answer.
    """

    operations: tuple[AnyOperation, ...]


class HaresourcesGroup(Value, frozen=True, kw_only=True):
    """One line of haresources: a group, its directors in order, and what its comment says."""

    group: str
    directors: tuple[str, ...]
    addresses: tuple[AddressText, ...]
    vips: tuple[str, ...]


class WriteHaresources(Request, frozen=True, kw_only=True, tag="write_haresources"):
    """Replace LVSM's block of /etc/ha.d/haresources: answered with `Done`."""

    groups: tuple[HaresourcesGroup, ...]


class MonService(Value, frozen=True, kw_only=True):
    """What mon watches: the realservers of a virtual service by their labels.

    `seconds` is mon's interval, `stamp` the hash of all that is checked (`check_spec.Spec`).
    """

    vip: str
    labels: tuple[str, ...]
    seconds: int
    stamp: str


class WriteMon(Request, frozen=True, kw_only=True, tag="write_mon"):
    """Replace mon's files, keeping the old mon.cf beside: answered with `Done`.

    `hashed` is the hashed password of plvsd's login at mon's server (crypt(5)).
    """

    services: tuple[MonService, ...]
    hashed: str


class RestoreMon(Request, frozen=True, kw_only=True, tag="restore_mon"):
    """Put the mon.cf back that was there before the last `WriteMon`: answered with `Done`."""


class WakeMon(Request, frozen=True, kw_only=True, tag="wake_mon"):
    """Have mon read its files anew, its states kept (SIGHUP): answered with `Done`."""


class WriteVerifier(Request, frozen=True, kw_only=True, tag="write_verifier"):
    """Make this the `password_verifier` of /etc/plvsd.conf: answered with `Done`."""

    verifier: VerifierText


class Count(Request, frozen=True, kw_only=True, tag="count"):
    """Count the connections of the realservers of some services: answered with `Counted`."""

    keys: tuple[ServiceKey, ...]


class Probe(Request, frozen=True, kw_only=True, tag="probe"):
    """Find out by which schedulers this kernel schedules: answered with `Probed`."""


class Reply(Value, frozen=True, kw_only=True, tag_field="reply"):
    """Root of the answers."""


class State(Reply, frozen=True, kw_only=True, tag="state"):
    """What the kernel has now; while it stays the same, `mark` does."""

    kernel: KernelState
    mark: int = 0


class Same(Reply, frozen=True, kw_only=True, tag="same"):
    """The kernel has what it had when the `State` with the mark asked about was sent."""


class Applied(Reply, frozen=True, kw_only=True, tag="applied"):
    """What became of an `Apply`: the operations that failed, none if all went well."""

    failures: tuple[Failure, ...] = ()


class Counted(Reply, frozen=True, kw_only=True, tag="counted"):
    """The connections; services that are not in the table have none."""

    loads: tuple[DestinationLoad, ...] = ()


class Probed(Reply, frozen=True, kw_only=True, tag="probed"):
    """The names of the schedulers."""

    schedulers: tuple[str, ...] = ()


class Done(Reply, frozen=True, kw_only=True, tag="done"):
    """It was done."""


class Refused(Reply, frozen=True, kw_only=True, tag="refused"):
    """It was not done, and nothing was changed."""

    code: str
    reason: str


AnyFile: TypeAlias = WriteHaresources | WriteVerifier | WriteMon | RestoreMon | WakeMon
AnyRequest = Read | Apply | Count | Probe | AnyFile
AnyReply = State | Same | Applied | Done | Refused | Counted | Probed


class BadFrameError(LvsmError):
    """A frame that is no request or reply of this module."""

    code = "bad-request"


def encode(message: AnyRequest | AnyReply) -> bytes:
    """A message as a frame; raises BadFrameError when it is larger than MAX_FRAME."""
    body = msgspec.json.encode(message)
    if len(body) > MAX_FRAME:
        raise BadFrameError(f"a message of {len(body)} bytes is over the limit of {MAX_FRAME}")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def decode_request(body: bytes) -> AnyRequest:
    """The request in a frame's body; raises BadFrameError with the place of the first mistake."""
    try:
        request: AnyRequest = msgspec.json.decode(body, type=AnyRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrameError(f"no request that plvsd knows: {shortened(error)}") from error
    return request


def decode_reply(body: bytes) -> AnyReply:
    """The reply in a frame's body; raises BadFrameError."""
    try:
        reply: AnyReply = msgspec.json.decode(body, type=AnyReply)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrameError(f"no reply that plvsd knows: {shortened(error)}") from error
    return reply
