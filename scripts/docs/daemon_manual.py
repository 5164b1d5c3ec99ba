"""plvsd(8), from plvsd's own command line and settings.

Law: as in `manual`: what `--help` says, the page says, and it comes from the same place.
"""

from __future__ import annotations

import argparse

from lvsm.plvsd import parser
from lvsm.settings import Paths
from scripts.docs import roff
from scripts.docs.manual import MANUAL, SOURCE

ABOUT = """
plvsd keeps a node of an LVSM cluster: the kernel's IPVS table, virtual addresses, the realservers'
hidden aliases, the packet filter's rules and sysctls, and the configuration, which is the same on
every node. It starts as root; its larger part then drops to the user of its file, without
capabilities, and a small privileged half remains, which no network reaches.

Stopping it leaves what the kernel forwards as it is, and the next one goes on from there. What it
changed is recorded, across restarts, until the machine is switched off; `--release` gives it back:
stop heartbeat first, so that other directors take over what this node holds, then plvsd.

SIGHUP has it read its files again, and go on by them; one that is wrong is logged and changes
nothing. `--check-config` says beforehand what it would say. Under systemd the two parts are two
units, plvsd.service and plvsd-privileged.service, and `systemctl reload plvsd` does both.

What somebody else changes is put back, and told in the log and by `lvsm watch events`.
"""
STATUS = (
    ("0", "It was stopped, or everything was given back."),
    ("1", "plvsd or heartbeat runs already, the system refused, or not all could be given back."),
    ("2", "A file of its own or of heartbeat's is missing or wrong; or so is the command line."),
    ("64", "The command line is wrong."),
)
EXAMPLES = (
    "/etc/init.d/heartbeat stop",
    "/etc/init.d/plvsd stop",
    "plvsd --release --dry-run",
    "plvsd --release",
    "plvsd --check-config && systemctl reload plvsd",
)
_PATHS = Paths()
FILES = (
    (_PATHS.conf, "This node's plvsd: port, user, administration password."),
    (_PATHS.ha_cf, "heartbeat's, which names the nodes."),
    (_PATHS.haresources, "heartbeat's; plvsd keeps a block of lines in it."),
    (_PATHS.lib, "Generations of the configuration, users, the certificate."),
    (_PATHS.run / "owned.json", "The record of what plvsd changed, for `--release`."),
    (_PATHS.run / "groups", "The addresses of the groups that this node holds."),
    (_PATHS.log, "The log of `--daemon`."),
    (_PATHS.audit_log, "Who changed what, and refused logins."),
)


def page() -> str:
    """The whole page."""
    command_line = parser()
    actions = [a for a in command_line._actions if a.help]  # noqa: SLF001  argparse offers no other way
    files = [(roff.bold(str(path)), said) for path, said in FILES]
    parts = [
        '.\\" Written by `make docs` from the program itself: change it there.',
        roff.title("plvsd", 8, SOURCE, MANUAL),
        roff.section("NAME", f"plvsd \\- {roff.text(_first(command_line))}"),
        roff.section("SYNOPSIS", f"{roff.bold('plvsd')} {roff.italic('[OPTIONS]')}"),
        roff.section("DESCRIPTION", roff.paragraphs(ABOUT)),
        roff.section("OPTIONS", roff.items([_option(action) for action in actions])),
        roff.section("EXAMPLES", roff.literal(EXAMPLES)),
        roff.section("EXIT STATUS", roff.items([(roff.bold(n), said) for n, said in STATUS])),
        roff.section("FILES", roff.items(files)),
        roff.section("SEE ALSO", f"{roff.bold('lvsm')}(1), {roff.bold('heartbeat')}(8)"),
    ]
    return "\n".join(parts) + "\n"


def _first(command_line: argparse.ArgumentParser) -> str:
    return (command_line.description or "").removeprefix("The ").rstrip(".")


def _option(action: argparse.Action) -> tuple[str, str]:
    names = ", ".join(map(roff.bold, action.option_strings))
    value = "" if action.nargs == 0 else f" {roff.italic(action.dest.upper())}"
    return f"{names}{value}", (action.help or "").replace("%(default)s", str(action.default))
