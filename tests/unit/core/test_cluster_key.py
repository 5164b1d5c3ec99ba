from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.cluster_key import derive


@given(st.binary(min_size=1, max_size=80), st.binary(max_size=20))
def test_it_is_hkdf(secret: bytes, info: bytes) -> None:
    assert derive(secret, info=info) == HKDF(SHA256(), 32, None, info).derive(secret)


def test_the_info_separates_keys() -> None:
    assert derive(b"secret") != derive(b"secret", info=b"other")
    assert b"secret" not in derive(b"secret")
