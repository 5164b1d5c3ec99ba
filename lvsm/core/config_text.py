"""The configuration's TOML text: read into the model, with every mistake named; rendered back.

Law: nothing in a text is ever ignored. A key that LVSM does not know is an error, and so is one
that a later version will know. `parse(render(x)).configuration == x`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lvsm.core import readers
from lvsm.core.model import (
    Cluster,
    Configuration,
    Failback,
    Forwarding,
    IPAddress,
    Node,
    Protocol,
    Realserver,
    SaveQuorum,
    TakeoverQuorum,
    VirtualService,
)
from lvsm.core.names import RULE, did_you_mean, is_name
from lvsm.core.places import Path, Place, Places
from lvsm.core.problems import Problem, located
from lvsm.core.readers import Reader, Wrong

MAX_BYTES = 16 * 1024 * 1024
FLAGS = ("mh-fallback", "mh-port", "ops", "sh-fallback", "sh-port")
LONGEST_PERSISTENCE = 31 * 24 * 3600
"""Seconds; the kernel's own limit of a service's timeout (ip_vs_ctl.c)."""

_CLUSTER: Mapping[str, Reader] = {
    "name": readers.name,
    "failback": readers.choice(Failback),
    "save_quorum": readers.choice(SaveQuorum),
    "takeover_quorum": readers.choice(TakeoverQuorum),
}
_NODE: Mapping[str, Reader] = {"address": readers.address, "external": readers.boolean}
_VIP: Mapping[str, Reader] = {
    "address": readers.interface,
    "ports": readers.many(readers.number(1, 65535, "port"), least=1),
    "protocol": readers.choice(Protocol),
    "scheduler": readers.text,
    "flags": readers.many(readers.words(FLAGS)),
    "forwarding": readers.choice(Forwarding),
    "nat_gateway": lambda value: readers.interface(value)[0],
    "directors": readers.many(readers.name, least=1),
    "persistence": readers.number(1, LONGEST_PERSISTENCE),
    "interface": readers.text,
    "enabled": readers.boolean,
}
_REALSERVER: Mapping[str, Reader] = {
    "node": readers.name,
    "port": readers.number(1, 65535, "port"),
    "weight": readers.number(0, 65535, "weight"),
    "forwarding": readers.choice(Forwarding),
}
_LATER: Mapping[str, str] = {
    "check": "health checks",
    "fwmark": "firewall marks",
    "sorry": "sorry servers",
    "min_up": "health checks",
    "netmask": "persistence by network",
}
_ADDED = "# The addresses that these nodes reported, added when saved."
_SYNTAX_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a text says: the configuration, None when it cannot be read, and every mistake."""

    configuration: Configuration | None
    problems: tuple[Problem, ...]


