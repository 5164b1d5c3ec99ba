"""Provisioning: what makes bare lab nodes an LVSM cluster, with the product's own renderers.

The lab knows nothing of LVSM; this module tells it which files each node's disk holds, which users
exist and what is run at each boot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from lvsm.core import authkeys, ha_cf, plvsd_conf
from lvsm.core.scram import make_verifier

from tests.lab.provision import File, User

PASSWORD = "penguin"
"""The administration password of lab clusters, which no network but the lab's can reach."""

TREE = "/opt/tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """heartbeat's times in milliseconds."""

    keepalive: int = 200
    deadtime: int = 1000
    warntime: int = 600
    initdead: int = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """An LVSM cluster on lab nodes: `interfaces` carry heartbeat, the first one also plvsd."""

    members: tuple[str, ...]
    interfaces: tuple[str, ...] = ("eth0",)
    timing: Timing = Timing()
