from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from webclient import certificate
from webclient.errors import WebError
from webclient.settings import Tls


def test_one_is_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    names = ("127.0.0.1", "lvs.example")
    pair = certificate.load_or_make(tmp_path, None, names)
    before = certificate.fingerprint(pair[0])
    assert pair[0].stat().st_mode & 0o777 == 0o600
    assert certificate.load_or_make(tmp_path, None, names) == pair
    assert certificate.fingerprint(pair[0]) == before
    assert len(before) == 95
    context = certificate.context(*pair)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3


def test_the_admins_own_is_used_or_refused_in_words(tmp_path: Path) -> None:
    pair = certificate.load_or_make(tmp_path, None, ("localhost",))
    own = Tls(certificate=str(pair[0]), key=str(pair[1]))
    assert certificate.load_or_make(tmp_path / "none", own, ()) == pair
    (tmp_path / "junk").write_text("junk")
    with pytest.raises(WebError, match="junk"):
        certificate.load_or_make(tmp_path, Tls(certificate=own.certificate,
                                               key=str(tmp_path / "junk")), ())  # fmt: skip
