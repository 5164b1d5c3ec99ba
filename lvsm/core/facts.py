"""What a node tells its peers of itself, about once a second and whenever it changes.

Observations are exchanged, never agreed upon: each node decides with what it has heard.
"""

from __future__ import annotations

from itertools import islice

import msgspec

from lvsm.core.errors import LvsmError, shortened
from lvsm.core.health import Health
from lvsm.core.operations import AddressText, InterfaceText, Value

UNKNOWN_LOAD = -1.0
ILL_TOLD = 500
"""How many realservers that are down a node tells of, each second; the first ones."""
FOREIGN_TOLD = 20
"""Services of somebody else's that a node names; it counts them all."""


class BadFactsError(LvsmError):
    """A peer's bytes that are no facts."""

    code = "bad-facts"


class Machine(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What a node's machine is and how it is at a moment: measured, and never decided upon.

    `kernel` is the running one's release; `load` the average of a minute (proc_loadavg(5)),
    `uptime_s` the seconds since it booted, `free_bytes` the room on LVSM's disk for plvsd.
    """

    kernel: str = ""
    load: float = UNKNOWN_LOAD
    uptime_s: float = 0.0
    free_bytes: int = 0


class Ill(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A realserver that a director's checks find down: of which virtual service, why, since when.

    `label` is the realserver's, `since` seconds since 1970.
    """

    vip: str
    label: str
    reason: str = ""
    since: float = 0.0


class Facts(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """One node's facts.

    `order` is its generation's (epoch, number, hash). `holds` are the groups whose addresses its
    interfaces carry; `offers` those that it still serves but wants another director to take.
    `address` is the one that belongs into IPVS tables: the first of its heartbeat interface;
    `addresses` are all of its own, without virtual ones. `reason` says why it is not `eligible`.
    `programmed` is the hash of the generation to which its kernel was brought last, without a
    refusal. `overlay` is its overlay's digest; `schedulers` are those of its kernel, None before
    it was asked; `foreign` are the first of its `foreign_count` IPVS services that LVSM did not
    make and leaves alone, as ipvsadm names them; `machine` is how it is just now. `checked` are
    the virtual services whose checks report there, `ill` the first of the realservers that they
    find down. Fields that a later version adds are passed over.
    """

    node: str
    version: str
    order: tuple[int, int, str]
    eligible: bool
    reason: str = ""
    holds: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    address: AddressText | None = None
    addresses: tuple[InterfaceText, ...] = ()
    ipvs: bool = False
    applied: bool = False
    problems: tuple[str, ...] = ()
    programmed: str = ""
    overlay: str = ""
    schedulers: tuple[str, ...] | None = None
    foreign: tuple[str, ...] = ()
    foreign_count: int = 0
    machine: Machine | None = None
    checked: tuple[str, ...] = ()
    ill: tuple[Ill, ...] = ()


def ill_of(health: Health) -> tuple[Ill, ...]:
    """The realservers that are down, as many as are told."""
    found = (
        Ill(vip=vip, label=label, reason=member.reason, since=member.since)
        for vip, members in health.items()
        for label, member in members.items()
        if not member.up
    )
    return tuple(islice(found, ILL_TOLD))


def encode(facts: Facts) -> bytes:
    """Facts as bytes for a peer."""
    return msgspec.json.encode(facts)


def decode(data: bytes) -> Facts:
    """A peer's facts; raises BadFactsError."""
    try:
        facts: Facts = msgspec.json.decode(data, type=Facts)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFactsError(f"not a node's facts: {shortened(error)}") from error
    return facts
