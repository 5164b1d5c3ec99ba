"""What the three files say now, and what they shall say: the plan that is reviewed and written.

Law: nothing is planned for a file that is already as it should be, in text, mode and owner. The
secrets of a plan are in `after` alone, which no message shows; `difference` hides them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from hashlib import sha256
from itertools import chain
from typing import Any

from lvsm.core import authkeys, ha_cf, plvsd_conf
from lvsm.core.errors import LvsmError
from lvsm.core.ha_cf import HaCf
from lvsm.core.wizard import authkeys_edit, ha_cf_edit, plvsd_conf_edit, timing
from lvsm.core.wizard.questions import AS_IS, KEEP, Values
from lvsm.core.wizard.timing import Timing

HA_CF = "/etc/ha.d/ha.cf"
AUTHKEYS = "/etc/ha.d/authkeys"
PLVSD_CONF = "/etc/plvsd.conf"
PATHS = (AUTHKEYS, HA_CF, PLVSD_CONF)
"""In the order in which they are written."""

ROOT = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A file as it is; `owner` and `group` are names."""

    text: str = field(repr=False)
    mode: int
    owner: str = ROOT
    group: str = ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file to write: `before` is None for a new one."""

    path: str
    before: Existing | None
    after: str = field(repr=False)
    mode: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The key and the verifier that go into the files; None for what stays as it is."""

    key: str | None = field(repr=False)
    verifier: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the files say now: answers as texts by key, and what could not be read."""

    texts: Mapping[str, str]
    notes: tuple[str, ...] = ()


def present(found: Mapping[str, Existing]) -> Present:
    """Read the files that there are; one that cannot be understood gives a note, no answer."""
    texts: dict[str, str] = {}
    notes = []
    for path, reader in _READERS.items():
        if path not in found:
            continue
        try:
            texts.update(reader(found[path].text))
        except LvsmError as error:
            notes.append(f"{path} as it stands is of no use for answers: {error.message}")
    return Present(texts=texts, notes=tuple(notes))


def _of_ha_cf(text: str) -> dict[str, str]:
    ha = ha_cf.parse(text)
    found = {
        "udp_port": str(ha.udp_port),
        "interfaces": " ".join(ha.interfaces()),
        "nodes": " ".join(ha.nodes),
        "watchdog": ha.watchdog or "no",
        **_of_media(ha),
    }
    if set(timing.NAMES) <= ha.times.keys():
        found["timing"] = timing.show(Timing(**{name: ha.times[name] for name in timing.NAMES}))
    return found


def _of_media(ha: HaCf) -> dict[str, str]:
    kinds = {entry[0] for entry in ha.media}
    if kinds == {"bcast"}:
        return {"media": "bcast"}
    if kinds == {"ucast"} and all(len(entry) == 3 for entry in ha.media):
        peers = " ".join(f"{entry[2]}%{entry[1]}" for entry in ha.media)
        return {"media": "ucast", "peers": peers}
    groups = {entry[2:] for entry in ha.media}
    if kinds == {"mcast"} and len(groups) == 1:
        group, *rest = next(iter(groups)) or ("",)
        if tuple(rest) == (str(ha.udp_port), "1", "0"):
            return {"media": "mcast", "mcast_group": group}
    return {"media": AS_IS}


def _of_authkeys(text: str) -> dict[str, str]:
    found = authkeys.parse(text)
    method, key = found.keys[found.use]
    return {"auth_method": method} | ({} if key is None else {"auth_key": KEEP})


def _of_plvsd_conf(text: str) -> dict[str, str]:
    conf = plvsd_conf.parse(text)
    found = {"port": str(conf.port), "uid": str(conf.uid)}
    if conf.password_verifier is not None:
        found["password"] = KEEP
    if conf.cluster_key is not None:
        found["cluster_key"] = KEEP
    return found


def kept_verifier(found: Mapping[str, Existing]) -> str | None:
    """The verifier that plvsd.conf has now; None without one. Raises PlvsdConfError."""
    existing = found.get(PLVSD_CONF)
    return None if existing is None else plvsd_conf.parse(existing.text).password_verifier


_READERS = {HA_CF: _of_ha_cf, AUTHKEYS: _of_authkeys, PLVSD_CONF: _of_plvsd_conf}


def plan(
    values: Values, secrets: Secrets, found: Mapping[str, Existing], group: str
) -> tuple[Change, ...]:
    """The files to write, in order; `group` is plvsd's. Raises WizardError."""
    texts = {path: found[path].text if path in found else None for path in PATHS}
    method = values["auth_method"]
    _check_kept(secrets, method, texts[PLVSD_CONF])
    conf = {
        "port": values["port"],
        "uid": values["uid"],
        "password_verifier": secrets.verifier,
        "cluster_key": secrets.key if method == "crc" else None,
    }
    wanted = (
        (AUTHKEYS, _authkeys(texts[AUTHKEYS], method, secrets.key), 0o600, ROOT),
        (HA_CF, ha_cf_edit.edited(texts[HA_CF], _ha(values, texts[HA_CF])), 0o644, ROOT),
        (PLVSD_CONF, plvsd_conf_edit.edited(texts[PLVSD_CONF], conf), 0o640, group),
    )
    changes = (
        Change(path=path, before=found.get(path), after=after, mode=mode, group=owners)
        for path, after, mode, owners in wanted
    )
    return tuple(change for change in changes if _needed(change))


