"""What this node tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_interface

from lvsm import __version__
from lvsm.core.facts import FOREIGN_TOLD, Facts
from lvsm.core.methods import HIDDEN
from lvsm.daemon.view import View


def own_facts(
    view: View, interface: str | None, complaints: Callable[[], tuple[str, ...]]
) -> Facts:
    """This node's facts; `interface` is the one whose first address belongs into IPVS tables.

    `complaints` are problems that are none of the control loop's.
    Addresses that LVSM itself put up are virtual ones and no part of a node's identity.
    """
    addresses: list[str] = []
    first: str | None = None
    virtual = set(view.kernel.owned.addresses) if view.kernel else set()
    virtual_texts = {address.address for address in virtual}
    for entry in view.interfaces():
        for text in entry.addresses if entry.name not in HIDDEN else ():
            if text in virtual_texts or (parsed := ip_interface(text)).is_link_local:
                continue
            addresses.append(text)
            if entry.name == interface and first is None:
                first = str(parsed.ip)
    return Facts(
        node=view.me,
        version=__version__,
        order=view.order,
        eligible=view.against is None,
        reason=view.against or "",
        holds=tuple(sorted(view.held)),
        offers=tuple(sorted(view.offered)),
        address=first,
        addresses=tuple(addresses),
        ipvs=bool(view.kernel and view.kernel.ipvs),
        applied=view.applied,
        programmed=view.programmed,
        problems=(*view.problems, *complaints()),
        overlay=view.overlay.digest,
        schedulers=view.schedulers,
        foreign=view.foreign[:FOREIGN_TOLD],
        foreign_count=len(view.foreign),
        checked=view.checked,
        ill=view.ill,
    )
