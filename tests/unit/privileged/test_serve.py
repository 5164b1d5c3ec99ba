"""The socketpair as a worker that has been taken over would use it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.operations import KernelState
from lvsm.core.verbs import (
    LENGTH_BYTES,
    MAX_FRAME,
    AnyReply,
    AnyRequest,
    BadFrameError,
    Read,
    Refused,
    State,
    WriteVerifier,
    decode_reply,
    decode_request,
    encode,
)
from lvsm.privileged.serve import serve
from tests.unit.core.test_users import VERIFIER

MALFORMED = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff\xfe",
    b'{"verb": "exec", "argv": ["sh"]}',
    b'{"verb": "read", "more": 1}',
    b'{"verb": "apply"}',
    b'{"verb": "apply", "operations": {}}',
    b'{"verb": "apply", "operations": [{"op": "run", "argv": ["sh"]}]}',
    b'{"verb": "apply", "operations": [{"op": "add_service"}]}',
    b'{"verb": "apply", "operations": [{"op": "set_sysctl", "name": "x", "value": "1"}]}',
    b'{"verb": "apply", "operations": [{"op": "set_sysctl", "name": 1, "value": 1}]}',
    b'{"verb": "apply", "operations": [{"op": "hold_group", "group": "g"}]}',
    b'{"verb": "apply", "operations": [{"op": "release_group", "group": "g", "x": 1}]}',
    b'{"verb": "write_haresources", "groups": "root /bin/sh"}',
    b'{"verb": "write_haresources", "groups": [{"group": "web"}]}',
    b'{"verb": "write_haresources", "text": "root /bin/sh"}',
    b"[" * 100_000,
]


class Worker:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def say(self, body: bytes) -> AnyReply:
        self.connection.sendall(len(body).to_bytes(4, "big") + body)
        return self.hear()

    def hear(self) -> AnyReply:
        length = int.from_bytes(self.connection.recv(4, socket.MSG_WAITALL), "big")
        return decode_reply(self.connection.recv(length, socket.MSG_WAITALL))


@pytest.fixture
def worker() -> Iterator[Worker]:
    mine, theirs = socket.socketpair()
    mine.settimeout(10)

    def answer(request: AnyRequest) -> AnyReply:
        assert request == Read()
        return State(kernel=KernelState(ipvs=False))

    thread = threading.Thread(target=serve, args=(theirs, answer))
    thread.start()
    yield Worker(mine)
    mine.close()
    thread.join(10)
    assert not thread.is_alive()
    theirs.close()


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:60]))
def test_malformed_requests_are_refused_and_the_next_is_answered(
    worker: Worker, body: bytes
) -> None:
    reply = worker.say(body)
    assert isinstance(reply, Refused)
    assert reply.code == "bad-request"
    assert isinstance(worker.say(b'{"verb": "read"}'), State)


def test_a_frame_over_the_limit_ends_the_conversation(worker: Worker) -> None:
    worker.connection.sendall((MAX_FRAME + 1).to_bytes(4, "big"))
    assert isinstance(worker.hear(), Refused)


def test_a_message_over_the_limit_is_not_sent() -> None:
    with pytest.raises(BadFrameError):
        encode(Refused(code="x", reason="y" * MAX_FRAME))


@given(st.binary(max_size=200))
def test_junk_never_raises_anything_else(body: bytes) -> None:
    with suppress(BadFrameError):
        decode_request(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["verb", "op", "operations", "groups"]), inner)
        ),
        max_leaves=20,
    )
)
def test_well_formed_junk_never_raises_anything_else(document: object) -> None:
    with suppress(BadFrameError):
        decode_request(json.dumps(document).encode())


def test_a_worker_that_ends_before_its_answer_is_the_end_and_no_error() -> None:
    ours, theirs = socket.socketpair()

    def answer(_request: AnyRequest) -> AnyReply:
        ours.close()
        return State(kernel=KernelState(ipvs=False))

    with theirs:
        ours.sendall(encode(Read()))
        serve(theirs, answer)


def test_a_worker_that_ends_with_an_answer_unread_is_the_end_and_no_error() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"what it never read")
        ours.close()
        serve(theirs, lambda _request: State(kernel=KernelState(ipvs=False)))


@pytest.mark.parametrize(
    "verifier", ["", "secret", f"{VERIFIER}\n", f'{VERIFIER}"\nuid = "root', str(VERIFIER) * 20]
)
def test_no_text_but_a_verifier_is_written_into_plvsd_conf(verifier: str) -> None:
    good = WriteVerifier(verifier=str(VERIFIER))
    assert decode_request(encode(good)[LENGTH_BYTES:]) == good
    with pytest.raises(BadFrameError):
        decode_request(encode(WriteVerifier(verifier=verifier))[LENGTH_BYTES:])
