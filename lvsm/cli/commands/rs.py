"""lvsm rs: realservers while the cluster runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from lvsm.cli import exits, saying
from lvsm.cli.command import Group
from lvsm.cli.completing import vip_names
from lvsm.cli.editing import change, new_options, save_options, set_options, settings, some_settings
from lvsm.cli.run import Run, pass_run
from lvsm.cli.saying import dry_run_option, reason_option
from lvsm.core.config_keys import REALSERVER
from lvsm.core.edits.forms import AddRealserver, RemoveRealserver, SetRealserver

_F = TypeVar("_F", bound=Callable[..., Any])
POLL_SECONDS = 0.5
FOREVER = -1.0
KEYS = {name: key for name, key in REALSERVER.items() if name != "node"}
vip_argument = click.argument("vip", shell_complete=vip_names)
some_vip_argument = click.argument("vip", required=False, shell_complete=vip_names)
rs_argument = click.argument("realserver", metavar="[RS]", required=False)
node_argument = click.argument("node")
at_option = click.option(
    "--at",
    type=click.INT,
    metavar="PORT",
    help="Which one is meant, if NODE answers by several ports.",
)
node_option = click.option(
    "--of", "node", metavar="NODE", help="The realserver NODE in all its virtual services."
)


def target_options(command: _F) -> _F:
    """VIP and RS, or a whole node; why; and whether it is only to be shown."""
    for given in (dry_run_option, reason_option, node_option, rs_argument, some_vip_argument):
        command = given(command)
    return command


@click.group(cls=Group, short_help="Realservers: their weights, draining, connections.")
def rs() -> None:
    """Look at realservers, and change how they are used while the cluster runs.

    What is changed here holds at once on all directors, survives reboots, and leaves the
    configuration's text as it is; `add`, `set` and `remove` change the text and save it. RS is
    NODE, or NODE:PORT where a node is there more than once.

    \b
    Examples:
      lvsm rs list web
      lvsm rs drain web rs2 --reason "kernel update" --wait
      lvsm rs enable web rs2
    """


@rs.command("list")
@click.argument("vip", required=False, shell_complete=vip_names)
@node_option
@pass_run
def rs_list(run: Run, vip: str | None, node: str | None) -> None:
    """List the realservers of VIP, or of all virtual services, with their connections.

    LIVE are the connections that a realserver still serves, by the holder's kernel.

    \b
    Examples:
      lvsm rs list
      lvsm rs list web --json | jq '.items[].live'
      lvsm rs list --of rs2
    """
    found = run.ask("RS LIST", *_given(vip), options={"node": node}).items
    run.output.items(found, lambda: _table(run, found) or "No realserver yet.")


@rs.command("weight")
@click.argument("vip", shell_complete=vip_names)
@click.argument("realserver", metavar="RS")
@click.argument("weight", metavar="N")
@reason_option
@dry_run_option
@pass_run
def rs_weight(
    run: Run, vip: str, realserver: str, weight: str, reason: str | None, dry_run: bool
) -> None:
    """Give the realserver RS of VIP the weight N until it is `configured` again.

    \b
    Examples:
      lvsm rs weight web rs2 20
      lvsm rs weight web rs2 configured
    """
    words = (vip, realserver, weight)
    _say(run, saying.change(run, "RS WEIGHT", *words, reason=reason, dry_run=_yes(dry_run)))


@rs.command("drain")
@target_options
@click.option(
    "--wait",
    is_flag=False,
    flag_value=FOREVER,
    default=None,
    type=float,
    metavar="[SECONDS]",
    help="Wait until no connection is left, for ever or so long; behind the other words.",
)
@pass_run
def rs_drain(run: Run, /, wait: float | None, **target: Any) -> int:
    """Send the realserver RS of VIP no new connections; those that it has live on.

    With --wait the exit status is 6 when connections are left at the end of SECONDS.

    \b
    Examples:
      lvsm rs drain web rs2 --reason "kernel update" --wait
      lvsm rs drain --of rs2 --wait 600
      lvsm rs drain web rs2 --dry-run
    """
    document = _changed(run, "RS DRAIN", **target)
    if wait is None or target["dry_run"]:
        _say(run, document)
        return exits.OK
    if not run.output.as_json:
        _say(run, document)
    left = _wait(run, target["vip"], target["realserver"], target["node"], wait)
    document["left"] = left
    run.output.document(document, "idle: no connection is left" if left == 0 else f"{left} left")
    return exits.OK if left == 0 else exits.PARTIAL


@rs.command("enable")
@target_options
@pass_run
def rs_enable(run: Run, /, **target: Any) -> None:
    """Use the realserver RS of VIP as configured again: ends a drain, and a disabling.

    \b
    Examples:
      lvsm rs enable web rs2
      lvsm rs enable --of rs2
    """
    _say(run, _changed(run, "RS ENABLE", **target))


@rs.command("disable")
@target_options
@pass_run
def rs_disable(run: Run, /, **target: Any) -> None:
    """Take the realserver RS of VIP out of the directors' tables: its connections end.

    \b
    Examples:
      lvsm rs disable web rs2 --reason "disk broken"
      lvsm rs disable --of rs2
    """
    _say(run, _changed(run, "RS DISABLE", **target))


def _changed(
    run: Run,
    verb: str,
    *,
    vip: str | None,
    realserver: str | None,
    node: str | None,
    reason: str | None,
    dry_run: bool,
) -> dict[str, Any]:
    words = _which(vip, realserver, node)
    options = {"node": node, "reason": reason, "dry_run": _yes(dry_run)}
    return saying.change(run, verb, *words, **options)


def _which(vip: str | None, realserver: str | None, node: str | None) -> tuple[str, ...]:
    if (node is None) == (realserver is None) or (node is not None and vip is not None):
        raise click.UsageError("Give VIP and RS, or --of NODE.")
    return _given(vip, realserver)


def _given(*words: str | None) -> tuple[str, ...]:
    return tuple(word for word in words if word is not None)


def _yes(given: bool) -> str | None:
    return "yes" if given else None


def _say(run: Run, document: dict[str, Any]) -> None:
    run.output.document(document, saying.text(document))


def _wait(
    run: Run, vip: str | None, realserver: str | None, node: str | None, seconds: float
) -> int:
    """How many connections are left when none is, or when the time is up."""
    end = time.monotonic() + seconds
    name, _, port = (realserver or node or "").partition(":")
    said = None
    with run.connected() as client:
        while True:
            found = client.request("RS LIST", *_given(vip), options={"node": name}).items
            mine = [one for one in found if not port or str(one["port"]) == port]
            left = sum(one["live"] or 0 for one in mine)
            sure = all(one["live"] is not None and one["table_weight"] in (0, None) for one in mine)
            if left != said and not run.output.as_json:
                run.output.note(f"  {left} connections left")
                said = left
            if (sure and left == 0) or (seconds >= 0 and time.monotonic() >= end):
                return left if sure else max(left, 1)
            time.sleep(POLL_SECONDS)


def _table(run: Run, found: Any) -> str:
    header = ("VIP", "RS", "PORT", "WEIGHT", "LIVE", "STATE", "REASON")
    rows = [
        (
            one["vip"],
            one["node"],
            "-" if one["port"] is None else str(one["port"]),
            str(one["weight"]),
            "-" if one["live"] is None else str(one["live"]),
            one["state"],
            one["reason"] or _weighed(one),
        )
        for one in found
    ]
    return run.output.table(header, rows, right="PORT WEIGHT LIVE")


def _weighed(one: dict[str, Any]) -> str:
    said = one["weighed"]
    if said is None:
        return ""
    reason = f": {said['reason']}" if said["reason"] else ""
    return f"weight {one['configured_weight']} -> {said['value']}, by {said['by']}{reason}"


@rs.command("add")
@vip_argument
@node_argument
@new_options(KEYS)
@save_options
@pass_run
def rs_add(
    run: Run,
    /,
    vip: str,
    node: str,
    comment: str,
    if_generation: int | None,
    dry_run: bool,
    **values: object,
) -> int:
    """Make NODE a realserver of the virtual service VIP.

    \b
    Examples:
      lvsm rs add web rs3
      lvsm rs add web rs3 --port 8080 --weight 10 --dry-run
    """
    edit = AddRealserver(vip=vip, node=node, values=settings(KEYS, values))
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@rs.command("set")
@vip_argument
@node_argument
@at_option
@set_options(KEYS)
@save_options
@pass_run
def rs_set(
    run: Run,
    /,
    vip: str,
    node: str,
    at: int | None,
    unset: tuple[str, ...],
    comment: str,
    if_generation: int | None,
    dry_run: bool,
    **values: object,
) -> int:
    """Change the realserver NODE of the virtual service VIP.

    \b
    Examples:
      lvsm rs set web rs3 --weight 20
      lvsm rs set web rs3 --unset upper --unset lower
      lvsm rs set web rs3 --at 8080 --weight 5
    """
    chosen = some_settings(KEYS, values, unset)
    edit = SetRealserver(vip=vip, node=node, port=at, values=chosen)
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)


@rs.command("remove")
@vip_argument
@node_argument
@at_option
@save_options
@pass_run
def rs_remove(
    run: Run,
    vip: str,
    node: str,
    at: int | None,
    comment: str,
    if_generation: int | None,
    dry_run: bool,
) -> int:
    """Remove the realserver NODE from the virtual service VIP; its connections break.

    \b
    Examples:
      lvsm rs remove web rs3
      lvsm rs remove web rs3 --at 8080 --yes
    """
    if not dry_run:
        run.confirm(f"Remove the realserver {node} from {vip}?")
    edit = RemoveRealserver(vip=vip, node=node, port=at)
    return change(run, edit, comment=comment, if_generation=if_generation, dry_run=dry_run)
