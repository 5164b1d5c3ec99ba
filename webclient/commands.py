"""The `lvsm` command that does the same as a form. Pure.

Law: what is shown here can be pasted into a shell, whatever a name or a reason contains.
"""

from __future__ import annotations

import shlex

from lvsm.client.configuration import (
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


def command(*words: str, **options: str | None) -> str:
    """`lvsm WORDS --option VALUE`, options that are None or empty left out."""
    line = ["lvsm", *words]
    for name, value in options.items():
        if value:
            line += [_option(name), value]
    return shlex.join(line)


def of_edit(edit: Edit) -> str:
    """The command that makes an edit."""
    match edit:
        case AddVip():
            words = ["vip", "add", edit.vip, *_settings(edit.values)]
        case SetVip():
            words = ["vip", "set", edit.vip, *_settings(edit.values)]
        case RemoveVip():
            words = ["vip", "remove", edit.vip]
        case AddRealserver():
            words = ["rs", "add", edit.vip, edit.node, *_settings(edit.values)]
        case SetRealserver():
            at = _at(edit.port)
            words = ["rs", "set", edit.vip, edit.node, *at, *_settings(edit.values)]
        case RemoveRealserver():
            words = ["rs", "remove", edit.vip, edit.node, *_at(edit.port)]
    return command(*words)


def _settings(values: Settings) -> list[str]:
    words = []
    for key, value in values.items():
        words += ["--unset", key] if value is None else [_option(key), _word(value)]
    return words


def _word(value: Given) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _at(port: int | None) -> list[str]:
    return [] if port is None else ["--at", str(port)]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
