"""A password hashed as mon's user file has it: crypt(5), by the system's own libcrypt.

Python's `crypt` is going away (PEP 594), so the library is called by ctypes.
"""

from __future__ import annotations

import ctypes
import secrets

from lvsm.core.errors import LvsmError

LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2")
SALT_BYTES = 12


class NoCryptError(LvsmError):
    """The system has no libcrypt."""

    code = "no-crypt"


def make_password() -> str:
    """A new random password."""
    return secrets.token_urlsafe(32)


def hashed(password: str) -> str:
    """A password hashed with SHA-512 and a new salt; raises NoCryptError."""
    salt = f"$6${secrets.token_hex(SALT_BYTES)[:16]}$"
    crypt = _library().crypt
    crypt.restype = ctypes.c_char_p
    crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    found: bytes | None = crypt(password.encode(), salt.encode())
    if found is None or not found.startswith(salt.encode()):
        raise NoCryptError("the system's libcrypt does not hash with SHA-512")
    return found.decode("ascii")


def _library() -> ctypes.CDLL:
    for name in LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise NoCryptError(f"there is none of {', '.join(LIBRARIES)}")
