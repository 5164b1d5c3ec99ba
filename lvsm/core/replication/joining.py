"""Who votes: the nodes of a configuration, each with one incarnation of its disk.

Law: a vote counts for an incarnation, not for a name, so a disk that forgot its votes cannot vote
a second time. It votes again when a Save has recorded it. After generation 0 alone any incarnation
votes, because nobody has recorded one yet.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lvsm.core.generation import Generation
from lvsm.core.model import Configuration
from lvsm.core.replication.ballots import needed
from lvsm.core.replication.disk import Disk


def electorate(configuration: Configuration) -> frozenset[str]:
    """The nodes that a configuration names, in any role, without external ones."""
    named = set(configuration.nodes) | configuration.directors()
    named |= {realserver.node for _, realserver in configuration.realservers()}
    return frozenset(n for n in named if not _external(configuration, n))


def _external(configuration: Configuration, name: str) -> bool:
    node = configuration.nodes.get(name)
    return node is not None and node.external


def voters(
    configuration: Configuration, before: Mapping[str, str], heard: Mapping[str, str]
) -> dict[str, str]:
    """Who decides after a Save of `configuration`: names with incarnations.

    `before` are the head's voters, `heard` the incarnations that nodes have told by now, which
    re-admits those that lost their disks. A node that was never heard has "" and has to wait for
    a later Save. A configuration without nodes leaves the voters as they are.
    """
    names = electorate(configuration) or frozenset(before)
    return {name: heard.get(name) or before.get(name, "") for name in sorted(names)}


def can_decide(voters: Mapping[str, str], *, forced: bool) -> bool:
    """Whether a Save may leave the cluster to those voters.

    A majority of them has to have an incarnation, or nobody could save normally afterwards; a
    forced Save is content with one.
    """
    known = sum(1 for incarnation in voters.values() if incarnation)
    return known >= (1 if forced else needed(len(voters)))


def may_vote(generation: Generation, node: str, incarnation: str) -> bool:
    """Whether that disk decides what follows `generation`."""
    admitted = generation.voters.get(node)
    return admitted == incarnation or (admitted == "" and generation.number == 0)


def invited(disk: Disk, generation: Generation) -> bool:
    """Whether a node may join the cluster that committed `generation`.

    Only one that has nothing to lose and is named there: a machine that is added later has another
    ha.cf than those that founded the cluster, and so another genesis.
    """
    return disk.blank and generation.number > 0 and disk.me in generation.voters


def joined(disk: Disk, genesis: str) -> Disk:
    """The disk of a node that has joined the cluster with that genesis."""
    return msgspec.structs.replace(disk, genesis=genesis)
