"""The audit log's records, one JSON object a line: who did what, from where, and how it ended.

Laws: parse(render(x)) == x. A rendered record is one line that no terminal obeys. Of a request only
what `SHOWN` names gets into a record; literals never do. Everything in it is bounded, because
strangers choose some of its words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from lvsm.core.errors import LvsmError
from lvsm.core.moments import iso
from lvsm.core.operations import Value
from lvsm.core.session_actions import Request

LONGEST_WORD = 256
LONGEST_COMMENT = 512
LONGEST_LINE = 32 * 1024
"""More than any record's line has: whoever looks for the last one needs to read no more."""
OK = "ok"

_UNSAFE = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]"
)
"""What moves a cursor, ends a line, turns writing round or is unseen; JSON escapes the rest."""


class BadRecordError(LvsmError):
    """A line that is no record: damaged, or written by something else."""

    code = "bad-record"


class AuditFailedError(LvsmError):
    """What was asked for cannot be recorded, or was done and could not be recorded."""

    code = "audit-failed"


class Who(Value, frozen=True, kw_only=True):
    """A principal: `kind` as in `core.principal`, `role` what it may; `uid` of a local one."""

    name: str
    kind: str
    role: str = ""
    uid: int | None = None


class Stand(Value, frozen=True, kw_only=True):
    """Which generation was in use."""

    epoch: int
    number: int


class Record(Value, frozen=True, kw_only=True, tag_field="event"):
    """What all records have: `at` is seconds since 1970, `time` the same in ISO 8601.

    `seq` counts the records of one node, without a gap as long as none was lost.
    """

    seq: int
    time: str
    at: float
    node: str


class Change(Record, frozen=True, kw_only=True, tag="change"):
    """Somebody changed something, or wanted to.

    `hidden` counts the words and options that are not shown. `before` and `after` are the node's
    generation when the request began and when it ended. `result` is `ok` or the code of the error.
    """

    who: Who
    origin: str
    verb: str
    args: tuple[str, ...]
    options: dict[str, str]
    hidden: int
    before: Stand
    after: Stand
    result: str


class LoginRefused(Record, frozen=True, kw_only=True, tag="login-refused"):
    """Somebody could not prove to be `name`, which is their text."""

    name: str
    origin: str


class MoreRefused(Record, frozen=True, kw_only=True, tag="more-refused"):
    """So many refusals came that `count` of them have no record of their own.

    They came from `origins` different addresses, or more than that if `uncounted`; `some` of them.
    """

    count: int
    origins: int
    uncounted: bool
    some: tuple[str, ...]


AnyRecord = Change | LoginRefused | MoreRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of a log in their order, and how many lines between them cannot be read."""

    records: tuple[AnyRecord, ...]
    damaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a record shows of a verb's request: its first `args` words, and these options."""

    args: int = 0
    options: Collection[str] = ()


SHOWN: Mapping[str, Shown] = {
    "CONFIG EDIT": Shown(options=("base", "comment")),
    "CONFIG SAVE": Shown(options=("base", "comment", "name")),
    "USER ADD": Shown(args=1, options=("role", "dry-run")),
    "USER SET": Shown(args=1, options=("role", "dry-run")),
    "USER REMOVE": Shown(args=1, options=("dry-run",)),
    "PASSWD": Shown(args=1, options=("dry-run",)),
}
"""Verbs that are not here are recorded without their words and options."""


def change(
    request: Request, *, node: str, at: float, before: Stand, after: Stand, result: str
) -> Change:
    """The record of a request that changes something; its number is given when it is written."""
    who = request.principal
    shown = SHOWN.get(request.verb, Shown())
    options = {key: value for key, value in request.options.items() if key in shown.options}
    args = request.args[: shown.args]
    return Change(
        seq=0,
        time=iso(at),
        at=at,
        node=node,
        who=Who(
            name=bounded(who.name),
            kind=who.kind,
            role=who.role.value if who.role else "",
            uid=who.uid,
        ),
        origin=bounded(request.origin),
        verb=bounded(request.verb),
        args=tuple(map(bounded, args)),
        options={key: bounded(value, LONGEST_COMMENT) for key, value in options.items()},
        hidden=len(request.args) + len(request.options) - len(args) - len(options),
        before=before,
        after=after,
        result=result,
    )


def login_refused(name: str, origin: str, *, node: str, at: float) -> LoginRefused:
    """The record of a refused login; its number is given when it is written."""
    return LoginRefused(
        seq=0, time=iso(at), at=at, node=node, name=bounded(name), origin=bounded(origin)
    )


def bounded(text: str, longest: int = LONGEST_WORD) -> str:
    """`text` with at most `longest` characters, as UTF-8 can have them."""
    clean = text[: longest + 1].encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def render(record: AnyRecord) -> bytes:
    """A record's line, without the line feed."""
    text = msgspec.json.encode(record).decode("utf-8")
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode("utf-8")


def parse(line: bytes) -> AnyRecord:
    """The record of a line; raises BadRecordError."""
    try:
        record: AnyRecord = msgspec.json.decode(line, type=AnyRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRecordError(f"no record of an audit log: {error}") from error
    return record


def document(record: AnyRecord) -> dict[str, object]:
    """A record as a JSON object."""
    fields: dict[str, object] = msgspec.to_builtins(record)
    return fields
