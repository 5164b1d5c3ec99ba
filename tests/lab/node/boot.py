"""A node's first process: build the root, join the networks, then serve the supervisor for ever.

The kernel starts it as `init` with the node's name and the lab's working folder as arguments.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Become the node."""
    name, work = sys.argv[1:3]
    sys.path.insert(0, f"{work}/programs")
    from tests.lab.node import agent, root

    root.build(work)
    root.set_hostname(name)
    os.environ.clear()
    os.environ.update(
        PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME="/root",
        LANG="C.UTF-8",
        USER="root",
        LOGNAME="root",
        SHELL="/bin/sh",
    )
    root.join_networks(f"/opt/lab/nodes/{name}/ip")
    agent.serve("/dev/ttyS0")


if __name__ == "__main__":
    main()
