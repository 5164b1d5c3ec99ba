"""A configuration's text for programs that show and change it, as forms do, before it is saved.

    text = client.request("CONFIG SHOW").items[0]["text"]
    draft = apply(text, SetVip(vip="web", values={"scheduler": "wrr"}))
    for line in difference(text, draft, names=("saved", "draft")): ...

Law: nothing here talks to a node; plvsd alone says whether a text can be saved (`CONFIG CHECK`).
"""

from __future__ import annotations

from lvsm.core.config_keys import CLUSTER, NODE, REALSERVER, SORRY, VIP
from lvsm.core.edits.applying import apply, own
from lvsm.core.edits.describing import describe
from lvsm.core.edits.forms import (
    AddRealserver,
    AddVip,
    Edit,
    EditError,
    Given,
    RemoveRealserver,
    RemoveVip,
    SetRealserver,
    Settings,
    SetVip,
    encode,
)
from lvsm.core.edits.service import outlined, service
from lvsm.core.key_table import Key, Kind
from lvsm.core.line_diff import unified as difference
from lvsm.core.model import Realserver, VirtualService
from lvsm.core.problems import Problem

__all__ = [
    "CLUSTER",
    "NODE",
    "REALSERVER",
    "SORRY",
    "VIP",
    "AddRealserver",
    "AddVip",
    "Edit",
    "EditError",
    "Given",
    "Key",
    "Kind",
    "Problem",
    "Realserver",
    "RemoveRealserver",
    "RemoveVip",
    "SetRealserver",
    "SetVip",
    "Settings",
    "VirtualService",
    "apply",
    "describe",
    "difference",
    "encode",
    "own",
    "vip_names",
    "vip_of",
]


def vip_names(text: str) -> list[str]:
    """The virtual services of a text, in its order; raises EditError (`edit-style`)."""
    return [name[1] for name in outlined(text).names() if name[0] == "vip"] if text else []


def vip_of(text: str, name: str) -> VirtualService:
    """One virtual service of a text; raises EditError (`unknown-name`, `edit-style`)."""
    return service(text, name).vip
