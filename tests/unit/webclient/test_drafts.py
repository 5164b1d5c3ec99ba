from __future__ import annotations

from dataclasses import replace

import pytest

from lvsm.client.configuration import AddVip, EditError, RemoveVip, SetVip
from webclient.drafts import MOST_CHANGES, Base, Change, Draft

TEXT = """\
[vip.web]
address = "192.0.2.10"
ports = [80]
directors = ["dir1"]

[vip.dns]
address = "192.0.2.11"
ports = [53]
directors = ["dir1"]
"""
BASE = Base(number=7, text=TEXT)
WRR = Change(edits=(SetVip(vip="web", values={"scheduler": "wrr"}),))
NEW = Change(
    edits=(
        AddVip(vip="new", values={"address": "192.0.2.12", "ports": (1,), "directors": ("dir1",)}),
    )
)
MORE = Change(edits=(SetVip(vip="new", values={"ports": (25,)}),))


def test_the_text_is_the_changes_made_in_the_base() -> None:
    draft = Draft.of(BASE).with_change(WRR).with_change(NEW)
    assert 'scheduler = "wrr"' in draft.text
    assert draft.text == Draft.of(BASE, (WRR, NEW)).text
    assert "+[vip.new]" in draft.lines()


def test_a_change_is_taken_out_unless_another_needs_it() -> None:
    draft = Draft.of(BASE, (WRR, NEW, MORE))
    assert draft.without(0).changes == (NEW, MORE)
    assert "wrr" not in draft.without(0).text
    with pytest.raises(EditError, match="no virtual service"):
        draft.without(1)


def test_changes_that_undo_each_other_change_nothing() -> None:
    draft = Draft.of(BASE, (NEW, Change(edits=(RemoveVip(vip="new"),))))
    assert not draft.changed
    assert draft.lines() == []


def test_only_what_both_have_changed_is_named() -> None:
    draft = Draft.of(BASE, (WRR,))
    assert draft.touched_by(Base(number=8, text=TEXT.replace("53", "54"))) == ()
    assert draft.touched_by(Base(number=8, text=TEXT.replace("80", "81"))) == ("web",)


def test_there_is_a_last_change() -> None:
    draft = replace(Draft.of(BASE), changes=(WRR,) * MOST_CHANGES)
    with pytest.raises(EditError, match="save first"):
        draft.with_change(NEW)