def _check_kept(secrets: Secrets, method: str, conf: str | None) -> None:
    kept = plvsd_conf.parse(conf or "")
    if secrets.verifier is None and kept.password_verifier is None:
        raise ha_cf_edit.WizardError("there is no password to keep: give one")
    if method == "crc" and secrets.key is None and kept.cluster_key is None:
        raise ha_cf_edit.WizardError("there is no key of the plvsds to keep: have one generated")


def _authkeys(text: str | None, method: str, key: str | None) -> str:
    if method == "crc":
        return authkeys_edit.edited(text, method, None)
    if key is not None:
        return authkeys_edit.edited(text, method, key)
    try:
        found = authkeys.parse(text or "")
    except LvsmError:
        raise ha_cf_edit.WizardError("there is no key to keep: have one generated") from None
    kept = found.keys[found.use][1]
    if kept is None:
        raise ha_cf_edit.WizardError("there is no key to keep: have one generated")
    return authkeys_edit.edited(text, method, kept)


def _needed(change: Change) -> bool:
    before = change.before
    return before is None or (before.text, before.mode, before.owner, before.group) != (
        change.after,
        change.mode,
        ROOT,
        change.group,
    )


def _ha(values: Values, text: str | None) -> HaCf:
    if values["media"] == AS_IS:
        if text is None:
            raise ha_cf_edit.WizardError("there is no ha.cf whose media could stay as they are")
        media = ha_cf.parse(text).media
    else:
        media = _media(values)
    return HaCf(
        nodes=values["nodes"],
        media=media,
        times=values["timing"].times(),
        udp_port=values["udp_port"],
        watchdog=values["watchdog"],
    )


def _media(values: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    if values["media"] == "ucast":
        pairs = (peer.partition("%") for peer in values["peers"])
        return tuple(("ucast", name, address) for address, _, name in pairs)
    if values["media"] == "mcast":
        rest = (values["mcast_group"], str(values["udp_port"]), "1", "0")
        return tuple(("mcast", name, *rest) for name in values["interfaces"])
    return tuple(("bcast", name) for name in values["interfaces"])


def fingerprint(secret: str) -> str:
    """What is shown of a secret: enough to compare it on two nodes."""
    digest = sha256(secret.encode()).hexdigest()[:16]
    return ":".join(digest[at : at + 4] for at in range(0, 16, 4))


def difference(change: Change) -> str:
    """A change as people review it: its head, and lines with - and +, without any secret."""
    before = change.before
    if before is None:
        was = "new"
    elif before.text == change.after:
        was = f"same text; was {before.mode:04o} {before.owner}:{before.group}"
    else:
        was = "changed"
    head = f"{change.path}  ({was}; {change.mode:04o} {ROOT}:{change.group})"
    old = _shown(change.path, before.text).splitlines() if before else []
    new = _shown(change.path, change.after).splitlines()
    return "\n".join(chain([head], list(unified_diff(old, new, lineterm="", n=1))[2:]))


_USE_LINE = re.compile(r"\s*auth\s+\d+\s*|\s*\d+\s+crc\s*|\s*", re.ASCII)
_KEY_LINE = re.compile(r"([\s#]*\d+\s+(?:md5|sha1)\s+)(\S+)\s*", re.ASCII)
_LONG = re.compile(r"SCRAM-SHA-256\$[^\s\"']+|[A-Za-z0-9+/=]{32,}", re.ASCII)


def _shown(path: str, text: str) -> str:
    if path == AUTHKEYS:
        return "\n".join(map(_hidden_key, text.split("\n")))
    if path == PLVSD_CONF:
        return _LONG.sub(lambda match: f"<{fingerprint(match[0])}>", text)
    return text


def _hidden_key(line: str) -> str:
    """A line of an authkeys: what cannot be understood may be a key, and so may a comment."""
    if _USE_LINE.fullmatch(line):
        return line
    match = _KEY_LINE.fullmatch(line)
    if match:
        return f"{match[1]}<{fingerprint(match[2])}>"
    return "# (a comment)" if line.lstrip().startswith("#") else "(a line that is not shown)"
