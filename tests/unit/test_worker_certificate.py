"""A whole worker's certificate, its audit log and its events, by the command line over TLS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lvsm.cli import exits
from lvsm.client import WrongCertificateError, connect
from lvsm.core.scram_keys import make_verifier
from tests.unit.test_worker_users import ADMINS, Plvsd, plvsd


def asked(node: Plvsd, *words: str) -> dict[str, Any]:
    result = node.over_tls("admin", ADMINS, *words, "--json")
    assert result.exit_code == exits.OK, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_certificate_is_renewed_recorded_and_kept(tmp_path: Path) -> None:
    seed = str(make_verifier(ADMINS, b"a" * 16))
    with plvsd(tmp_path, seed) as node:
        address = f"127.0.0.1:{node.port}"
        old = asked(node, "cert", "show")
        assert (old["node"], old["subject"]) == ("dir1", "CN=dir1")
        with (
            connect(address, password=ADMINS, fingerprint=old["fingerprint"]) as before,
            before.watch("events") as events,
        ):
            new = asked(node, "cert", "renew", "--yes")
            assert new["fingerprint"] != old["fingerprint"]
            event = events.next(timeout=20)
            assert event is not None
            assert event.name == "certificate-renewed"
            assert event.fields["fingerprint"] == new["fingerprint"]
            assert before.request("STATUS").items
        assert asked(node, "cert", "show")["fingerprint"] == new["fingerprint"]
        with pytest.raises(WrongCertificateError, match=new["fingerprint"]):
            connect(address, password=ADMINS, fingerprint=old["fingerprint"])
        [record] = asked(node, "audit", "show", "--since", "1h")["items"]
        assert (record["verb"], record["result"]) == ("CERT RENEW", "ok")
    with plvsd(tmp_path, seed) as node:
        assert asked(node, "cert", "show")["fingerprint"] == new["fingerprint"]
