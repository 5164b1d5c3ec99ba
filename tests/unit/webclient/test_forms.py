"""Forms of virtual services: sent as shown they change nothing, and what is changed is an edit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lvsm.client.configuration import (
    AddRealserver,
    AddVip,
    RemoveRealserver,
    SetRealserver,
    Settings,
    SetVip,
    VirtualService,
    apply,
    vip_of,
)
from tests.unit.strategies import virtual_services
from webclient import forms
from webclient.forms import Form, Row

TEXT = """\
[vip.web]
address = "192.0.2.10/24"
ports = [80, 443]
scheduler = "mh"
flags = ["mh-port"]
directors = ["dir1", "dir2"]
persistence = 300

[[vip.web.realserver]]
node = "rs1"
port = 8080
weight = 10
upper = 200

[[vip.web.realserver]]
node = "rs1"
port = 80
"""
WEB = vip_of(TEXT, "web")


def test_a_form_as_shown_changes_nothing() -> None:
    assert forms.edits(forms.of_vip(WEB, ["rs2"]), WEB) == ()


@given(virtual_services())
def test_the_form_of_any_service_as_shown_changes_nothing(vip: VirtualService) -> None:
    members = [(member.node, member.port) for member in vip.realservers]
    assume(len(set(members)) == len(members))  # plvsd saves no other
    assert forms.edits(forms.of_vip(vip, ()), vip) == ()


def test_what_is_changed_is_one_edit_each() -> None:
    form = forms.of_vip(WEB, ["rs2"])
    first, second, third = form.rows
    form = replace(
        form,
        values={**form.values, "persistence": "", "scheduler": "wrr", "enabled": "no"},
        flags=(),
        rows=(
            replace(first, values={**first.values, "weight": "20", "upper": ""}),
            replace(second, use=False),
            replace(third, use=True, values={"weight": "5"}),
        ),
    )
    edits = forms.edits(form, WEB)
    changed: Settings = {"scheduler": "wrr", "flags": None, "persistence": None, "enabled": False}
    assert edits == (
        SetVip(vip="web", values=changed),
        SetRealserver(vip="web", node="rs1", port=8080, values={"weight": 20, "upper": None}),
        RemoveRealserver(vip="web", node="rs1", port=80),
        AddRealserver(vip="web", node="rs2", values={"weight": 5}),
    )
    text = TEXT
    for edit in edits:
        text = apply(text, edit)
    assert [(m.node, m.weight) for m in vip_of(text, "web").realservers] == [
        ("rs1", 20),
        ("rs2", 5),
    ]


def test_a_new_service_says_only_what_was_typed() -> None:
    form = Form(
        name="dns",
        values={"address": "192.0.2.11", "ports": "53", "protocol": "udp", "scheduler": "wlc"},
        directors=("dir1",),
        flags=(),
        rows=(Row(node="rs1", use=True, values={"weight": "x"}), Row(node="rs2", values={})),
    )
    values: Settings = {
        "address": "192.0.2.11",
        "ports": (53,),
        "protocol": "udp",
        "scheduler": "wlc",
        "directors": ("dir1",),
    }
    assert forms.edits(form, None) == (
        AddVip(vip="dns", values=values),
        AddRealserver(vip="dns", node="rs1", values={"weight": "x"}),
    )


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (["vip", "web"], "name"),
        (["vip", "web", "scheduler"], "scheduler"),
        (["vip", "web", "ports", 1], "ports"),
        (["vip", "web", "realserver", 0, "weight"], "rs-0-weight"),
        (["vip", "web", "realserver", 1], "rs-2-node"),
        (["vip", "web", "realserver", 9], ""),
        (["node", "rs1"], ""),
        ([], ""),
    ],
)
def test_a_problem_stands_at_its_field(path: list[str | int], field: str) -> None:
    rows = (
        Row(node="rs1", was="rs1:0", use=True, values={}),
        Row(node="rs1", was="rs1:80", use=False, values={}),
        Row(node="rs2", use=True, values={}),
    )
    form = replace(forms.of_vip(WEB, ()), rows=rows)
    problem = {"path": path, "code": "c", "message": "m", "advice": "a", "severity": "error"}
    [mistake] = forms.mistakes([problem], form)
    assert mistake.field == field


def test_others_warnings_are_left_out() -> None:
    problem = {"path": ["vip", "dns"], "code": "c", "message": "m", "advice": "a"}
    form = forms.of_vip(WEB, ())
    assert forms.mistakes([{**problem, "severity": "warning"}], form) == []
    assert len(forms.mistakes([{**problem, "severity": "error"}], form)) == 1


@given(st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=3)))
def test_any_fields_are_a_form(fields: dict[str, list[str]]) -> None:
    assert isinstance(WEB, VirtualService)
    form = forms.read({**fields, "rows": ["3"]})
    assert len(form.rows) == 3
    forms.edits(form, None)
    forms.edits(form, WEB)
