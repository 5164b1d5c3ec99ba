"""mon's files: mon.cf and auth.cf rendered from typed data, and what mon says of them read back.

Grammar (mon(8), and mon's own `read_cf`): a record ends at a blank line, names are
`[A-Za-z0-9_.-]+`, hosts are words. Law: nothing but names, labels, numbers and hexadecimal digits
of ours gets into a file that mon, and what it runs, will read; `mounted(answer)` of what mon has
read equals `wanted(services)` of what was rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lvsm.core.verbs import MonService

FIRST_LINE = "# written by plvsd: whatever is changed here is lost"
SERVICE = "check"
LOGIN = "plvsd"
AUTH_FILE = "/etc/mon/lvsm-auth.cf"
USER_FILE = "/etc/mon/lvsm-users.cf"
MONITORS = "/usr/lib/lvsm/mon"
# A mon that runs keeps what a new file does not name: randstart, maxprocs and dtlogging undo what
# the file that Debian ships says.
_GLOBALS = f"""\
serverbind = 127.0.0.1
trapbind = 127.0.0.1
clientallow = 127\\.0\\.0\\.1
mondir = {MONITORS}:/usr/lib/mon/mon.d:/usr/lib/mon/mon-local.d
alertdir = {MONITORS}:/usr/lib/mon/alert.d
logdir = /var/log/mon
statedir = /var/lib/mon
cfbasedir = /etc/mon
histlength = 100
randstart = 0s
maxprocs = 0
dtlogging = no
authtype = userfile
userfile = {USER_FILE}
authfile = {AUTH_FILE}
"""
AUTH = f"""\
{FIRST_LINE}
command section
list: all
servertime: all
version: all
protid: all
quit: all
checkauth: all
test: {LOGIN}
reset: {LOGIN}
reload: {LOGIN}
"""
"""Who may do what with mon's server: anybody of this machine may look, plvsd may reload."""
_DESCRIPTION = re.compile(r"lvsm-([0-9a-f]{1,64})-([0-9]{1,6})s", re.ASCII)
Mounted = frozenset[tuple[str, str, int]]
"""Each watch of ours: the virtual service, the check's stamp, mon's interval in seconds."""


def render(services: Sequence[MonService]) -> str:
    """mon.cf for these virtual services."""
    return "\n".join([FIRST_LINE, "", _GLOBALS, *map(_watch, services)])


def _watch(service: MonService) -> str:
    return f"""\
hostgroup {service.vip} {" ".join(service.labels)}

watch {service.vip}
    service {SERVICE}
        description lvsm-{service.stamp}-{service.seconds}s
        LVSM_CHECK={service.stamp}
        interval {service.seconds}s
        monitor lvsm.monitor {service.vip}
"""


def users(hashed: str) -> str:
    """Mon's user file: our own login with its hashed password (crypt(5))."""
    return f"{FIRST_LINE}\n{LOGIN}:{hashed}\n"


def is_ours(text: str) -> bool:
    """Whether a mon.cf is one that LVSM wrote."""
    return text.startswith(FIRST_LINE)


def wanted(services: Iterable[MonService]) -> Mounted:
    """What mon should have."""
    return frozenset((entry.vip, entry.stamp, entry.seconds) for entry in services)


def mounted(lines: Iterable[str]) -> Mounted:
    """What mon has, by its answer to `list descriptions`; watches that are not ours are left out.

    One of ours without our description is told with an empty stamp, so that nothing equals it.
    """
    found = set()
    for line in lines:
        vip, _, rest = line.partition(" ")
        service, _, description = rest.partition(" ")
        match = _DESCRIPTION.fullmatch(description.strip())
        if match is not None:
            found.add((vip, match[1], int(match[2])))
        elif service == SERVICE:
            found.add((vip, "", 0))
    return frozenset(found)
