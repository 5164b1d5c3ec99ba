"""The changes that a command can make, as data and as JSON.

Law: decode(encode(edit)) == edit. Which keys there are and what values they may have is known to
the text's reader alone; here a value is only of a kind that a text can say.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from lvsm.core.errors import LvsmError, shortened
from lvsm.core.operations import Value
from lvsm.core.problems import Problem

Given: TypeAlias = str | int | bool | tuple[str | int, ...] | None
"""What a key is set to; None takes the key out of the text, so that its default holds."""

Settings: TypeAlias = dict[str, Given]
"""Keys of a table with their values, in the order in which a new table has them."""


class EditError(LvsmError):
    """A change that cannot be made; the text stays as it is.

    `problems` are the mistakes one by one, where the text's reader found them.
    """

    code = "bad-edit"

    def __init__(
        self, message: str, *, code: str | None = None, problems: tuple[Problem, ...] = ()
    ) -> None:
        """Keep the message and the mistakes."""
        super().__init__(message, code=code)
        self.problems = problems


class AddVip(Value, frozen=True, kw_only=True, tag_field="edit", tag="vip-add"):
    """A virtual service more, at the text's end."""

    vip: str
    values: Settings = msgspec.field(default_factory=dict)


class SetVip(Value, frozen=True, kw_only=True, tag_field="edit", tag="vip-set"):
    """Other values for keys of a virtual service."""

    vip: str
    values: Settings = msgspec.field(default_factory=dict)


class RemoveVip(Value, frozen=True, kw_only=True, tag_field="edit", tag="vip-remove"):
    """A virtual service less, with its realservers."""

    vip: str


class AddRealserver(Value, frozen=True, kw_only=True, tag_field="edit", tag="rs-add"):
    """A realserver more, behind the virtual service's others."""

    vip: str
    node: str
    values: Settings = msgspec.field(default_factory=dict)


class SetRealserver(Value, frozen=True, kw_only=True, tag_field="edit", tag="rs-set"):
    """Other values for keys of a realserver; `port` is for a node that is there several times."""

    vip: str
    node: str
    port: int | None = None
    values: Settings = msgspec.field(default_factory=dict)


class RemoveRealserver(Value, frozen=True, kw_only=True, tag_field="edit", tag="rs-remove"):
    """A realserver less; `port` as in SetRealserver."""

    vip: str
    node: str
    port: int | None = None


Edit: TypeAlias = AddVip | SetVip | RemoveVip | AddRealserver | SetRealserver | RemoveRealserver


def encode(edit: Edit) -> bytes:
    """An edit as JSON."""
    return msgspec.json.encode(edit)


def decode(body: bytes) -> Edit:
    """The edit that JSON says; raises EditError with the place of the first mistake."""
    try:
        edit: Edit = msgspec.json.decode(body, type=Edit)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EditError(f"this is no change that plvsd knows: {shortened(error)}") from error
    return edit


def enabled(vip: str, *, yes: bool) -> SetVip:
    """Put a virtual service into service, or out of it while its text stays."""
    return SetVip(vip=vip, values={"enabled": None if yes else False})
