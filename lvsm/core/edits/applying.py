"""An edit made in a configuration text.

Law: what does not belong to the edited virtual service stays as it is, byte for byte; comments and
order stay inside it too. A comment right above something that is removed goes with it. The result
says what the edit says, or nothing is changed.
"""

from __future__ import annotations

from lvsm.core import toml_text
from lvsm.core.edits import lines
from lvsm.core.edits.forms import (
    AddRealserver,
    AddVip,
    Edit,
    EditError,
    RemoveRealserver,
    RemoveVip,
    SetRealserver,
    Settings,
    SetVip,
)
from lvsm.core.edits.lines import Change
from lvsm.core.edits.service import Service, outlined, read, service
from lvsm.core.outline import Name
from lvsm.core.places import Path


def touched(edit: Edit) -> Name:
    """The object that an edit changes."""
    return ("vip", edit.vip)


def own(text: str, edit: Edit) -> str:
    """The lines of the text that belong to what an edit changes; none where it is not there."""
    return "".join(text[start:end] for start, end in outlined(text).spans({touched(edit)}))


def apply(text: str, edit: Edit) -> str:
    """The text with the edit made in it; `text` is one that can be read.

    Raises EditError: `unknown-name`, `already-there`, `ambiguous-realserver`, `invalid` for keys
    and values that cannot be, `edit-style` for a text that it would damage.
    """
    if isinstance(edit, AddVip):
        return _add_vip(text, edit)
    found = service(text, edit.vip)
    match edit:
        case RemoveVip():
            return _remove_vip(text, found)
        case SetVip():
            changes = _set(text, found, found.path, edit.values)
        case AddRealserver():
            changes = _add_realserver(text, found, edit)
        case SetRealserver():
            path = found.realserver(edit.node, edit.port)
            changes = _set(text, found, path, edit.values)
        case RemoveRealserver():
            path = found.realserver(edit.node, edit.port)
            changes = [_without(text, found, path)]
    result = lines.changed(text, changes)
    read(result[found.start : len(result) - (len(text) - found.end)], edit.vip)
    return result


def _add_vip(text: str, edit: AddVip) -> str:
    if touched(edit) in outlined(text).names():
        raise EditError(
            f"there is a virtual service {edit.vip} already; `lvsm vip set` changes it",
            code="already-there",
        )
    table = _table(f"[vip.{toml_text.key(edit.vip)}]", edit.values)
    read("\n".join(table), edit.vip)
    gap = [""] if text else []
    return lines.changed(text, [lines.behind(text, len(text), [*gap, *table])])


def _remove_vip(text: str, found: Service) -> str:
    taken = _without(text, found, found.path)
    end = taken.end
    if taken.start == 0 and not text[end : lines.line_end(text, end)].strip():
        end = lines.line_end(text, end)
    return lines.changed(text, [Change(taken.start, end)])


def _without(text: str, found: Service, path: Path) -> Change:
    first = found.start if path == found.path else found.header(path)[0]
    return lines.without(text, lines.top(text, first), found.last(path))


def _add_realserver(text: str, found: Service, edit: AddRealserver) -> list[Change]:
    port = edit.values.get("port")
    if any(entry.node == edit.node and entry.port == port for entry in found.vip.realservers):
        raise EditError(
            f"{edit.node} is a realserver of {edit.vip} already; `lvsm rs set` changes it",
            code="already-there",
        )
    name = toml_text.key(edit.vip)
    table = _table(f"[[vip.{name}.realserver]]", {"node": edit.node, **edit.values})
    like = found.path
    if found.vip.realservers:
        like = (*like, "realserver", len(found.vip.realservers) - 1)
    header = found.header(like)[0]
    outer, inner = lines.indent(text, header), lines.indent(text, found.first_key(like))
    start = lines.line_start(text, header)
    tight = like != found.path and lines.top(text, header) == start and start > 0
    gap = [] if tight else [""]
    made = [outer + table[0], *(inner + line for line in table[1:])]
    return [lines.behind(text, found.last(found.path), [*gap, *made])]


def _set(text: str, found: Service, path: Path, values: Settings) -> list[Change]:
    changes: list[Change] = []
    more = []
    for key, value in values.items():
        place = found.value((*path, key))
        if place is not None and value is not None:
            changes.append(Change(*place[1], toml_text.value(value)))
        elif place is not None:
            changes.append(lines.without(text, place[0][0], place[1][1] - 1))
        elif value is not None:
            more.append(lines.indent(text, found.first_key(path)) + toml_text.pair(key, value))
    if more:
        changes.append(lines.behind(text, found.last_key(path), more))
    return changes


def _table(header: str, values: Settings) -> list[str]:
    return toml_text.table(header, values).removesuffix("\n").split("\n")
