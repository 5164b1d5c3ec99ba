"""What a lab is made of, as data: the caller writes it, the supervisor reads it and keeps it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import accounts, topology
from tests.lab.kernel import PYTHON
from tests.lab.provision import File

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.provision import Provision, User
    from tests.lab.topology import NodeInfo, Topology


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


def _common_files(cluster: Topology, users: Sequence[User]) -> list[File]:
    """Return what every node has; no password of the machine's gets in."""
    known = accounts.Accounts(Path("/etc/passwd").read_text(), Path("/etc/group").read_text())
    for user in users:
        known = accounts.add(known, user)
    shadow = accounts.locked_shadow(known).encode()
    return [
        File(path="/etc/hosts", data=cluster.hosts().encode()),
        File(path="/etc/passwd", data=known.passwd.encode()),
        File(path="/etc/group", data=known.group.encode()),
        File(path="/etc/shadow", data=shadow, mode=0o640, owner="root:shadow"),
    ]
