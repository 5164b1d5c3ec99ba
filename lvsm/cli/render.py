"""Documents of plvsd's as text for people: the first line answers the question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lvsm.cli.output import Output
from lvsm.core import epochs

Document = dict[str, Any]


def status(document: Document, output: Output) -> str:
    """What `lvsm status` prints."""
    lines = [f"{document['cluster']}: {document['sentence']}", _generation(document), ""]
    if document["vips"]:
        lines += [vips(document["vips"], output), ""]
    header = ("NODE", "ROLE", "STATE", "HEARTBEAT", "PLVSD", "GENERATION", "HOLDS")
    rows = [
        (
            node["name"] + (" *" if node["name"] == document["node"] else ""),
            node["role"],
            node["state"],
            node["heartbeat"] or "-",
            node["plvsd"] or "-",
            _text(node["generation"]),
            " ".join(node["holds"]) or "-",
        )
        for node in document["nodes"]
    ]
    lines.append(output.table(header, rows, right="GENERATION"))
    lines += [f"{node['name']}: {node['reason']}" for node in document["nodes"] if node["reason"]]
    lines += [line for node in document["nodes"] for line in foreign(node)]
    lines += [f"! {problem}" for problem in document["problems"]]
    return "\n".join(lines)


def foreign(node: Document) -> list[str]:
    """A line about the IPVS services on a node that LVSM did not make; none where there is none."""
    count, named = node.get("foreign_services_count", 0), node.get("foreign_services", [])
    if not count:
        return []
    more = ", ..." if count > len(named) else ""
    what = f"{count} IPVS service{'' if count == 1 else 's'} that LVSM did not make"
    return [f"{node['name']}: {what}, left alone: {', '.join(named)}{more}"]


def vips(documents: Sequence[Document], output: Output) -> str:
    """The table of virtual services."""
    header = ("VIP", "ADDRESS", "METHOD", "HOLDER", "SINCE", "UP", "STATE")
    rows = [
        (
            vip["name"],
            address(vip),
            f"{vip['forwarding']} {vip['scheduler']}",
            " ".join(vip["holders"]) or "-",
            age(vip["held_for_s"]),
            f"{vip['up']}/{len(vip['realservers'])}",
            vip["state"],
        )
        for vip in documents
    ]
    return output.table(header, rows, right="UP")


def vip(document: Document, output: Output) -> str:
    """What `lvsm vip show` prints."""
    reason = f" ({document['reason']})" if document["reason"] else ""
    facts = [
        ("address", address(document)),
        ("method", f"{document['forwarding']}, scheduler {document['scheduler']}"),
        ("directors", " ".join(document["directors"])),
        ("holder", f"{' '.join(document['holders']) or 'nobody'}"),
        ("group", _text(document["group"])),
    ]
    if document["persistence"]:
        facts.append(("persistence", f"{document['persistence']} s"))
    lines = [f"{document['name']}: {output.state(document['state'])}{reason}"]
    lines += [f"  {name:<12} {value}" for name, value in facts]
    header = ("REALSERVER", "ADDRESS", "PORT", "WEIGHT", "METHOD", "STATE", "REASON")
    rows = [
        (
            member["node"],
            _text(member["address"]),
            _text(member["port"]),
            str(member["weight"]),
            member["forwarding"],
            member["state"],
            "; ".join(filter(None, (member["reason"], *member.get("disagree", ())))),
        )
        for member in document["realservers"]
    ]
    return "\n".join([*lines, "", output.table(header, rows, right="PORT WEIGHT")]).rstrip()


def address(vip: Document) -> str:
    """A virtual service's address, ports and, unless tcp, its protocol: `192.0.2.10:80,443`.

    One that a firewall mark names has it behind: `192.0.2.10:80,443 fwmark 7`, or alone.
    """
    host = f"[{vip['address']}]" if ":" in vip["address"] else vip["address"]
    protocol = "" if vip["protocol"] == "tcp" else f"/{vip['protocol']}"
    ports = vip["ports"] if isinstance(vip["ports"], str) else ",".join(map(str, vip["ports"]))
    matched = f":{ports}{protocol}" if ports else ""
    return f"{host}{matched}" + (f" fwmark {vip['fwmark']}" if vip.get("fwmark") else "")


def age(seconds: float | None) -> str:
    """A duration in its largest fitting unit: `12 s`, `3 m`, `5 h`, `6 d`; `-` for none."""
    if seconds is None:
        return "-"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def _generation(document: Document) -> str:
    saved = document["saved"]
    if saved is None:
        return "no configuration has been saved yet"
    comment = f': "{saved["comment"]}"' if saved["comment"] else ""
    return (
        f"generation {document['generation']} (epoch {epochs.name(document['epoch'])}), saved"
        f" {age(saved['ago_s'])} ago by {saved['by']} on {saved['on']}{comment}"
        f"   {saved['nodes_with_it']} of {saved['nodes']} nodes have it"
    )


def _text(value: object) -> str:
    return "-" if value is None else str(value)
