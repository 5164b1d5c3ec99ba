from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lvsm.core.config_text import parse, render
from lvsm.core.edits.applying import apply
from lvsm.core.edits.forms import (
    AddRealserver,
    AddVip,
    Edit,
    EditError,
    RemoveRealserver,
    RemoveVip,
    SetRealserver,
    SetVip,
    enabled,
)
from lvsm.core.model import Configuration, VirtualService
from tests.unit.strategies import configurations, ports, short_names

TEXT = """\
# www.example.net
[cluster]
name = "www"

# The shop; ask Ann before you touch it.
[vip.web]   # since 2019
address = "192.0.2.10"
ports = [80,  # http
         443]
scheduler = "wlc"   # was rr
directors = ["dir1"]

[[vip.web.realserver]]
node = "rs1"
weight = 2

# slow disk
[[vip.web.realserver]]
node = "rs2"
# weight = 7

# about dns
[vip.dns]
address = "192.0.2.11"
ports = [53]
directors = ["dir1"]
  [[vip.dns.realserver]]
    node = "rs1"
    port = 5353
  [[vip.dns.realserver]]
    node = "rs1"
    port = 5354
"""


def said(text: str) -> Configuration:
    found = parse(text)
    assert found.configuration is not None, (text, found.problems)
    return found.configuration


def refused(text: str, edit: Edit) -> EditError:
    with pytest.raises(EditError) as error:
        apply(text, edit)
    return error.value


