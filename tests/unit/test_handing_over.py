"""Settings and descriptors reach a worker whole, or it is told why not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm import handing_over
from lvsm.handing_over import HandingOverError
from lvsm.opening import open_local
from lvsm.settings import Paths, Settings
from tests.unit.strategies import names

_PATHS = st.builds(Paths, run=st.builds(Path, st.sampled_from(["/run/lvsm", "/tmp/ä b"])))
SETTINGS = st.builds(
    Settings,
    node=names,
    members=st.lists(names, min_size=1).map(tuple),
    port=st.integers(1, 65535),
    listen=st.lists(st.sampled_from(["::1", "10.0.0.1"])).map(tuple),
    uid=st.integers(1, 2**32 - 2),
    gid=st.integers(1, 2**32 - 2),
    interface=st.none() | st.just("eth0"),
    password_verifier=st.none() | st.text(),
    log_level=st.sampled_from(["info", "debug"]),
    key=st.binary(min_size=32, max_size=32),
    paths=_PATHS,
)


@given(SETTINGS)
def test_settings_arrive_as_they_were(settings: Settings) -> None:
    mine, theirs = socket.socketpair()
    left, right = os.pipe()
    with mine, theirs, socket.socket(socket.AF_UNIX) as local:
        handing_over.grant(mine, settings, local, left)
        got, listener, pipe = handing_over.receive(theirs)
        with listener:
            os.write(right, b"EVENT\n")
            assert os.read(pipe, 10) == b"EVENT\n"
    for descriptor in (left, right, pipe):
        os.close(descriptor)
    assert got == settings


def test_who_asks_is_told_by_the_kernel_and_connections_reach_the_worker(tmp_path: Path) -> None:
    paths = Paths(run=tmp_path)
    local, pipe = open_local(paths)
    mine, theirs = socket.socketpair()
    with mine, theirs, local:
        assert handing_over.caller(theirs) == os.getuid()
        handing_over.grant(mine, SETTINGS_OF_ONE, local, pipe)
        _, listener, other_pipe = handing_over.receive(theirs)
        with listener, socket.socket(socket.AF_UNIX) as client:
            client.connect(str(paths.socket))
            accepted, _ = listener.accept()
            accepted.close()
    assert not os.get_inheritable(other_pipe)
    os.close(pipe)
    os.close(other_pipe)


def test_a_worker_that_gets_nothing_is_told_why() -> None:
    mine, theirs = socket.socketpair()
    with mine, theirs:
        handing_over.deny(mine, "/etc/plvsd.conf line 3: no")
        with pytest.raises(HandingOverError, match=r"plvsd\.conf line 3: no") as refused:
            handing_over.receive(theirs)
    assert refused.value.code == "settings"


@given(st.binary(max_size=64))
def test_anything_else_is_an_error_of_its_own(junk: bytes) -> None:
    mine, theirs = socket.socketpair()
    with mine, theirs:
        mine.sendall(junk)
        mine.close()
        with pytest.raises(HandingOverError, match="gave no settings"):
            handing_over.receive(theirs)


def test_settings_without_descriptors_are_refused() -> None:
    mine, theirs = socket.socketpair()
    with mine, theirs:
        body = handing_over.encode_granted(SETTINGS_OF_ONE)
        mine.sendall(len(body).to_bytes(handing_over.LENGTH_BYTES, "big") + body)
        with pytest.raises(HandingOverError, match="no descriptors"):
            handing_over.receive(theirs)


SETTINGS_OF_ONE = Settings(
    node="dir1",
    members=("dir1",),
    port=6610,
    listen=(),
    uid=977,
    gid=977,
    interface=None,
    password_verifier=None,
    log_level="info",
    key=b"k" * 32,
    paths=Paths(),
)
