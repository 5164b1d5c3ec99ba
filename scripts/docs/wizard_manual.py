"""writeconfigs(8), from its own command line.

Law: as in `manual`: what `--help` says, the page says, and it comes from the same place.
"""

from __future__ import annotations

import click

from lvsm.cli.writeconfigs import PROGRAM, cli
from lvsm.settings import Paths
from scripts.docs import roff
from scripts.docs.manual import MANUAL, SOURCE, exit_status, named, options, said, synopsis

_PATHS = Paths()
FILES = (
    (_PATHS.ha_cf, "heartbeat's nodes, networks and times."),
    (_PATHS.authkeys, "The key that all nodes of the cluster share; only root may read it."),
    (_PATHS.conf, "This node's plvsd: port, user, verifier of the administration password."),
)


def page() -> str:
    """The whole page."""
    context = click.Context(cli, info_name=PROGRAM)
    about, examples = said(cli)
    files = [(roff.bold(str(path)), what) for path, what in FILES]
    parts = [
        '.\\" Written by `make docs` from the program itself: change it there.',
        roff.title(PROGRAM, 8, SOURCE, MANUAL),
        roff.section("NAME", named(context, about)),
        roff.section("SYNOPSIS", synopsis(context)),
        roff.section("DESCRIPTION", roff.paragraphs(about)),
        roff.section("OPTIONS", options(context)),
        roff.section("EXAMPLES", roff.literal(examples)),
        roff.section("EXIT STATUS", exit_status()),
        roff.section("FILES", roff.items(files)),
        roff.section("SEE ALSO", f"{roff.bold('plvsd')}(8), {roff.bold('lvsm')}(1), ha.cf(5)"),
    ]
    return "\n".join(parts) + "\n"
