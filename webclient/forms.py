"""The form of a virtual service with its realservers: fields to edits, mistakes to fields. Pure.

Law: which keys there are, and which words a key may have, is taken from the table of keys; whether
a value is right is plvsd's to say. A form that is sent as it was shown makes no edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from lvsm.client.configuration import (
    REALSERVER,
    VIP,
    AddRealserver,
    AddVip,
    Edit,
    Given,
    Key,
    Kind,
    Realserver,
    RemoveRealserver,
    SetRealserver,
    Settings,
    SetVip,
    VirtualService,
)

MOST_ROWS = 1_000
ON_BY_DEFAULT = frozenset({"enabled"})
"""Truth values that hold when a text does not say them."""
_TYPED = frozenset({Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.LIST})
KEYS: Mapping[str, Key] = {name: key for name, key in VIP.items() if key.kind in _TYPED}
"""The keys that the form has; it leaves all others as they are in the text."""
_ROW_KEYS = tuple(name for name, key in REALSERVER.items() if name != "node" and key.kind in _TYPED)


Fields: TypeAlias = Mapping[str, Sequence[str]]
"""What was sent: each field with its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One realserver in the form: `was` is what it is in the text, empty for a new one."""

    node: str = ""
    was: str = ""
    use: bool = False
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the fields say; values are as typed."""

    name: str
    values: Mapping[str, str]
    directors: tuple[str, ...]
    flags: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something to mend; `field` is the name of a field, empty for none."""

    field: str
    code: str
    message: str
    advice: str = ""
    warning: bool = False


def of_vip(vip: VirtualService, nodes: Iterable[str]) -> Form:
    """The form as it is shown for a virtual service."""
    rows = [_row_of(member) for member in vip.realservers]
    there = {row.node for row in rows}
    rows += [Row(node=node, values={}) for node in nodes if node not in there]
    return Form(
        name=vip.name,
        values={name: _typed(key.shown(vip)) for name, key in KEYS.items()},
        directors=vip.directors,
        flags=vip.flags,
        rows=tuple(rows),
    )


def of_nothing(directors: Sequence[str], nodes: Iterable[str]) -> Form:
    """The form for a new virtual service, with what most people want filled in."""
    return Form(
        name="",
        values={"scheduler": "wlc", "forwarding": "dr", "enabled": ""},
        directors=tuple(directors),
        flags=(),
        rows=tuple(Row(node=node, values={"weight": "1"}) for node in nodes),
    )


def read(fields: Fields, name: str = "") -> Form:
    """What was sent; `name` is the virtual service's, where it is not a field."""
    count = _number(_first(fields, "rows"))
    rows = min(count, MOST_ROWS) if isinstance(count, int) else 0
    directors = [word.strip() for word in fields.get("directors", ())]
    values = {key: _first(fields, key) for key in KEYS}
    values["enabled"] = "" if _first(fields, "enabled") else "no"
    values["one_packet"] = "yes" if _first(fields, "one_packet") else ""
    return Form(
        name=name or _first(fields, "name"),
        values=values,
        directors=tuple(dict.fromkeys(word for word in directors if word)),
        flags=tuple(fields.get("flags", ())),
        rows=tuple(_row(fields, index) for index in range(rows)),
    )


def with_row(form: Form) -> Form:
    """The form with an empty row more."""
    return replace(form, rows=(*form.rows, Row(values={"weight": "1"}, use=True)))


def edits(form: Form, present: VirtualService | None) -> tuple[Edit, ...]:
    """What the form changes: of a virtual service, or all of a new one."""
    if present is None:
        return _all_new(form)
    before = {name: key.shown(present) for name, key in KEYS.items()}
    after = _settings(form)
    changed = {name: after[name] for name in KEYS if after[name] != _given_of(before[name])}
    found: list[Edit] = [SetVip(vip=form.name, values=changed)] if changed else []
    members = {_was(member): member for member in present.realservers}
    for row in form.rows:
        found += _row_edits(form.name, row, members.get(row.was))
    return tuple(found)


def mistakes(problems: Iterable[Mapping[str, Any]], form: Form) -> list[Mistake]:
    """Plvsd's problems with this virtual service, each at its field; others are left out."""
    return [
        Mistake(
            field=_field(problem["path"], form),
            code=problem["code"],
            message=problem["message"],
            advice=problem["advice"],
            warning=problem["severity"] == "warning",
        )
        for problem in problems
        if problem["path"][:2] in (["vip", form.name], []) or problem["severity"] == "error"
    ]