BETWEEN = ("", "", "\n", "# a [note]\n", "\n# b\n\n")
BEHIND = ("", "  # c", "\t")


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Texts with comments and empty lines where people may have them, with LF or CRLF."""
    between = draw(st.lists(st.sampled_from(BETWEEN), min_size=1, max_size=5))
    behind = draw(st.lists(st.sampled_from(BEHIND), min_size=1, max_size=4))
    lines = render(draw(configurations)).split("\n")
    found = [
        between[n % len(between)] + line + (line and behind[n % len(behind)])
        for n, line in enumerate(lines)
    ]
    text = "\n".join(found)
    text = text if draw(st.booleans()) else text.rstrip("\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def pick(data: st.DataObject, text: str) -> VirtualService:
    vips = list(said(text).vips.values())
    assume(vips)
    return data.draw(st.sampled_from(vips))


def others_stay(text: str, after: str, name: str) -> None:
    """Every line outside the virtual service is there as before, in its order."""
    first, last = _own(text, name)
    cut = len(after) - (len(text) - last)
    assert after[:first] == text[:first]
    assert after[cut:] == text[last:]


def _own(text: str, name: str) -> tuple[int, int]:
    lines = text.splitlines(keepends=True)
    mine = [n for n, line in enumerate(lines) if line.lstrip(" [").startswith(f"vip.{key(name)}")
            and line.lstrip(" [")[len(f"vip.{key(name)}")] in ".]"]  # fmt: skip
    ends = [n for n, line in enumerate(lines) if line.lstrip().startswith("[") and n > mine[-1]]
    begin = sum(map(len, lines[: mine[0]]))
    return begin, sum(map(len, lines[: ends[0]])) if ends else len(text)


def key(name: str) -> str:
    return f'"{name}"' if "." in name else name


many = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
NEW = AddVip(vip="new", values={"address": "192.0.2.9", "ports": (80, 81), "directors": ("dir1",)})


@many
@given(texts(), short_names)
def test_a_virtual_service_comes_and_goes(text: str, name: str) -> None:
    before = said(text)
    assume(name not in before.vips)
    after = apply(text, AddVip(vip=name, values=NEW.values))
    assert after.startswith(text)
    now = said(after)
    assert list(now.vips) == [*before.vips, name]
    assert (now.vips[name].ports, now.vips[name].directors) == ((80, 81), ("dir1",))
    assert replace(now, vips=before.vips) == before
    assert apply(after, RemoveVip(vip=name)) == text


@many
@given(st.data(), texts())
def test_a_virtual_service_goes_with_its_realservers(data: st.DataObject, text: str) -> None:
    before, vip = said(text), pick(data, text)
    now = said(apply(text, RemoveVip(vip=vip.name)))
    kept = {name: other for name, other in before.vips.items() if name != vip.name}
    assert now == replace(before, vips=kept)
    assert list(now.vips) == list(kept)


@many
@given(st.data(), texts(), ports)
def test_settings_change_what_they_name_and_nothing_else(
    data: st.DataObject, text: str, port: int
) -> None:
    before, vip = said(text), pick(data, text)
    persistence = data.draw(st.none() | st.integers(1, 99))
    edit = SetVip(
        vip=vip.name,
        values={"ports": (port,), "persistence": persistence, "flags": None, "interface": "eth7"},
    )
    after = apply(text, edit)
    wanted = replace(vip, ports=(port,), persistence=persistence, flags=(), interface="eth7")
    assert said(after) == replace(before, vips={**before.vips, vip.name: wanted})
    others_stay(text, after, vip.name)
    assert apply(after, edit) == after


@many
@given(st.data(), texts())
def test_out_of_service_and_back(data: st.DataObject, text: str) -> None:
    vip = pick(data, text)
    off = apply(text, enabled(vip.name, yes=False))
    assert said(off).vips[vip.name] == replace(vip, enabled=False)
    on = apply(off, enabled(vip.name, yes=True))
    assert said(on).vips[vip.name] == replace(vip, enabled=True)
    assert not vip.enabled or on == text


@many
@given(st.data(), texts(), short_names)
def test_a_realserver_comes_changes_and_goes(data: st.DataObject, text: str, node: str) -> None:
    before, vip = said(text), pick(data, text)
    assume(all(entry.node != node for entry in vip.realservers))
    after = apply(text, AddRealserver(vip=vip.name, node=node, values={"weight": 9}))
    found = said(after).vips[vip.name].realservers
    assert found[:-1] == vip.realservers
    assert (found[-1].node, found[-1].weight) == (node, 9)
    others_stay(text, after, vip.name)
    assert apply(after, RemoveRealserver(vip=vip.name, node=node)) == text
    changed = SetRealserver(vip=vip.name, node=node, values={"port": 81, "weight": None})
    wanted = replace(found[-1], port=81, weight=1)
    now = said(apply(after, changed))
    assert now.vips[vip.name].realservers == (*vip.realservers, wanted)
    assert {**now.vips, vip.name: vip} == before.vips


def test_people_see_their_text_with_one_line_changed() -> None:
    after = apply(TEXT, SetVip(vip="web", values={"scheduler": "wrr"}))
    assert after == TEXT.replace('"wlc"   # was rr', '"wrr"   # was rr')
    after = apply(TEXT, SetRealserver(vip="web", node="rs2", values={"weight": 3}))
    assert after == TEXT.replace('node = "rs2"\n', 'node = "rs2"\nweight = 3\n')
    after = apply(TEXT, SetVip(vip="web", values={"ports": (80,)}))
    assert after == TEXT.replace("[80,  # http\n         443]", "[80]")
    after = apply(TEXT, SetVip(vip="web", values={"ports": (80,), "persistence": 60}))
    assert 'directors = ["dir1"]\npersistence = 60\n\n[[vip.web' in after


def test_the_comment_right_above_goes_and_others_stay() -> None:
    after = apply(TEXT, RemoveRealserver(vip="web", node="rs2"))
    assert after == TEXT.replace('\n# slow disk\n[[vip.web.realserver]]\nnode = "rs2"\n', "")
    after = apply(TEXT, RemoveVip(vip="web"))
    assert "Ann" not in after
    assert "# www.example.net" in after
    assert after.endswith(TEXT[TEXT.index("# weight = 7") :])
    first = '# about all\n[vip.a]\naddress = "192.0.2.1"\nports = [1]\ndirectors = ["d"]\n'
    assert apply(first, RemoveVip(vip="a")) == "# about all\n"


def test_a_realserver_is_written_as_the_one_before_it() -> None:
    after = apply(TEXT, AddRealserver(vip="dns", node="rs2", values={"port": 53}))
    assert after == TEXT + '  [[vip.dns.realserver]]\n    node = "rs2"\n    port = 53\n'


@pytest.mark.parametrize(
    ("edit", "code", "words"),
    [
        (SetVip(vip="wbe"), "unknown-name", "Did you mean 'web'?"),
        (RemoveVip(vip="x"), "unknown-name", "There are: dns, web."),
        (RemoveRealserver(vip="web", node="rs3"), "unknown-name", "Did you mean"),
        (RemoveRealserver(vip="web", node="rs1", port=8), "unknown-name", "rs1 with port 8"),
        (RemoveRealserver(vip="dns", node="rs1"), "ambiguous-realserver", "5353, 5354"),
        (AddVip(vip="web"), "already-there", "lvsm vip set"),
        (AddRealserver(vip="web", node="rs1"), "already-there", "lvsm rs set"),
        (AddVip(vip="new"), "invalid", "has no address"),
        (AddVip(vip="New one", values=NEW.values), "invalid", "cannot be a name"),
        (SetVip(vip="web", values={"schedular": "rr"}), "invalid", "'scheduler'"),
        (SetVip(vip="web", values={"ports": (99999,)}), "invalid", "99999"),
        (SetVip(vip="web", values={"directors": None}), "invalid", "has no directors"),
        (SetVip(vip="web", values={"realserver": "x"}), "edit-style", "table"),
        (SetRealserver(vip="web", node="rs1", values={"weight": -1}), "invalid", "weight"),
        (SetRealserver(vip="web", node="rs1", values={"weight": '"""'}), "invalid", "weight"),
    ],
)
def test_what_cannot_be_is_told(edit: Edit, code: str, words: str) -> None:
    error = refused(TEXT, edit)
    assert (error.code, words in error.message) == (code, True), error.message


WEB = 'address = "192.0.2.10"\nports = [80]\ndirectors = ["d"]\n'
STYLES = (
    'vip.web.address = "192.0.2.10"\nvip.web.ports = [80]\nvip.web.directors = ["d"]\n',
    'vip = { web = { address = "192.0.2.10", ports = [80], directors = ["d"] } }\n',
    '[vip]\nweb = { address = "192.0.2.10", ports = [80], directors = ["d"] }\n',
    f'[vip.web]\n{WEB}realserver = [{{ node = "rs1" }}]\n',
    f'[vip.web]\n{WEB}interface = """eth0"""\n',
    f'[vip.web]\n{WEB}[node.rs1]\nexternal = true\n[[vip.web.realserver]]\nnode = "rs1"\n',
)


@pytest.mark.parametrize("text", STYLES)
def test_a_text_that_a_command_would_damage_is_refused(text: str) -> None:
    assert "web" in said(text).vips
    for edit in (
        enabled("web", yes=False),
        RemoveVip(vip="web"),
        AddRealserver(vip="web", node="x"),
    ):
        error = refused(text, edit)
        assert error.code == "edit-style"
        assert "lvsm config save" in error.message
