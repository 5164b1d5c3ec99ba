"""The command beside a form: what a shell makes of it is what was meant."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from lvsm.client.configuration import (
    AddRealserver,
    RemoveRealserver,
    SetRealserver,
    Settings,
    SetVip,
)
from webclient.commands import command, of_edit


@given(st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_any_reason_is_one_word(reason: str) -> None:
    line = command("rs", "drain", "web", "rs1", reason=reason)
    assert shlex.split(line) == ["lvsm", "rs", "drain", "web", "rs1", "--reason", reason]


def test_nothing_is_said_of_what_was_not_given() -> None:
    assert command("rs", "drain", "web", "rs1", reason=None) == "lvsm rs drain web rs1"


def test_edits_are_typed_as_lvsm_takes_them() -> None:
    values: Settings = {
        "ports": (80, 443),
        "persistence": None,
        "enabled": False,
        "nat_gateway": "10.0.0.1",
    }
    assert of_edit(SetVip(vip="web", values=values)) == (
        "lvsm vip set web --ports 80,443 --unset persistence --enabled no --nat-gateway 10.0.0.1"
    )
    add = AddRealserver(vip="web", node="rs1", values={"weight": 3})
    assert of_edit(add) == "lvsm rs add web rs1 --weight 3"
    assert of_edit(RemoveRealserver(vip="web", node="rs1", port=80)) == (
        "lvsm rs remove web rs1 --at 80"
    )
    change = SetRealserver(vip="web", node="rs1", port=80, values={"tunnel_port": 1})
    assert of_edit(change) == "lvsm rs set web rs1 --at 80 --tunnel-port 1"
