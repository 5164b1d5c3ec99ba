"""lvsm node: the nodes of the cluster."""

from __future__ import annotations

from typing import Any

import click

from lvsm.cli import render, saying
from lvsm.cli.command import Group
from lvsm.cli.run import Run, pass_run
from lvsm.cli.saying import dry_run_option, reason_option


@click.group(cls=Group, short_help="Nodes: what they are, how, and standby.")
def node() -> None:
    """Look at the nodes, and put them on standby.

    \b
    Examples:
      lvsm node list
      lvsm node standby dir1 --reason "new memory"
      lvsm node online dir1
    """


@node.command("list")
@pass_run
def node_list(run: Run) -> None:
    """List the nodes, as the node that is asked knows them.

    \b
    Examples:
      lvsm node list
      lvsm node list --json | jq -r '.items[] | select(.reachable | not) | .name'
    """
    found = run.ask("NODE LIST").items
    header = ("NODE", "ROLE", "STATE", "ADDRESS", "PLVSD", "LOAD", "CLOCK", "HEARD", "LINK")
    rows = [
        (
            one["name"],
            one["role"],
            one["state"],
            one["address"] or "-",
            one["plvsd"] or "-",
            "-" if one["load"] is None else f"{one['load']:.2f}",
            _skew(one),
            render.age(one["heard_ago_s"]),
            "ok" if one["reachable"] else _error(one),
        )
        for one in found
    ]
    run.output.items(found, lambda: run.output.table(header, rows, right="LOAD"))


@node.command("show")
@click.argument("name")
@pass_run
def node_show(run: Run, name: str) -> None:
    """Show the node NAME: its address, kernel, clock, disk, and the link to it.

    \b
    Examples:
      lvsm node show rs1
      lvsm node show dir2 --json | jq .schedulers
    """
    one = run.one("NODE SHOW", name)
    run.output.document(one, lambda: _text(run, one))


@node.command("standby")
@click.argument("name")
@reason_option
@click.option("--force", is_flag=True, help="Also when nobody can take over what it holds.")
@dry_run_option
@pass_run
def node_standby(run: Run, name: str, reason: str | None, force: bool, dry_run: bool) -> None:
    """Let other directors hold what the node NAME holds, until it is online again.

    It survives a reboot. When nobody can take over, nothing is done without --force.

    \b
    Examples:
      lvsm node standby dir1 --reason "new memory"
      lvsm node standby dir1 --dry-run
    """
    options = {"reason": reason, "force": force and "yes", "dry_run": dry_run and "yes"}
    document = saying.change(run, "NODE STANDBY", name, **options)
    run.output.document(document, saying.text(document))


@node.command("online")
@click.argument("name")
@reason_option
@dry_run_option
@pass_run
def node_online(run: Run, name: str, reason: str | None, dry_run: bool) -> None:
    """End the standby of the node NAME.

    \b
    Examples:
      lvsm node online dir1
      lvsm node online dir1 --dry-run
    """
    document = saying.change(run, "NODE ONLINE", name, reason=reason, dry_run=dry_run and "yes")
    run.output.document(document, saying.text(document))


_IPVS = {
    True: "yes",
    False: "no: the kernel has none, so this node can be a realserver and no director",
    None: "-",
}


def _text(run: Run, one: dict[str, Any]) -> str:
    reason = f" ({one['reason']})" if one["reason"] else ""
    free = "-" if one["free_bytes"] is None else f"{one['free_bytes'] // 2**20} MiB"
    facts = [
        ("role", one["role"]),
        ("address", one["address"] or "-"),
        ("interfaces", " ".join(one["interfaces"]) or "-"),
        ("heartbeat", one["heartbeat"] or "-"),
        ("plvsd", one["plvsd"] or "-"),
        ("generation", "-" if one["generation"] is None else str(one["generation"])),
        ("holds", " ".join(one["holds"]) or "-"),
        ("kernel", one["kernel"] or "-"),
        ("ipvs", _IPVS[one["ipvs"]]),
        ("schedulers", " ".join(one["schedulers"] or ()) or "-"),
        ("load", "-" if one["load"] is None else f"{one['load']:.2f}"),
        ("uptime", render.age(one["uptime_s"])),
        ("free disk", free),
        ("clock", _skew(one)),
        ("heard", f"{render.age(one['heard_ago_s'])} ago" if one["heard_ago_s"] else "-"),
        ("link", "ok" if one["reachable"] else _error(one)),
    ]
    lines = [f"{one['name']}: {run.output.state(one['state'])}{reason}"]
    lines += [f"  {name:<12} {value}" for name, value in facts]
    lines += render.foreign(one)
    return "\n".join([*lines, *(f"! {problem}" for problem in one["problems"])])


def _skew(one: dict[str, Any]) -> str:
    skew = one["clock_skew_s"]
    return "-" if skew is None else f"{skew:+.3f} s"


def _error(one: dict[str, Any]) -> str:
    link = one["link"]
    return str(link["error"]) if link and link["error"] else "-"
