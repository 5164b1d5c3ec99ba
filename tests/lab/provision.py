"""How a caller puts something of its own into the nodes of a lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.client import Lab
    from tests.lab.topology import NodeInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to be in a node from its first boot on."""

    path: str
    data: bytes
    mode: int = 0o644
    owner: str = "root:root"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user that every node has, known to the machine or not."""

    name: str
    uid: int
    group: str = ""  # the primary group; a new one, of the user's name and number, if not given
    groups: tuple[str, ...] = ()  # further groups, made by the machine's packages
    home: str = "/nonexistent"
    shell: str = "/usr/sbin/nologin"


class Provision(Protocol):
    """What a caller puts into the nodes."""

    @property
    def users(self) -> Sequence[User]:
        """Users that the machine may lack."""

    def files(self, node: NodeInfo) -> Sequence[File]:
        """Return the files of a node's persistent disk (below /etc and /var/lib)."""

    def boot_commands(self, node: NodeInfo) -> Sequence[Sequence[str]]:
        """Return what to run at each boot, in order; one that fails fails the boot."""

    def ready(self, lab: Lab) -> bool:
        """Tell whether the nodes do what they are meant to; asked until they do."""


class Bare:
    """Nothing but the nodes."""

    users: tuple[User, ...] = ()

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
