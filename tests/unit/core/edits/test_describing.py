from __future__ import annotations

import pytest
from hypothesis import given

from lvsm.core.edits.describing import LONGEST, describe
from lvsm.core.edits.forms import Edit, RemoveRealserver, SetRealserver, SetVip
from tests.unit.core.edits.test_forms import edits


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (SetVip(vip="web", values={"ports": (80, 443)}), "vip set web ports=80,443"),
        (SetVip(vip="web", values={"enabled": False}), "vip set web enabled=no"),
        (
            SetRealserver(vip="web", node="rs1", port=80, values={"weight": 3, "port": None}),
            "rs set web rs1 at=80 weight=3 port=default",
        ),
        (RemoveRealserver(vip="web", node="rs1"), "rs remove web rs1"),
    ],
)
def test_an_edit_is_described_as_its_command(edit: Edit, words: str) -> None:
    assert describe(edit) == words


@given(edits)
def test_a_description_is_short(edit: Edit) -> None:
    assert 0 < len(describe(edit)) <= LONGEST
