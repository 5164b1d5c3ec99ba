"""A node's certificate on the disk and in use, over real sockets."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from lvsm.adapters.certificate_store import CertificateStore
from lvsm.adapters.certificates import describe, load_or_make, make
from lvsm.adapters.dialer import dial
from lvsm.core.certificate import CertificateError, fingerprint
from lvsm.core.moments import DAY
from tests.unit.adapters.protocol_node import KEY, raw_tls, running

NOW = 1_700_000_000.0


def test_it_is_made_once_and_describes_itself(tmp_path: Path) -> None:
    made = load_or_make(tmp_path, "dir1", lambda: NOW)
    assert load_or_make(tmp_path, "dir1", lambda: NOW + 5) == made
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    said = describe(made.der)
    assert (said.subject, said.fingerprint) == ("CN=dir1", made.fingerprint)
    assert (said.not_before, said.not_after) == (NOW - DAY, NOW + 20 * 365 * DAY)
    parsed = x509.load_der_x509_certificate(made.der)
    assert (
        parsed.public_key() == x509.load_pem_x509_certificate(made.path.read_bytes()).public_key()
    )


def test_another_one_has_another_key_and_lies_in_the_same_place(tmp_path: Path) -> None:
    old = load_or_make(tmp_path, "dir1")
    new = make(tmp_path, "dir1", NOW)
    assert new.path == old.path
    assert new.fingerprint != old.fingerprint
    assert load_or_make(tmp_path, "dir1") == new
    keys = [x509.load_der_x509_certificate(it.der).public_key() for it in (old, new)]
    assert keys[0] != keys[1]
    assert [file.name for file in tmp_path.iterdir()] == ["node.pem"]


def test_what_is_no_certificate_is_said_to_be_none() -> None:
    with pytest.raises(CertificateError):
        describe(b"junk")


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    path = load_or_make(tmp_path, "dir1").path
    path.write_text("-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----\n")
    with pytest.raises(CertificateError, match="remove it"):
        load_or_make(tmp_path, "dir1")


async def test_new_connections_get_the_new_one_and_old_ones_live_on(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        store = CertificateStore(tmp_path, "dir1")
        assert store.load() == node.certificate
        store.use = node.server.use
        old = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        await store.renew(NOW)
        said = await store.describe()
        assert said.fingerprint != node.certificate.fingerprint
        async with raw_tls(node.port) as client:
            assert fingerprint(client.binding()) == said.fingerprint
        new = await dial("127.0.0.1", node.port, node="dir2", key=KEY)
        for link in (old, new):
            assert (await link.request("ECHO")).text == "echoed"
            await link.close()
        assert fingerprint(load_or_make(tmp_path, "dir1").der) == said.fingerprint


async def test_a_renewal_that_fails_changes_nothing(tmp_path: Path) -> None:
    used: list[object] = []
    store = CertificateStore(tmp_path, "n" * 70)
    made = store.load()
    store.use = used.append
    made.path.rename(tmp_path / "away")
    tmp_path.joinpath("node.pem").mkdir()
    with pytest.raises(OSError, match="directory"):
        await store.renew(NOW)
    assert store.present is made
    assert used == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["away", "node.pem"]
