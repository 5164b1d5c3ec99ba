"""The line protocol: bytes to lines, lines to requests, a whole server's and a client's side."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from itertools import pairwise
from random import Random
from zlib import crc32

from lvsm.core import messages, responses
from lvsm.core.admission import Limits
from lvsm.core.conversation import Conversation
from lvsm.core.errors import LvsmError
from lvsm.core.lines import Line, LineReader, Literal
from lvsm.core.principal import Principal
from lvsm.core.responses import Greeting, Ok
from lvsm.core.session import Session
from lvsm.core.session_actions import Action, Close, Deliver, Send, Wait
from lvsm.core.session_table import LOGIN_VERBS, listed
from tests.fuzz.target import Target, law, text_of

VERBS = dict.fromkeys(
    ("STATUS", "VIP LIST", "VIP SHOW", "CONFIG CHECK", "CONFIG SAVE", "WATCH", *LOGIN_VERBS), "help"
)
REQUESTS = (
    b"STATUS", b"VIP LIST", b"vip show web", b'CONFIG SAVE base=12 bytes=5 comment="add \\u00e9"',
    b"CONFIG CHECK bytes=0", b"WATCH status health", b"HELP", b"NOOP", b"QUIT", b"AUTH x biws=",
    b'VIP SHOW "a=b" bytes=007', b"X y z=1 Z=2", b"CONFIG CHECK bytes=99999999999",
)  # fmt: skip
ANSWERS = (
    b"LVSM 1 dir1 2.0.0 config", b'* {"name":"web","n":[1,2.5,null]}', b"OK 1 listed", b"OK 0",
    b'ERR conflict "generation 13" base=12', b'! {"event":"resync"}', b"+ cj1hYmM=", b"+ ",
)  # fmt: skip
WORDS = (
    b"bytes=", b"BYTES=3", b"bytes=16777217", b"STATUS\n", b"CONFIG SAVE bytes=3\nabc", b"AUTH ",
    b'"\\ud800"', b'"\\u0000"', b"=", b'k="v"', b"\r\n", b"\n\n", b"QUIT\n", b"* {}\n", b"OK 0\n",
    b"+ =\n", b"! {}\n", b"[" * 100, b'{"a":', b"1e400", b"NaN",
)  # fmt: skip
SMALL = Limits(
    line_before_login=80, line_after_login=200, literal=300, pipelined=3, requests_at_once=10**9
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_LITERAL = re.compile("bytes=([0-9]{1,9})$")


def pieces(data: bytes) -> list[bytes]:
    """`data` cut somewhere; always the same way."""
    rng = Random(crc32(data))
    count = rng.choice((1, 3, 20, min(len(data), 300)))
    places = {rng.randint(0, len(data)) for _ in range(count)}
    return [data[a:b] for a, b in pairwise(sorted(places | {0, len(data)}))]


def lines(data: bytes) -> Hashable:
    """Any chunking gives the same events."""
    whole, cut = _events([data]), _events(pieces(data))
    law(whole == cut, "another chunking gives other events")
    return len(whole).bit_length(), _kind(whole[-1]) if whole else ""


def _events(chunks: Sequence[bytes]) -> list[Line | Literal | str]:
    reader = LineReader(max_line=100, max_literal=300)
    found: list[Line | Literal | str] = []
    try:
        for chunk in chunks:
            reader.feed(chunk)
            while (event := reader.next_event()) is not None:
                found.append(event)
                announced = _LITERAL.search(event.text) if isinstance(event, Line) else None
                if announced:
                    reader.expect_literal(int(announced[1]))
            law(reader.buffered <= 300 + len(chunk), "the reader keeps more than it may")
    except LvsmError as error:
        found.append(error.code)
    return found


def _kind(event: Line | Literal | str) -> str:
    return event if isinstance(event, str) else type(event).__name__


def request_lines(data: bytes) -> Hashable:
    """A request that was understood is understood again when it is written out."""
    text = text_of(data)
    messages.announces_literal(text)
    command = messages.parse(text, VERBS)
    if command.known and command.verb != messages.WITHOUT_OPTIONS:
        again = messages.render(command.verb, command.args, command.options, command.literal)
        law(messages.parse(again, VERBS) == command, "rendered, it says something else")
    return command.verb if command.known else "", len(command.args).bit_length(), command.literal


def session(data: bytes) -> Hashable:
    """A server never raises for what somebody says, and any chunking gives the same answers."""
    whole, cut = _served([data]), _served(pieces(data))
    law(whole == cut, "another chunking gives other answers")
    return len(whole).bit_length(), whole[-40:].partition(b" ")[0]


def _served(chunks: Sequence[bytes]) -> bytes:
    """What a local client gets to read when every request is answered at once."""
    server = Session(
        greeting=Greeting(node="dir1", software="2.0.0"),
        verbs=VERBS,
        listing=listed(VERBS),
        origin="unix",
        limits=SMALL,
        principal=Principal(name="root", kind="local", uid=0),
    )
    sent: list[bytes] = []
    _perform(server, server.start(0.0), sent)
    for chunk in chunks:
        _perform(server, server.receive(chunk, 0.0), sent)
    _perform(server, server.ended(0.0), sent)
    return b"".join(sent)


def _perform(server: Session, first: Sequence[Action], sent: list[bytes]) -> None:
    actions = list(first)
    while actions:
        match actions.pop(0):
            case Send(line):
                law(line.endswith(b"\n"), "an answer does not end its line")
                sent.append(line)
            case Deliver(request):
                asked = f"{request.verb} {request.args} {request.options} {request.literal!r}"
                sent.append(Ok(0, asked).render().encode() + b"\n")
                actions += server.answered(0.0)
            case Wait():
                actions += server.rested(0.0)
            case Close(reason):
                sent.append(f"close: {reason}".encode())


def conversation(data: bytes) -> Hashable:
    """A client believes no server more than the protocol says, and any chunking is the same."""
    whole, cut = _heard([data]), _heard(pieces(data))
    law(whole == cut, "another chunking means something else")
    return len(whole).bit_length(), whole[-1] if whole else ""


def _heard(chunks: Sequence[bytes]) -> list[str]:
    client = Conversation()
    client.request("STATUS")
    client.request("VIP LIST")
    found: list[str] = []
    try:
        for chunk in chunks:
            found += [type(happening).__name__ for happening in client.receive(chunk)]
    except LvsmError as error:
        found = [type(error).__name__, error.code[:20]]  # what came before it in the chunk is lost
    return found


def response_lines(data: bytes) -> Hashable:
    """An answer that was understood is understood again when it is written out."""
    found = responses.parse(_CONTROLS.sub("", text_of(data)).rstrip())
    law(responses.parse(found.render()) == found, "rendered, it says something else")
    return type(found).__name__


def _lines(rng: Random, some: Sequence[bytes]) -> bytes:
    said = b""
    for _ in range(rng.randint(1, 12)):
        said += rng.choice(some) + rng.choice((b"\n", b"\n", b"\r\n", b" \n"))
        if rng.random() < 0.2:
            length = rng.choice((0, 1, 5, 300, 301))
            said += b"CONFIG SAVE bytes=%d\n" % length + rng.randbytes(length)
    return said


def request_stream(rng: Random) -> bytes:
    """Some requests, some with literals."""
    return _lines(rng, REQUESTS)


def answer_stream(rng: Random) -> bytes:
    """A greeting and some answers."""
    return ANSWERS[0] + b"\n" + _lines(rng, ANSWERS)


TARGETS = (
    Target(name="lines", run=lines, make=request_stream, seeds=REQUESTS, words=WORDS),
    Target(
        name="messages",
        run=request_lines,
        make=lambda rng: rng.choice(REQUESTS) + b" " + rng.choice(WORDS),
        seeds=REQUESTS,
        words=WORDS,
        most=64 * 1024,
    ),
    Target(name="session", run=session, make=request_stream, seeds=REQUESTS, words=WORDS),
    Target(
        name="responses",
        run=response_lines,
        make=lambda rng: rng.choice(ANSWERS),
        seeds=ANSWERS,
        words=WORDS,
        most=64 * 1024,
    ),
    Target(name="conversation", run=conversation, make=answer_stream, seeds=ANSWERS, words=WORDS),
)
