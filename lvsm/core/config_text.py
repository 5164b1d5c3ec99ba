"""The configuration's TOML text: read into the model, with every mistake named; rendered back.

Law: nothing in a text is ever ignored. A key that LVSM does not know is an error.
`parse(render(x)).configuration == x`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lvsm.core import config_keys, toml_text
from lvsm.core.check import Check
from lvsm.core.check_keys import CHECK
from lvsm.core.key_table import Key
from lvsm.core.model import Cluster, Configuration, Node, Realserver, VirtualService
from lvsm.core.names import RULE, did_you_mean, is_name, quoted
from lvsm.core.places import Path, Place, Places
from lvsm.core.problems import Problem, located
from lvsm.core.readers import Wrong

MAX_BYTES = 16 * 1024 * 1024
_LONGEST_MESSAGE = 200  # tomllib's may name a key, and that may be of any length
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
    deep = toml_text.too_deep(text)
    if deep is not None:
        return Parsed(configuration=None, problems=(_too_deep(text, deep),))
    try:
        document = tomllib.loads(text)
    except RecursionError:
        return Parsed(
            configuration=None, problems=(_syntax("brackets in brackets, too deep", text),)
        )
    except ValueError as error:  # tomllib's own, and Python's about numbers of 4,300 digits
        return Parsed(configuration=None, problems=(_syntax(str(error), text),))
    reader = _Reader()
    configuration = reader.configuration(document)
    problems = located(reader.problems, lambda: Places(text))
    return Parsed(configuration=None if problems else configuration, problems=problems)


def _too_deep(text: str, at: int) -> Problem:
    line_start = text.rfind("\n", 0, at) + 1
    return Problem(
        code="syntax",
        message="this key has more parts than any that LVSM knows",
        advice="Look at the dots here: a key is like vip.web.address.",
        place=Place(line=text.count("\n", 0, at) + 1, column=at - line_start + 1),
    )


def _syntax(message: str, text: str) -> Problem:
    match = _SYNTAX_PLACE.fullmatch(message)
    what = match[1] if match else message
    if match and match[2]:
        place = Place(line=int(match[2]), column=int(match[3]))
    else:
        lines = text.rstrip("\r\n").split("\n")
        place = Place(line=len(lines), column=max(1, len(lines[-1])))
    return Problem(
        code="syntax",
        message=f"this is no TOML: {what[:1].lower()}{what[1:_LONGEST_MESSAGE]}",
        advice="Look at this place and just before it: a quotation mark, bracket or equals sign?",
        place=place,
    )


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def configuration(self, document: dict[str, Any]) -> Configuration:
        self._only(document, ("cluster", "node", "vip"), ())
        cluster = self._dict(document.get("cluster", {}), ("cluster",), "cluster")
        nodes = {
            name: Node(name=name, **self._table(table, config_keys.NODE, ("node", name)))
            for name, table in self._named(document, "node")
        }
        vips: dict[str, VirtualService] = {}
        for name, table in self._named(document, "vip"):
            vip = self._vip(name, table)
            if vip is not None:
                vips[name] = vip
        settings = self._table(cluster or {}, config_keys.CLUSTER, ("cluster",))
        return Configuration(cluster=Cluster(**settings), nodes=nodes, vips=vips)

    def _named(self, document: dict[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for name, entry in (self._dict(document.get(kind, {}), (kind,), kind) or {}).items():
            path = (kind, name)
            if not is_name(name):
                self._problem("name", f"{quoted(name)} cannot be a name",
                              f"Choose another: {RULE}.", path, on_key=True)  # fmt: skip
            table = self._dict(entry, path, quoted(name))
            if table is not None:
                found.append((name, table))
        return found

    def _vip(self, name: str, table: dict[str, Any]) -> VirtualService | None:
        path: Path = ("vip", name)
        values = self._table(table, config_keys.VIP, path, besides=("realserver", "sorry", "check"))
        realservers = self._realservers(table.get("realserver", []), (*path, "realserver"))
        if "sorry" in table:
            values["sorry"] = self._server(table["sorry"], config_keys.SORRY, (*path, "sorry"))
        if "check" in table:
            values["check"] = self._check(table["check"], (*path, "check"))
        needed = ("address", "directors", *(() if "fwmark" in table else ("ports",)))
        for key in needed:
            if key not in table:
                self._problem("missing", f"virtual service {quoted(name)} has no {key}",
                              f"Add `{key} = ...` to it.", path, on_key=True)  # fmt: skip
        if not values.keys() >= set(needed):
            return None
        values["address"], values["explicit_prefix"] = values["address"]
        return VirtualService(name=name, realservers=realservers, **values)

    def _realservers(self, members: object, path: Path) -> tuple[Realserver, ...]:
        if not isinstance(members, list):
            self._problem("type", "realservers are a list of tables",
                          "Begin each by [[vip.NAME.realserver]].", path, on_key=True)  # fmt: skip
            return ()
        entries = (
            self._server(entry, config_keys.REALSERVER, (*path, index))
            for index, entry in enumerate(members)
        )
        return tuple(entry for entry in entries if entry is not None)

    def _server(self, entry: object, known: Mapping[str, Key], path: Path) -> Realserver | None:
        table = self._dict(entry, path, "a realserver")
        if table is None:
            return None
        values = self._table(table, known, path)
        if "node" not in table:
            self._problem("missing", "this realserver has no node",
                          'Add `node = "NAME"` to it.', path, on_key=True)  # fmt: skip
        return Realserver(**values) if "node" in values else None

    def _check(self, entry: object, path: Path) -> Check | None:
        table = self._dict(entry, path, "a check")
        if table is None:
            return None
        values = self._table(table, CHECK, path)
        if "type" not in table:
            self._problem("missing", "this check has no type",
                          'Add `type = "tcp"` to it.', path, on_key=True)  # fmt: skip
        return Check(**values) if "type" in values else None

    def _table(
        self,
        table: dict[str, Any],
        known: Mapping[str, Key],
        path: Path,
        *,
        besides: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        self._only(table, (*known, *besides), path)
        values = {}
        for key, description in known.items():
            if key in table:
                try:
                    values[key] = description.read(table[key])
                except Wrong as wrong:
                    entry = () if wrong.index is None else (wrong.index,)
                    self._problem(wrong.code, wrong.message, wrong.advice, (*path, key, *entry))
        return values

    def _only(self, table: dict[str, Any], known: Collection[str], path: Path) -> None:
        for key in table:
            if key in known:
                continue
            self._problem("unknown-key", f"there is no key {quoted(key)} here",
                          did_you_mean(key, known), (*path, key), on_key=True)  # fmt: skip

    def _dict(self, value: object, path: Path, what: str) -> dict[str, Any] | None:
        if isinstance(value, dict):
            return value
        advice = "Write it as a table with its name in brackets."
        self._problem("type", f"{what} has to be a table", advice, path, on_key=True)
        return None

    def _problem(
        self, code: str, message: str, advice: str, path: Path, *, on_key: bool = False
    ) -> None:
        self.problems.append(
            Problem(code=code, message=message, advice=advice, path=path, on_key=on_key)
        )


def render(configuration: Configuration) -> str:
    """The canonical text of a configuration: defaults are left out."""
    blocks = [_written("[cluster]", config_keys.CLUSTER, configuration.cluster)]
    blocks += [
        _written(f"[node.{toml_text.key(node.name)}]", config_keys.NODE, node)
        for node in configuration.nodes.values()
    ]
    for vip in configuration.vips.values():
        name = toml_text.key(vip.name)
        blocks.append(_written(f"[vip.{name}]", config_keys.VIP, vip))
        blocks += [
            _written(f"[[vip.{name}.realserver]]", config_keys.REALSERVER, entry)
            for entry in vip.realservers
        ]
        if vip.sorry is not None:
            blocks.append(_written(f"[vip.{name}.sorry]", config_keys.SORRY, vip.sorry))
        if vip.check is not None:
            blocks.append(_written(f"[vip.{name}.check]", CHECK, vip.check))
    return "\n".join(blocks)


def _written(header: str, keys: Mapping[str, Key], owner: object) -> str:
    return toml_text.table(header, {name: key.shown(owner) for name, key in keys.items()})