def _field(path: Sequence[str | int], form: Form) -> str:
    """The name of the field that a path of the text belongs to."""
    if list(path[:2]) != ["vip", form.name]:
        return ""
    match list(path[2:]):
        case []:
            return "name"
        case ["realserver", int(index), *rest]:
            rows = [number for number, row in enumerate(form.rows) if row.use and row.was]
            rows += [number for number, row in enumerate(form.rows) if row.use and not row.was]
            key = str(rest[0]) if rest else "node"
            return f"rs-{rows[index]}-{key}" if index < len(rows) else ""
        case [str(key), *_] if key in KEYS:
            return key
    return ""


def _all_new(form: Form) -> tuple[Edit, ...]:
    given: Settings = {key: v for key, v in _settings(form).items() if v is not None}
    rows = [_added(form.name, row) for row in form.rows if row.use and row.node]
    return (AddVip(vip=form.name, values=given), *rows)


def _row_edits(vip: str, row: Row, member: Realserver | None) -> list[Edit]:
    if member is None:
        return [_added(vip, row)] if row.use and row.node else []
    if not row.use:
        return [RemoveRealserver(vip=vip, node=member.node, port=member.port)]
    after = _row_settings(row)
    before = {name: _given_of(REALSERVER[name].shown(member)) for name in _ROW_KEYS}
    changed = {name: after[name] for name in _ROW_KEYS if after[name] != before[name]}
    if not changed:
        return []
    return [SetRealserver(vip=vip, node=member.node, port=member.port, values=changed)]


def _added(vip: str, row: Row) -> AddRealserver:
    given: Settings = {key: v for key, v in _row_settings(row).items() if v is not None}
    return AddRealserver(vip=vip, node=row.node, values=given)


def _row(fields: Fields, index: int) -> Row:
    def field(key: str) -> str:
        return _first(fields, f"rs-{index}-{key}")

    return Row(
        node=field("node"),
        was=field("was"),
        use=bool(field("use")),
        values={key: field(key) for key in _ROW_KEYS},
    )


def _first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "").strip()


def _row_of(member: Realserver) -> Row:
    values = {name: _typed(REALSERVER[name].shown(member)) for name in _ROW_KEYS}
    return Row(node=member.node, was=_was(member), use=True, values=values)


def _was(member: Realserver) -> str:
    return f"{member.node}:{member.port or 0}"


def _settings(form: Form) -> Settings:
    typed: dict[str, str | tuple[str, ...]] = dict(form.values)
    typed |= {"directors": form.directors, "flags": form.flags}
    return {name: _given(key, typed.get(name, "")) for name, key in KEYS.items()}


def _row_settings(row: Row) -> Settings:
    return {name: _given(REALSERVER[name], row.values.get(name, "")) for name in _ROW_KEYS}


def _given(key: Key, typed: str | tuple[str, ...]) -> Given:
    """What a field says, as a text of the configuration would; None for nothing."""
    if isinstance(typed, tuple):
        return typed or None
    if not typed:
        return None
    match key.kind:
        case Kind.NUMBER:
            return _number(typed)
        case Kind.BOOLEAN:
            return typed == "yes"
        case Kind.LIST:
            words = [word for word in typed.replace(",", " ").split() if word]
            return "all" if words == ["all"] else tuple(map(_number, words))
    default = key.words[0] if key.words and key.name in _SHOWN_FIRST else None
    return None if typed == default else typed


_SHOWN_FIRST = frozenset({"protocol", "tunnel"})
"""Keys whose first word is the default, and stands in no text that LVSM writes."""


def _number(typed: str) -> int | str:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else typed


def _given_of(shown: object) -> Given:
    """What a model shows, as `_given` has it."""
    if isinstance(shown, bool | int) or shown is None:
        return shown
    if isinstance(shown, tuple | list):
        return tuple(one if isinstance(one, int) else str(one) for one in shown) or None
    return str(shown)


def _typed(shown: object) -> str:
    """What a model shows, as somebody types it."""
    match shown:
        case None:
            return ""
        case bool():
            return "yes" if shown else "no"
        case tuple() | list():
            return ", ".join(map(str, shown))
    return str(shown)
