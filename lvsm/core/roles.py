"""What a user's role allows, and what the accounts of this machine may do: two tables, as data.

Law: whoever is not in these tables may do nothing but HELP, NOOP and QUIT.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a user is; each one may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Right(StrEnum):
    """What a verb asks for."""

    VIEW = "view"
    OPERATE = "operate"
    ADMINISTER = "administer"
    TELL_EVENTS = "tell events"
    TELL_HEALTH = "tell health"
    HEARTBEAT = "be heartbeat"
    PEER = "be a node"


NEEDS: Mapping[Right, str] = {
    Right.VIEW: f"the role {Role.VIEWER}, {Role.OPERATOR} or {Role.ADMIN}",
    Right.OPERATE: f"the role {Role.OPERATOR} or {Role.ADMIN}",
    Right.ADMINISTER: f"the role {Role.ADMIN}",
    Right.TELL_EVENTS: "heartbeat's scripts, as root or hacluster on this machine",
    Right.TELL_HEALTH: "mon's monitors, as mon or root on this machine",
    Right.HEARTBEAT: "heartbeat's scripts, as root on this machine",
    Right.PEER: "another node of the cluster",
}
"""Whom a right takes, as a refusal says it."""

OF_ROLE: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.OPERATOR: frozenset({Right.VIEW, Right.OPERATE}),
    Role.ADMIN: frozenset({Right.VIEW, Right.OPERATE, Right.ADMINISTER}),
}
OF_ROOT: frozenset[Right] = OF_ROLE[Role.ADMIN] | {
    Right.TELL_EVENTS,
    Right.TELL_HEALTH,
    Right.HEARTBEAT,
}
OF_ACCOUNT: Mapping[str, frozenset[Right]] = {
    "mon": frozenset({Right.TELL_HEALTH}),
    "hacluster": frozenset({Right.TELL_EVENTS}),
    "haclient": frozenset({Right.TELL_EVENTS}),
}
"""The unix socket's clients that are not root, by the name of their account."""
OF_NODE: frozenset[Right] = frozenset({Right.PEER})
