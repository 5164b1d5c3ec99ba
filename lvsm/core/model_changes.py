"""What differs between two configurations, object by object, as people think of it.

Law: two texts that say the same have no changes, whatever their comments and order; what a change
names stands in one of the texts. Only those objects are read whose lines differ, so that a change
of one virtual service among thousands is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from lvsm.core import config_keys
from lvsm.core.check import Check
from lvsm.core.check_keys import CHECK
from lvsm.core.config_text import parse
from lvsm.core.key_table import Key
from lvsm.core.model import Configuration, Realserver, VirtualService
from lvsm.core.outline import Name, Outline, outline

How: TypeAlias = Literal["added", "removed", "changed"]
What: TypeAlias = Literal["cluster", "node", "vip", "realserver", "sorry", "check"]
MARKS: Mapping[How, str] = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """One object that was added, removed or changed.

    `name` is a realserver's node with its port if it has one (`rs1:8080`), and `vip` its virtual
    service; the cluster has no name. `values` has before and after for each key, as a text says
    them (JSON's kinds), None where the key is not said; a removed object has none.
    """

    how: How
    what: What
    name: str = ""
    vip: str = ""
    values: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """As the protocol has it."""
        return {
            "change": self.how,
            "of": self.what,
            "name": self.name,
            "vip": self.vip or None,
            "values": {key: list(pair) for key, pair in self.values.items()},
        }


def model_changes(before: str, after: str) -> tuple[ModelChange, ...] | None:
    """What differs between two texts; None where one of them cannot be read."""
    old, new = _read(before, after)
    if old is None or new is None:
        return None
    return tuple(changes(old, new))


def changes(old: Configuration, new: Configuration) -> Iterator[ModelChange]:
    """What differs between two configurations: the cluster, nodes, virtual services."""
    yield from _changed(config_keys.CLUSTER, "cluster", "", "", old.cluster, new.cluster)
    yield from _objects(config_keys.NODE, "node", "", old.nodes, new.nodes)
    for name in _names(old.vips, new.vips):
        yield from _vip(old.vips.get(name), new.vips.get(name))


def line(document: Mapping[str, Any]) -> str:
    """A change as people read it: `~ realserver rs1:8080 in web   weight 10 -> 20`."""
    where = f" in {document['vip']}" if document["vip"] else ""
    what = f"{'sorry server' if document['of'] == 'sorry' else document['of']} {document['name']}"
    how: How = document["change"]
    told = ", ".join(_value(how, key, *pair) for key, pair in document["values"].items())
    return f"{MARKS[how]} {what.rstrip()}{where}" + (f"   {told}" if told else "")


def _value(how: How, key: str, before: object, after: object) -> str:
    if how == "added":
        return f"{key} {_said(after)}"
    return f"{key} {_said(before)} -> {_said(after)}"


def _said(value: object) -> str:
    match value:
        case None:
            return "default"
        case bool():
            return "yes" if value else "no"
        case list():
            return " ".join(map(str, value))
        case dict():
            return ", ".join(f"{key} {_said(entry)}" for key, entry in value.items())
        case _:
            return str(value)


def _vip(old: VirtualService | None, new: VirtualService | None) -> Iterator[ModelChange]:
    named = old or new
    if named is None:
        return
    name = named.name
    yield from _objects(config_keys.VIP, "vip", "", _dict(name, old), _dict(name, new))
    if new is None:
        return
    keys, was, now = config_keys.REALSERVER, _realservers(old), _realservers(new)
    yield from _objects(keys, "realserver", name, was, now)
    yield from _objects(config_keys.SORRY, "sorry", name, _sorry(old), _sorry(new))
    yield from _objects(CHECK, "check", name, _check(old), _check(new))


def _dict(name: str, vip: VirtualService | None) -> dict[str, VirtualService]:
    return {} if vip is None else {name: vip}


def _realservers(vip: VirtualService | None) -> dict[str, Realserver]:
    """By node and port; where that is there twice, which no Save allows, the last one counts."""
    return {} if vip is None else {_place(entry): entry for entry in vip.realservers}


def _sorry(vip: VirtualService | None) -> dict[str, Realserver]:
    return {} if vip is None or vip.sorry is None else {_place(vip.sorry): vip.sorry}


def _check(vip: VirtualService | None) -> dict[str, Check]:
    return {} if vip is None or vip.check is None else {"": vip.check}


def _place(entry: Realserver) -> str:
    return entry.node if entry.port is None else f"{entry.node}:{entry.port}"


def _objects(
    keys: Mapping[str, Key], what: What, vip: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[ModelChange]:
    for name in _names(old, new):
        if name not in new:
            yield ModelChange(how="removed", what=what, name=name, vip=vip)
        elif name not in old:
            said = _shown(keys, what, new[name])
            values = {key: (None, value) for key, value in said.items()}
            yield ModelChange(how="added", what=what, name=name, vip=vip, values=values)
        else:
            yield from _changed(keys, what, name, vip, old[name], new[name])


def _changed(
    keys: Mapping[str, Key], what: What, name: str, vip: str, old: object, new: object
) -> Iterator[ModelChange]:
    if old == new:
        return
    was, now = _shown(keys, what, old), _shown(keys, what, new)
    values = {key: (was.get(key), now.get(key)) for key in keys if was.get(key) != now.get(key)}
    if values:
        yield ModelChange(how="changed", what=what, name=name, vip=vip, values=values)


def _shown(keys: Mapping[str, Key], what: What, owner: object) -> dict[str, object]:
    """What a text says of an object, without what names it already."""
    hidden = ("node", "port") if what in {"realserver", "sorry"} else ()
    found = {key: _plain(entry.shown(owner)) for key, entry in keys.items() if key not in hidden}
    return {key: value for key, value in found.items() if value is not None}


def _plain(value: object) -> object:
    """As JSON has it."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return str(value)


def _names(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, None]:
    """The names of both: those of the new one in its order, then those that went."""
    return dict.fromkeys([*new, *old])


def _read(before: str, after: str) -> tuple[Configuration | None, Configuration | None]:
    """What both texts say of the objects whose lines are not alike."""
    ours, theirs = outline(before), outline(after)
    if ours is None or theirs is None:
        return parse(before).configuration, parse(after).configuration
    old, new = _pieces(before, ours), _pieces(after, theirs)
    told = [name for name in _names_of(old, new) if old.get(name) != new.get(name)]
    return _parsed(old, told), _parsed(new, told)


def _names_of(old: Mapping[Name, str], new: Mapping[Name, str]) -> dict[Name, None]:
    return dict.fromkeys([*new, *old])


def _pieces(text: str, found: Outline) -> dict[Name, str]:
    """The lines of each object."""
    ends = [*(start for start, _ in found.runs[1:]), found.length]
    pieces: dict[Name, str] = {}
    for (start, name), end in zip(found.runs, ends, strict=bool(found.runs)):
        pieces[name] = pieces.get(name, "") + text[start:end]
    return pieces


def _parsed(pieces: Mapping[Name, str], names: list[Name]) -> Configuration | None:
    return parse("\n".join(pieces[name] for name in names if name in pieces)).configuration
