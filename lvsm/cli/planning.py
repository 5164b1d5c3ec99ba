"""What saving a text would do, asked of plvsd and shown: for `config check` and every dry run.

Law: what is printed for a node is in the order in which the node would do it, each step as the
command that does the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lvsm.cli import exits
from lvsm.cli.run import Run

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A text's problems and plan as one document, with its text for people."""

    document: Document

    @property
    def text(self) -> str:
        """Problems, then each node with its steps, then the sentence."""
        lines = list(self.document["rendered"])
        for node in self.document["nodes"]:
            lines += [_headline(node), *(f"  {_line(step)}" for step in node["steps"])]
        return "\n".join([*lines, self.document["summary"]])

    def status(self, *, detailed: bool = False) -> int:
        """The exit status: ERROR for a text with mistakes; `detailed` tells a change from none."""
        if not self.document["valid"]:
            return exits.ERROR
        return exits.CHANGES if detailed and self.document["changed"] else exits.OK


def plan(run: Run, text: bytes, name: str) -> Planned:
    """Ask what saving `text` would do; `name` is what messages call it. Raises LvsmError."""
    first, *steps = run.ask("CONFIG PLAN", options={"name": name}, literal=text).items
    nodes = [{**node, "steps": _of(node["node"], steps)} for node in first["nodes"]]
    return Planned(document={**first, "nodes": nodes})


def _of(node: str, steps: Sequence[Mapping[str, Any]]) -> list[Document]:
    return [
        {key: value for key, value in step.items() if key != "node"}
        for step in steps
        if step["node"] == node
    ]


def _headline(node: Mapping[str, Any]) -> str:
    name = node["node"]
    if node["state"] != "planned":
        word = "cannot be asked" if node["state"] == "unreachable" else node["state"]
        return f"{name}: {word}: {node['reason']}"
    count = node["operations"]
    parts = [f"{count} operation{'' if count == 1 else 's'}" if count else "nothing to do"]
    parts += _connections(node["ends"], node["ends_by_vip"], "would end")
    parts += _connections(node["moves"], node["moves_by_vip"], "would move to another director")
    return "\n".join([f"{name}: {', '.join(parts)}", *(f"  ! {p}" for p in node["problems"])])


def _connections(count: int, by_vip: Mapping[str, int], fate: str) -> list[str]:
    if not count:
        return []
    where = ", ".join(f"{vip} {number}" for vip, number in sorted(by_vip.items()))
    return [f"{count} live connection{'' if count == 1 else 's'} {fate} ({where})"]


def _line(step: Mapping[str, Any]) -> str:
    told = [f"ends {step['ends']}"] if step["ends"] else []
    told += [f"moves {step['moves']}"] if step["moves"] else []
    return f"{step['command']}{'   # ' + ', '.join(told) if told else ''}"