def parse(text: str) -> Parsed:
    """Read a configuration text; never raises for what a text may contain."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        problem = Problem(
            code="too-long",
            message=f"the text has more than {MAX_BYTES} bytes",
            advice="Look whether this is the right file.",
            place=Place(line=1, column=1),
        )
        return Parsed(configuration=None, problems=(problem,))
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Parsed(configuration=None, problems=(_syntax(str(error), text),))
    reader = _Reader()
    configuration = reader.configuration(document)
    problems = located(reader.problems, lambda: Places(text))
    return Parsed(configuration=None if problems else configuration, problems=problems)


def _syntax(message: str, text: str) -> Problem:
    match = _SYNTAX_PLACE.fullmatch(message)
    what = match[1] if match else message
    if match and match[2]:
        place = Place(line=int(match[2]), column=int(match[3]))
    else:
        lines = text.rstrip("\n").split("\n")
        place = Place(line=len(lines), column=max(1, len(lines[-1])))
    return Problem(
        code="syntax",
        message=f"this is no TOML: {what[:1].lower()}{what[1:]}",
        advice="Look at this place and just before it: a quotation mark, bracket or equals sign?",
        place=place,
    )


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def configuration(self, document: dict[str, Any]) -> Configuration:
        self._only(document, ("cluster", "node", "vip"), ())
        cluster = self._table(self._dict(document.get("cluster", {}), ("cluster",)), _CLUSTER,
                              ("cluster",))  # fmt: skip
        nodes = {
            name: Node(name=name, **self._table(table, _NODE, ("node", name)))
            for name, table in self._named(document, "node")
        }
        vips: dict[str, VirtualService] = {}
        for name, table in self._named(document, "vip"):
            vip = self._vip(name, table)
            if vip is not None:
                vips[name] = vip
        return Configuration(cluster=Cluster(**cluster), nodes=nodes, vips=vips)

    def _named(self, document: dict[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for name, table in self._dict(document.get(kind, {}), (kind,)).items():
            path = (kind, name)
            if not is_name(name):
                self._problem("name", f"{name!r} cannot be a name", f"Choose another: {RULE}.",
                              path, on_key=True)  # fmt: skip
            found.append((name, self._dict(table, path)))
        return found

    def _vip(self, name: str, table: dict[str, Any]) -> VirtualService | None:
        path: Path = ("vip", name)
        members = table.pop("realserver", [])
        values = self._table(table, _VIP, path)
        realservers = self._realservers(members, (*path, "realserver"))
        for key in ("address", "ports", "directors"):
            if key not in table:
                self._problem("missing", f"virtual service {name} has no {key}",
                              f"Add `{key} = ...` to it.", path, on_key=True)  # fmt: skip
        if not {"address", "ports", "directors"} <= set(values):
            return None
        values["address"], values["explicit_prefix"] = values["address"]
        return VirtualService(name=name, realservers=realservers, **values)

    def _realservers(self, members: object, path: Path) -> tuple[Realserver, ...]:
        found = []
        if not isinstance(members, list):
            self._problem("type", "realservers are a list of tables",
                          "Begin each by [[vip.NAME.realserver]].", path, on_key=True)  # fmt: skip
            return ()
        for index, entry in enumerate(members):
            here = (*path, index)
            table = self._dict(entry, here)
            values = self._table(table, _REALSERVER, here)
            if "node" not in table:
                self._problem("missing", "this realserver has no node",
                              'Add `node = "NAME"` to it.', here, on_key=True)  # fmt: skip
            elif "node" in values:
                found.append(Realserver(**values))
        return tuple(found)

    def _table(
        self, table: dict[str, Any], known: Mapping[str, Reader], path: Path
    ) -> dict[str, Any]:
        self._only(table, known, path)
        values = {}
        for key, reader in known.items():
            if key in table:
                try:
                    values[key] = reader(table[key])
                except Wrong as wrong:
                    self._problem(wrong.code, wrong.message, wrong.advice, (*path, key))
        return values

    def _only(self, table: dict[str, Any], known: Any, path: Path) -> None:
        for key in table:
            if key in known:
                continue
            if path[:1] == ("vip",) and key in _LATER:
                self._problem("not-supported-yet", f"{key}: this version has no {_LATER[key]} yet",
                              "Remove it for now.", (*path, key), on_key=True)  # fmt: skip
            else:
                self._problem("unknown-key", f"there is no key {key!r} here",
                              did_you_mean(key, known), (*path, key), on_key=True)  # fmt: skip

    def _dict(self, value: object, path: Path) -> dict[str, Any]:
        if isinstance(value, dict):
            return dict(value)
        advice = "Write it as a table with its name in brackets."
        self._problem("type", f"{path[-1]} has to be a table", advice, path, on_key=True)
        return {}

    def _problem(
        self, code: str, message: str, advice: str, path: Path, *, on_key: bool = False
    ) -> None:
        self.problems.append(
            Problem(code=code, message=message, advice=advice, path=path, on_key=on_key)
        )


def render(configuration: Configuration) -> str:
    """The canonical text of a configuration: defaults are left out."""
    blocks = [_block("[cluster]", _changed(configuration.cluster, Cluster()))]
    blocks += [
        _block(f"[node.{_key(node.name)}]", _node(node)) for node in configuration.nodes.values()
    ]
    for vip in configuration.vips.values():
        blocks.append(_block(f"[vip.{_key(vip.name)}]", _vip(vip)))
        blocks += [
            _block(f"[[vip.{_key(vip.name)}.realserver]]", _realserver(entry))
            for entry in vip.realservers
        ]
    return "\n".join(blocks)


def _changed(cluster: Cluster, default: Cluster) -> dict[str, object]:
    return {key: getattr(cluster, key) for key in _CLUSTER
            if key == "name" or getattr(cluster, key) != getattr(default, key)}  # fmt: skip


def _node(node: Node) -> dict[str, object]:
    return {"address": node.address, "external": node.external or None}


def _vip(vip: VirtualService) -> dict[str, object]:
    return {
        "address": vip.address if vip.explicit_prefix else vip.ip,
        "ports": list(vip.ports),
        "protocol": None if vip.protocol is Protocol.TCP else vip.protocol,
        "scheduler": vip.scheduler,
        "flags": list(vip.flags) or None,
        "forwarding": vip.forwarding,
        "nat_gateway": vip.nat_gateway,
        "directors": list(vip.directors),
        "persistence": vip.persistence,
        "interface": vip.interface,
        "enabled": None if vip.enabled else False,
    }


def _realserver(entry: Realserver) -> dict[str, object]:
    return {
        "node": entry.node,
        "port": entry.port,
        "weight": entry.weight,
        "forwarding": entry.forwarding,
    }


def _block(header: str, values: Mapping[str, object]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in values.items() if value is not None]
    return "\n".join([header, *lines, ""])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", escaped) + '"'


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def with_node_addresses(text: str, addresses: Mapping[str, IPAddress]) -> str:
    """`text` with the addresses that nodes reported, for those that it gives none.

    People's lines, their order and comments stay. A node with a table of its own gets a line below
    its header, one without gets a table at the end. Raises tomllib.TOMLDecodeError for no TOML.
    """
    nodes = tomllib.loads(text).get("node", {})
    inserts: list[tuple[int, str]] = []
    tables: list[str] = []
    places = cache(lambda: Places(text))
    for name, address in sorted(addresses.items()):
        if name not in nodes:
            tables.append(f'[node.{_key(name)}]\naddress = "{address}"\n')
        elif "address" not in nodes[name]:
            header = places().key(("node", name))
            inserts.append((header.line, f'address = "{address}"'))
    lines = text.split("\n")
    for line, added in sorted(inserts, reverse=True):
        lines.insert(line, added)
    longer = "\n".join(lines)
    if not tables:
        return longer
    return longer.rstrip("\n") + f"\n\n{_ADDED}\n" + "\n".join(tables)
