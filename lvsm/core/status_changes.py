"""What changed between two status documents: whether anything did, and which realservers.

Law: what only grows older has not changed. Every key that ends in `_s` is an age in seconds.
"""

from __future__ import annotations

from typing import Any

from lvsm.core.events import RealserverChanged
from lvsm.core.status import Document

AGE_SUFFIX = "_s"
Member = tuple[str, str, int | None]


def ageless(value: Any) -> Any:
    """A document without its ages: equal ones say the same."""
    if isinstance(value, dict):
        return {k: ageless(v) for k, v in value.items() if not k.endswith(AGE_SUFFIX)}
    if isinstance(value, list):
        return [ageless(entry) for entry in value]
    return value


def realservers(document: Document) -> dict[Member, Document]:
    """Each realserver's entry, by virtual service, name and port."""
    return {
        (vip["name"], member["node"], member["port"]): member
        for vip in document["vips"]
        for member in vip["realservers"]
    }


def realserver_changes(before: Document, after: Document) -> tuple[RealserverChanged, ...]:
    """The realservers whose state is another one now, in the order of the later document."""
    old, new = realservers(before), realservers(after)
    return tuple(
        RealserverChanged(
            vip=key[0],
            realserver=key[1],
            port=key[2],
            was=_state(old.get(key)),
            state=_state(new.get(key)),
            reason=new.get(key, {}).get("reason") or "",
        )
        for key in {**new, **old}
        if _state(old.get(key)) != _state(new.get(key))
    )


def _state(member: Document | None) -> str | None:
    return None if member is None else str(member["state"])
