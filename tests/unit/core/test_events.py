from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest

from lvsm.core.events import ALL, TOPICS, Happening, RealserverChanged

RESERVED = {"event", "topic", "number", "time", "at", "node", "text", "snapshot"}
SAMPLES: dict[str, Any] = {"int": 7, "float": 1.5, "str": "{web}", "int | None": 80}


def made(kind: type[Happening]) -> Happening:
    return kind(**{f.name: SAMPLES.get(str(f.type), "{web}") for f in fields(kind)})


@pytest.mark.parametrize("kind", ALL)
def test_each_is_a_document_that_says_what_it_is(kind: type[Happening]) -> None:
    document = json.loads(json.dumps(made(kind).document()))
    assert document["event"] == kind.code
    assert re.fullmatch(r"[a-z][a-z-]*", kind.code)
    assert kind.topic in TOPICS
    assert not {f.name for f in fields(kind)} & RESERVED
    assert document["text"]


def test_codes_are_each_used_once() -> None:
    assert len({kind.code for kind in ALL}) == len(ALL)
    assert {kind.__name__ for kind in Happening.__subclasses__()} == {k.__name__ for k in ALL}


def test_a_realserver_that_is_new_or_gone_has_a_sentence_too() -> None:
    def text(was: str | None, state: str | None) -> str:
        return RealserverChanged(
            vip="web", realserver="rs1", port=80, was=was, state=state, reason=""
        ).text()

    assert len({text("up", "down"), text(None, "up"), text("up", None)}) == 3
