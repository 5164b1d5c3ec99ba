"""A new password, as plvsd wants to have it: it never gets the password itself."""

from __future__ import annotations

import os

from lvsm.core.errors import LvsmError

SHORTEST = 8


def new_verifier(password: str) -> bytes:
    """What `USER ADD` and `PASSWD` take as their literal; takes a tenth of a second.

    Raises LvsmError: `weak-password`, `unusable-text`.
    """
    from lvsm.core.scram_keys import SALT_BYTES, make_verifier

    if len(password) < SHORTEST:
        raise LvsmError(f"a password has {SHORTEST} characters or more", code="weak-password")
    return str(make_verifier(password, os.urandom(SALT_BYTES))).encode("ascii")
