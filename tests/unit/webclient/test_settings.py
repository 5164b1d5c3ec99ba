from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.client import Tcp
from webclient.errors import WebError
from webclient.settings import parse

LEAST = '[cluster.www]\nnodes = ["dir1"]\n'


def test_the_least_that_is_needed() -> None:
    settings = parse(LEAST)
    assert settings.prefix == "/lvsm"
    assert settings.cluster["www"].addresses == (Tcp("dir1"),)
    assert settings.tls is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cluster"),
        ("[cluster.www]\nnodes = []\n", "nodes"),
        ('[cluster.www]\nnodes = ["dir1", "dir1"]\n', "twice"),
        ('[cluster.www]\nnodes = ["dir1:port"]\n', "cluster.www.nodes"),
        ('[cluster.www]\nnodes = ["/run/lvsm/plvsd.sock"]\n', "socket needs no login"),
        ('prefix = "lvsm"\n' + LEAST, "prefix"),
        ('prefix = "/lvsm/../x y"\n' + LEAST, "prefix"),
        ('origins = ["http://lvs.example"]\n' + LEAST, "origins"),
        ("prefx = 1\n" + LEAST, "prefx"),
        (LEAST + "[sessions]\nidle = 1\n", "sessions.idle"),
        (LEAST + "[sessions]\nlongest = 43201\n", "sessions.longest"),
        (LEAST + '[tls]\ncertificate = "a"\n', "key"),
        ("[cluster", "configuration"),
    ],
)
def test_each_mistake_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(WebError, match=said):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_a_mistake(text: str) -> None:
    with suppress(WebError):
        parse(text)
