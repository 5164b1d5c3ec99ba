"""An edit in a few words: for the history where nobody gave a comment, and for the audit log."""

from __future__ import annotations

from lvsm.core.edits.forms import (
    AddRealserver,
    AddVip,
    Edit,
    Given,
    RemoveRealserver,
    RemoveVip,
    SetRealserver,
    Settings,
    SetVip,
)

LONGEST = 200


def describe(edit: Edit) -> str:
    """As `rs set web rs1 weight=3`, at most LONGEST characters."""
    words = " ".join([*_words(edit), *map(_setting, _values(edit).items())])
    return words if len(words) <= LONGEST else words[: LONGEST - 3] + "..."


def _words(edit: Edit) -> tuple[str, ...]:
    match edit:
        case AddVip():
            return "vip", "add", edit.vip
        case SetVip():
            return "vip", "set", edit.vip
        case RemoveVip():
            return "vip", "remove", edit.vip
        case AddRealserver():
            return "rs", "add", edit.vip, edit.node
        case SetRealserver():
            return "rs", "set", edit.vip, edit.node, *_at(edit.port)
        case RemoveRealserver():
            return "rs", "remove", edit.vip, edit.node, *_at(edit.port)


def _at(port: int | None) -> tuple[str, ...]:
    return () if port is None else (f"at={port}",)


def _values(edit: Edit) -> Settings:
    return {} if isinstance(edit, RemoveVip | RemoveRealserver) else edit.values


def _setting(setting: tuple[str, Given]) -> str:
    key, value = setting
    match value:
        case None:
            return f"{key}=default"
        case bool():
            return f"{key}={'yes' if value else 'no'}"
        case tuple():
            return f"{key}={','.join(map(str, value))}"
        case _:
            return f"{key}={value}"
