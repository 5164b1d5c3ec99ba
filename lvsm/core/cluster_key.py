"""The key by which plvsds know each other, derived from heartbeat's (HKDF, RFC 5869).

heartbeat's own key never leaves the process that reads it as root: who has that one can make every
node run scripts as root, who has the derived one can only speak as a peer.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

_INFO = b"lvsm peers 1"


def derive(secret: bytes, *, info: bytes = _INFO) -> bytes:
    """32 bytes derived from `secret`, different for each `info`."""
    extracted = hmac.digest(b"\0" * sha256().digest_size, secret, sha256)
    return hmac.digest(extracted, info + b"\x01", sha256)
