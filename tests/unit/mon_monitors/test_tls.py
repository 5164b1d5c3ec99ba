"""https, and the certificates that it is asked to look at, by the real monitor."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.check import Check, CheckType
from lvsm.core.check_spec import Target
from tests.unit.mon_monitors.servers import (
    MONITORS,
    Talk,
    answering,
    hang,
    monitor,
    page,
    serving,
)

sys.path.insert(0, str(MONITORS))

from lvsm_checks.tls import not_after

HTTPS = Check(type=CheckType.HTTPS, interval=0.5, timeout=1.5)
KEY = ec.generate_private_key(ec.SECP256R1())
GOOD = answering(page(b"ready"))


def certificate(ends: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(datetime(1950, 1, 1, tzinfo=UTC))
        .not_valid_after(ends)
        .sign(KEY, hashes.SHA256())
    )


def context(folder: Path, days: float) -> ssl.SSLContext:
    path = folder / f"{days}.pem"
    pem = KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    made = certificate(datetime.now(UTC) + timedelta(days=days))
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(path)
    return found


@asynccontextmanager
async def secured(folder: Path, days: dict[str, float]) -> AsyncIterator[tuple[Target, ...]]:
    """A good web server for each label, with a certificate that ends in so many days."""
    async with AsyncExitStack() as stack:
        found: list[Target] = []
        for label, left in days.items():
            tls = context(folder, left)
            found += await stack.enter_async_context(serving({label: GOOD}, tls))
        yield tuple(found)


async def test_any_certificate_will_do_unless_somebody_asks(tmp_path: Path) -> None:
    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    plain: dict[str, Talk] = {"plain": refuse, "hung": hang}
    async with (
        secured(tmp_path, {"good": 30, "expired": -1}) as targets,
        serving(plain) as others,
    ):
        ended = await monitor(tmp_path, HTTPS, (*targets, *others))
    assert ended.reasons["hung"] == "no answer within 1.5 s, in the TLS handshake"
    assert ended.reasons["plain"].startswith(("TLS: ", "it closed the connection in the TLS"))
    assert set(ended.failed) == {"plain", "hung"}


async def test_one_that_ends_too_soon_is_told(tmp_path: Path) -> None:
    check = replace(HTTPS, expires=14)
    async with secured(tmp_path, {"good": 30, "soon": 5.2, "expired": -1}) as targets:
        ended = await monitor(tmp_path, check, targets)
    assert ended.reasons == {
        "soon": "certificate: it expires in 5 days",
        "expired": "certificate: it has expired",
    }


async def test_one_that_nobody_vouches_for_is_refused_where_that_is_wanted(tmp_path: Path) -> None:
    async with secured(tmp_path, {"good": 30}) as targets:
        ended = await monitor(tmp_path, replace(HTTPS, verify=True), targets)
    assert ended.reasons["good"].startswith("certificate: "), ended.output


async def test_the_name_is_greeted_and_the_body_read(tmp_path: Path) -> None:
    names: list[str] = []
    tls = context(tmp_path, 30)
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    check = replace(HTTPS, body="ready$")
    async with serving({"good": GOOD, "other": answering(page(b"no"))}, tls) as targets:
        ended = await monitor(tmp_path, check, targets, host="www.example.com:443")
    assert set(names) == {"www.example.com"}
    assert ended.reasons == {"other": "the body does not match"}


async def test_expect_and_smtp_speak_inside_tls_too(tmp_path: Path) -> None:
    async def mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.readline()
        writer.write(b"250 hello\r\n")
        await asyncio.sleep(3600)

    smtp = replace(HTTPS, type=CheckType.SMTP, tls=True)
    expect = replace(HTTPS, type=CheckType.EXPECT, tls=True, send="x\n", receive="hello")
    async with serving({"a": mail}, context(tmp_path, 30)) as targets:
        assert (await monitor(tmp_path, smtp, targets)).output == "\n"
        assert (await monitor(tmp_path, expect, targets)).output == "\n"


@given(st.datetimes(datetime(1950, 1, 2), datetime(2900, 1, 1)))  # noqa: DTZ001  made aware below
def test_the_end_of_any_certificate_is_read(end: datetime) -> None:
    moment = end.replace(microsecond=0, tzinfo=UTC)
    der = certificate(moment).public_bytes(serialization.Encoding.DER)
    assert not_after(der) == moment.timestamp()


@given(st.binary(max_size=80))
def test_junk_has_no_end(data: bytes) -> None:
    assert not_after(data) is None or data


@pytest.mark.parametrize("cut", [0, 1, 20, 40, 60])
def test_a_cut_certificate_is_none(cut: int) -> None:
    der = certificate(datetime(2040, 1, 1, tzinfo=UTC)).public_bytes(serialization.Encoding.DER)
    assert not_after(der[:cut]) is None
