"""An existing ha.cf made to say what was answered.

Law: a line that already says it stays to the last character; other people's directives, comments
and the order of both stay too. Where a directive of ours changes, the new lines take the place of
its first one. udpport stands before the media, as heartbeat wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lvsm.core import ha_cf
from lvsm.core.errors import LvsmError
from lvsm.core.ha_cf import HaCf

FRESH = """\
# heartbeat's ha.cf, the same on every node. writeconfigs wrote it: run it again to change what it
# asks for; your own lines and comments stay.
logfile /var/log/ha-log
"""
_MEDIA, _NODES = "media", "node"
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "udpport": ("udpport",),
    "auto_failback": ("auto_failback",),
    "keepalive": ("keepalive",),
    "warntime": ("warntime",),
    "deadtime": ("deadtime",),
    "initdead": ("initdead",),
    "watchdog": ("watchdog",),
    _MEDIA: ("bcast", "mcast", "ucast"),
    _NODES: ("node",),
}
_GROUP_OF = {name: group for group, names in _GROUPS.items() for name in names}
_TIMES = ("keepalive", "warntime", "deadtime", "initdead")
_REFUSED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "crm": (("no", "off", "false", "0"), "then another manager, and not LVSM, moves addresses"),
    "pacemaker": (("no", "off", "false", "0"), "then Pacemaker, and not LVSM, moves addresses"),
    "autojoin": (("none",), "LVSM has to know every node of the cluster"),
}


class WizardError(LvsmError):
    """The files as they are leave no way to write what was answered; nothing was written."""

    code = "unwritable-config"


def edited(text: str | None, wanted: HaCf) -> str:
    """`text` saying what `wanted` says, whose `other` and log settings do not count.

    Raises WizardError when the text has what LVSM cannot go with, or cannot be understood.
    """
    lines = (FRESH if text is None else text).split("\n")
    ending = lines.pop() if lines[-1] == "" else None
    for line in lines:
        _refuse(line)
    for group in _GROUPS:
        lines = _with_group(lines, group, _wanted(group, wanted))
    result = "\n".join(lines if ending is None else [*lines, ""])
    result = result if result.endswith("\n") else result + "\n"
    _verify(result, wanted)
    return result


def _refuse(line: str) -> None:
    words = _words(line)
    if words and words[0] in _REFUSED:
        allowed, reason = _REFUSED[words[0]]
        if [word.lower() for word in words[1:]] not in [[word] for word in allowed]:
            raise WizardError(f"ha.cf has the line {line.strip()!r}: {reason}. Remove it first")


def _words(line: str) -> list[str]:
    return line.split("#", maxsplit=1)[0].split()


def _group_of(line: str) -> str | None:
    words = _words(line)
    return _GROUP_OF.get(words[0]) if words else None


def _wanted(group: str, ha: HaCf) -> list[str]:
    """The lines that a group should have."""
    if group == _MEDIA:
        return [" ".join(entry) for entry in ha.media]
    if group == _NODES:
        return [f"node {name}" for name in ha.nodes]
    if group in _TIMES:
        return [f"{group} {_time(ha.times[group])}"] if group in ha.times else []
    value = {
        "udpport": ha.udp_port,
        "auto_failback": ha.auto_failback,
        "watchdog": ha.watchdog,
    }[group]
    return [] if value is None else [f"{group} {value}"]


def _time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{milliseconds}ms" if rest else str(seconds)


def _with_group(lines: Sequence[str], group: str, wanted: Sequence[str]) -> list[str]:
    places = [index for index, line in enumerate(lines) if _group_of(line) == group]
    media = next((i for i, line in enumerate(lines) if _group_of(line) == _MEDIA), len(lines))
    late = group == "udpport" and bool(places) and places[0] > media
    if not late and _meaning(group, [lines[place] for place in places]) == _meaning(group, wanted):
        return list(lines)
    new = list(wanted)
    if places and new:
        new[0] += _comment(lines[places[0]])
    at = places[0] if places and not late else _place_for(group, lines, media)
    kept = [(index, line) for index, line in enumerate(lines) if index not in places]
    before = [line for index, line in kept if index < at]
    return [*before, *new, *(line for index, line in kept if index >= at)]


def _place_for(group: str, lines: Sequence[str], media: int) -> int:
    """Where a group that the file lacks goes: before the media, the last two to the end."""
    return len(lines) if group in (_MEDIA, _NODES) else media


def _comment(line: str) -> str:
    _, mark, comment = line.partition("#")
    return f" #{comment.rstrip()}" if mark else ""


def _meaning(group: str, lines: Sequence[str]) -> list[tuple[str, ...]] | None:
    """What the lines of a group say, however it is written; None for what cannot be understood."""
    reader: Callable[[list[str]], list[tuple[str, ...]]] = {
        _MEDIA: _media,
        _NODES: lambda words: [(name.lower(),) for name in words[1:]],
        **dict.fromkeys(_TIMES, _milliseconds),
    }.get(group, lambda words: [tuple(words)])
    try:
        return [entry for line in lines for entry in reader(_words(line))]
    except (ValueError, IndexError):
        return None


def _media(words: list[str]) -> list[tuple[str, ...]]:
    if words[0] == "bcast":
        return [("bcast", name) for name in words[1:]]
    return [tuple(words)]


def _milliseconds(words: list[str]) -> list[tuple[str, ...]]:
    return [(words[0], str(ha_cf.milliseconds(words[1])), *words[2:])]


def _verify(text: str, wanted: HaCf) -> None:
    """Read the result back: it must say what was wanted, whatever the text was."""
    try:
        found = ha_cf.parse(text)
    except ha_cf.HaCfError as error:
        raise WizardError(f"{error.message}. Mend that line, or move the file away") from None
    same = (
        found.nodes == wanted.nodes
        and _media_of(found) == _media_of(wanted)
        and {name: found.times.get(name) for name in _TIMES}
        == {name: wanted.times.get(name) for name in _TIMES}
        and (found.udp_port, found.auto_failback, found.watchdog)
        == (wanted.udp_port, wanted.auto_failback, wanted.watchdog)
    )
    if not same:
        raise WizardError("ha.cf is written in a way that cannot be changed: move it away")


def _media_of(ha: HaCf) -> list[tuple[str, ...]]:
    return [entry for words in ha.media for entry in _media(list(words))]
