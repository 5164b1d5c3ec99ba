"""The command `tests/lab/lab`: parse, call, print.

`exec` is used by scripts in loops, so it imports nothing that it does not need; every other verb
goes through `client`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tests.lab.errors import LabError

FAILED = 125
USAGE = """\
usage: lab VERB [--state DIR] ...      (DIR: /tmp/lvsm-lab-UID if not given)

  up [--topology lan|nat|tun] [--directors 2] [--realservers 2]
     [--heartbeat-networks 1] [--bare]   boot a cluster; --bare: nodes only, without LVSM
  exec [-i] NODE -- CMD...               run a command in a node (-i: with this stdin)
  crash NODE                             cut its power
  boot NODE                              switch it on again
  pause NODE | resume NODE               stop it where it stands, let it go on
  cut [--one-way] A B                    no link between two (comma-separated sets of) nodes;
                                         --one-way: what A sends does not reach B
  heal [--one-way] A B                   mend what was cut
  netem NODE SPEC                        spoil what a node sends: `delay 50ms loss 1%`, `off`
  forward NODE:PORT HOSTPORT             let 127.0.0.1:HOSTPORT reach a node or an address
  logs NODE                              what its console and its programs said
  status [--json]
  down                                   end the lab
"""


class UsageError(LabError):
    """The command line makes no sense."""


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    if not argv or argv[0] in {"-h", "--help", "help"}:
        sys.stdout.write(USAGE)
        return 0
    try:
        verb, state, words = parse(argv)
        if verb == "exec":
            from tests.lab import cli_exec

            return cli_exec.run(state, words)
        from tests.lab import cli_verbs

        return cli_verbs.run(verb, state, words)
    except UsageError as error:
        sys.stderr.write(f"lab: {error}\n\n{USAGE}")
    except (LabError, OSError, ValueError) as error:
        sys.stderr.write(f"lab: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("lab: interrupted\n")
    return FAILED


def parse(argv: Sequence[str]) -> tuple[str, str, list[str]]:
    """Return the verb, the lab's folder, and the other words."""
    verb, *words = argv
    state = f"/tmp/lvsm-lab-{os.getuid()}"
    if words and words[0].startswith("--state="):
        state = words.pop(0).partition("=")[2]
    elif words and words[0] == "--state":
        if len(words) < 2:
            raise UsageError("--state needs a folder")
        state = words[1]
        del words[:2]
    return verb, state, words
