"""What many pages share: one question to the nodes, and nothing for whoever may not go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from lvsm.client import Client, NotAllowedError, Response, Settings, Tcp
from lvsm.core.responses import Err
from webclient.nodes import Nodes
from webclient.snapshots import FRESH_SECONDS, Snapshots


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Asked(Nodes):
    """A node that counts what it is asked, and refuses where `over` says so."""

    over: bool = False
    verbs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(Client(Settings(addresses=(Tcp("nowhere"),))))

    def ask(self, verb: str, *_args: str, **_more: Any) -> Response:
        self.verbs.append(verb)
        if self.over:
            raise NotAllowedError(Err("session-ended", "it has ended", {}))
        return Response(items=({"count": len(self.verbs)},) if verb == "STATUS" else ())


def test_pages_share_a_status_while_it_is_fresh() -> None:
    clock = Clock()
    snapshots = Snapshots(clock)
    one, other = Asked(), Asked()
    first = snapshots.status(one, shared=True)
    assert snapshots.status(other, shared=True) is first
    assert (one.verbs, other.verbs) == (["NOOP", "STATUS"], ["NOOP"])
    clock.now += FRESH_SECONDS
    assert snapshots.status(other, shared=True) is not first


def test_a_click_asks_anew_and_the_pages_get_that() -> None:
    snapshots = Snapshots(Clock())
    one = Asked()
    first = snapshots.status(one, shared=True)
    second = snapshots.status(one, shared=False)
    assert second is not first
    assert snapshots.status(one, shared=True) is second


def test_whoever_may_not_go_on_gets_nothing() -> None:
    snapshots = Snapshots(Clock())
    snapshots.status(Asked(), shared=True)
    with pytest.raises(NotAllowedError):
        snapshots.status(Asked(over=True), shared=True)
