"""plvsd.conf(5), from the keys that plvsd reads.

Law: the page names every key and no other; what a key says stands beside its reader.
"""

from __future__ import annotations

from dataclasses import fields

from lvsm import __version__
from lvsm.core.plvsd_conf import HELP, PlvsdConf, render
from lvsm.settings import Paths
from scripts.docs import roff
from scripts.docs.manual import MANUAL

PATH = str(Paths().conf)
ABOUT = """
What one node's plvsd runs with, as TOML: a key, an equals sign and a value on each line, comments
behind `#`. The file belongs to root and plvsd's group and has the mode 0640; `writeconfigs` asks
for what is needed and writes it. Where a key is missing its default holds. With a key that there is
not, or a value that cannot be, plvsd does not start and names the place.

The configuration of virtual services does not stand here: it is the cluster's, see
`lvsm config show`.
"""
EXAMPLE = PlvsdConf(interface="eth1", listen=("10.1.0.11",), log_level="warning")
SEE_ALSO = ("plvsd(8)", "lvsm(1)", "ha.cf(5)", "authkeys(5)")


def page() -> str:
    """The page's text."""
    defaults = {field.name: field.default for field in fields(PlvsdConf)}
    keys = [(roff.bold(key), f"{said} {_default(defaults[key])}") for key, said in HELP.items()]
    parts = [
        '.\\" Written by `make docs` from the code: change it there.',
        roff.title("plvsd.conf", 5, f"LVSM {__version__}", MANUAL),
        roff.section("NAME", roff.text("plvsd.conf") + " \\- " + roff.text("a node's plvsd")),
        roff.section("SYNOPSIS", roff.bold(PATH)),
        roff.section("DESCRIPTION", roff.paragraphs(ABOUT)),
        roff.section("KEYS", roff.items(keys)),
        roff.section("EXAMPLES", roff.literal(render(EXAMPLE).rstrip().split("\n"))),
        roff.section("SEE ALSO", ", ".join(f"{roff.bold(n[:-3])}{n[-3:]}" for n in SEE_ALSO)),
    ]
    return "\n".join(parts) + "\n"


def _default(value: object) -> str:
    return "It has no default." if value in (None, ()) else f"Default: `{value}`."
