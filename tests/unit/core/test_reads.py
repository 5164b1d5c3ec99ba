"""Which verbs a client may ask twice, held against what plvsd does for each."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from inspect import getmembers, isclass, signature
from unittest.mock import Mock

import pytest

import lvsm.daemon
from lvsm.core.reads import READS, is_read
from lvsm.core.session_table import LOGIN_VERBS
from lvsm.daemon.requests import Verbs, admins, operators, readers


def tables() -> Verbs:
    """Every verb of every module `*_verbs`."""
    found: dict[str, object] = {}
    for module in pkgutil.iter_modules(lvsm.daemon.__path__):
        if not module.name.endswith("_verbs"):
            continue
        name = f"lvsm.daemon.{module.name}"
        for _, kind in getmembers(import_module(name), isclass):
            if kind.__module__ == name and hasattr(kind, "table"):
                parts = {word: Mock() for word in signature(kind).parameters}
                found |= kind(**parts).table()  # type: ignore[attr-defined]  # hasattr says so
    return found  # type: ignore[return-value]  # by their names


def test_what_may_be_asked_twice_changes_nothing() -> None:
    verbs = tables()
    assert READS - LOGIN_VERBS.keys() <= verbs.keys()
    assert not [verb for verb in READS if verb in verbs and verbs[verb].changes]


def test_what_people_may_use_and_changes_nothing_may_be_asked_twice() -> None:
    people = (readers, operators, admins)
    looks = {name for name, verb in tables().items() if verb.who in people and not verb.changes}
    assert looks <= READS, "add what only looks to lvsm.core.reads"


@pytest.mark.parametrize("head", ["STATUS", "vip list", "VIP SHOW web", 'WATCH "status"'])
def test_a_request_that_only_looks(head: str) -> None:
    assert is_read(head)


@pytest.mark.parametrize("head", ["CONFIG SAVE", "VIP", "CONFIG", "SHOW VIP", "", "\x00", "X Y Z"])
def test_all_others_count_as_changes(head: str) -> None:
    assert not is_read(head)
