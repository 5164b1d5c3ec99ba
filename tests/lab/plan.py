"""What a lab is made of, as data: the caller writes it, the supervisor reads it and keeps it.

`Provision` is how a caller puts something into the nodes: files before the first boot commands,
users, commands at every boot, and when all of it counts as ready.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.lab import topology
from tests.lab.kernel import PYTHON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.client import Lab
    from tests.lab.topology import NodeInfo, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to be in a node from its first boot on."""

    path: str
    data: bytes
    mode: int = 0o644
    owner: str = "root:root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Lines to append to /etc/passwd and /etc/group of every node."""

    passwd: tuple[str, ...] = ()
    group: tuple[str, ...] = ()


class Provision(Protocol):
    """What a caller puts into the nodes."""

    @property
    def users(self) -> Users:
        """Users that the machine may lack."""

    def files(self, node: NodeInfo) -> Sequence[File]:
        """Return the files of a node's persistent disk (below /etc and /var/lib)."""

    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:
        """Return what to run at each boot, in order; one that fails fails the boot."""

    def ready(self, lab: Lab) -> bool:
        """Tell whether the nodes do what they are meant to; asked until they do."""


class Bare:
    """Nothing but the nodes."""

    users = Users()

    def files(self, node: NodeInfo) -> Sequence[File]:
        """None."""
        del node
        return ()

    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:
        """None."""
        del node
        return ()

    def ready(self, lab: Lab) -> bool:
        """At once."""
        del lab
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """One node's part."""

    files: tuple[File, ...]
    boot_commands: tuple[list[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPlan:
    """A whole lab."""

    topology: Topology
    shape: dict[str, Any]
    nodes: dict[str, NodePlan]
    tree: Path | None


def make(shape: dict[str, Any], provision: Provision, tree: Path | None) -> LabPlan:
    """Plan a lab of a shape (the arguments of `topology.build`)."""
    cluster = topology.build(**shape)
    common = _common_files(cluster, provision.users)
    nodes = {
        node.name: NodePlan(
            files=(
                File(path="/etc/hostname", data=f"{node.name}\n".encode()),
                *common,
                *provision.files(node),
            ),
            boot_commands=(
                *_own_commands(node),
                *([str(word) for word in argv] for argv in provision.boot_commands(node)),
            ),
        )
        for node in cluster.nodes.values()
    }
    return LabPlan(topology=cluster, shape=shape, nodes=nodes, tree=tree)


def render(plan: LabPlan) -> str:
    """Return a plan as text."""
    nodes = {
        name: {
            "files": [
                [f.path, base64.b64encode(f.data).decode(), f.mode, f.owner] for f in node.files
            ],
            "boot_commands": node.boot_commands,
        }
        for name, node in plan.nodes.items()
    }
    tree = str(plan.tree) if plan.tree else None
    return json.dumps({"shape": plan.shape, "nodes": nodes, "tree": tree})


def parse(text: str) -> LabPlan:
    """Return the plan that `render` wrote."""
    data = json.loads(text)
    nodes = {
        name: NodePlan(
            files=tuple(
                File(path=path, data=base64.b64decode(encoded), mode=mode, owner=owner)
                for path, encoded, mode, owner in node["files"]
            ),
            boot_commands=tuple(node["boot_commands"]),
        )
        for name, node in data["nodes"].items()
    }
    return LabPlan(
        topology=topology.build(**data["shape"]),
        shape=data["shape"],
        nodes=nodes,
        tree=Path(data["tree"]) if data["tree"] else None,
    )


def _own_commands(node: NodeInfo) -> list[list[str]]:
    if node.kind != "realserver":
        return []
    program = "/opt/lab/programs/tests/lab/node/httpd.py"
    return [[PYTHON, "-I", "-S", "-E", program, node.name]]


def _common_files(cluster: Topology, users: Users) -> list[File]:
    """Return what every node has; no password of the machine's gets in."""
    passwd = _append("/etc/passwd", users.passwd)
    group = _append("/etc/group", users.group)
    locked = "".join(f"{line.split(':')[0]}:*:19000:0:99999:7:::\n" for line in passwd.splitlines())
    return [
        File(path="/etc/hosts", data=cluster.hosts().encode()),
        File(path="/etc/passwd", data=passwd.encode()),
        File(path="/etc/group", data=group.encode()),
        File(path="/etc/shadow", data=locked.encode(), mode=0o640, owner="root:shadow"),
    ]


def _append(path: str, lines: Sequence[str]) -> str:
    """Return the machine's file with those lines whose name it lacks."""
    text = Path(path).read_text()
    known = {line.partition(":")[0] for line in text.splitlines()}
    return text + "".join(f"{line}\n" for line in lines if line.partition(":")[0] not in known)
