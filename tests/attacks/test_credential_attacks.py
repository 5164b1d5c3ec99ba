"""Credentials that are none any more, or never were any, and a man in the middle who passes all on.

Each is refused by a real worker, as a wrong password is, while its control loop keeps its turns.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from lvsm.adapters.dialer import dial
from lvsm.client import (
    LoginRefusedError,
    LvsmError,
    NotTheServerError,
    WrongCertificateError,
    aio,
)
from lvsm.core import scram
from lvsm.core.certificate import fingerprint
from tests.attacks.attacker import WRONG, Victim, log_in
from tests.attacks.middle import in_between
from tests.attacks.victim import KEY
from tests.unit.adapters.protocol_node import Raw, raw_unix

PASSWORD = "the admin's password"
OTHER_PASSWORD = "another password of somebody's"
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A user with a session, and root at the local socket who may do anything to them."""

    name: str
    verifier: scram.Verifier
    id: str
    secret: str
    root: Raw

    async def change(self, request: str, verifier: scram.Verifier | None = None) -> str:
        """What root asks for; with a verifier as the literal."""
        if verifier is None:
            return (await self.root.ask(request))[-1]
        data = str(verifier).encode()
        await self.root.say(f"{request} bytes={len(data)}\n".encode() + data)
        await self.root.line()
        return await self.root.line()


@asynccontextmanager
async def owner(victim: Victim, seconds: int = 600) -> AsyncIterator[Owner]:
    name = f"user{next(_numbers)}"
    verifier = scram.make_verifier(PASSWORD, name.encode() * 4)
    async with raw_unix(victim.path) as root:
        await root.line()
        data = str(verifier).encode()
        await root.say(f"USER ADD {name} role=viewer bytes={len(data)}\n".encode() + data)
        assert (await root.line()).startswith("* ")
        assert (await root.line()).startswith("OK 1 ")
        async with victim.tls() as client:
            assert (await log_in(client, name, PASSWORD))[1].startswith("OK ")
            item, _ = await client.ask(f"SESSION NEW seconds={seconds}")
            made = json.loads(item[2:])
        yield Owner(name=name, verifier=verifier, id=made["id"], secret=made["secret"], root=root)


async def answer(victim: Victim, id_: str, secret: str) -> str:
    """What is answered to a login by a session's id and secret."""
    async with victim.tls() as client:
        return (await log_in(client, f"session:{id_}", secret))[1]


async def refused(victim: Victim, id_: str, secret: str) -> None:
    assert await answer(victim, id_, secret) == WRONG


def altered(text: str) -> list[str]:
    """Texts with one place changed: each part of an id, and the secret's ends."""
    places = {0, 2, len(text) // 3, len(text) // 2, len(text) - 1}
    found = [text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :] for at in places]
    return [*found, text + "x", text[:-1], text.upper(), ""]


async def test_altered_credentials_are_none(victim: Victim) -> None:
    async with owner(victim) as alice:
        assert (await answer(victim, alice.id, alice.secret)).startswith("OK ")

        async def attack() -> None:
            for other in altered(alice.id):
                await refused(victim, other, alice.secret)
            for other in altered(alice.secret):
                await refused(victim, alice.id, other or "x")
            user, times, nonce, seal = alice.id.split(":")
            since, until_ = times.split("-")
            for other in (
                f"admin:{times}:{nonce}:{seal}",
                f"{user}:{since}-{int(until_) + 1}:{nonce}:{seal}",
                f"{user}:{int(since) + 1}-{until_}:{nonce}:{seal}",
                f"{user}:{until_}:{nonce}:{seal}",
            ):
                await refused(victim, other, alice.secret)
            await refused(victim, alice.id, PASSWORD)

        await victim.undisturbed(attack)
        assert (await answer(victim, alice.id, alice.secret)).startswith("OK ")


async def _ended(alice: Owner) -> None:
    assert (await alice.change(f"SESSION END {alice.id}")).startswith("OK ")


async def _another_password(alice: Owner) -> None:
    verifier = scram.make_verifier(OTHER_PASSWORD, b"o" * 16)
    assert (await alice.change(f"PASSWD {alice.name}", verifier)).startswith("OK ")


async def _removed(alice: Owner) -> None:
    assert (await alice.change(f"USER REMOVE {alice.name}")).startswith("OK ")


async def _added_again(alice: Owner) -> None:
    """With the same password, and the same verifier."""
    await _removed(alice)
    added = await alice.change(f"USER ADD {alice.name} role=admin", alice.verifier)
    assert added.startswith("OK ")


async def _ended_and_added_again(alice: Owner) -> None:
    await _ended(alice)
    await _added_again(alice)


@pytest.mark.parametrize(
    "revoke", [_ended, _another_password, _removed, _added_again, _ended_and_added_again]
)
async def test_revoked_credentials_are_none_and_end_what_goes_on(
    victim: Victim, revoke: Callable[[Owner], Awaitable[None]]
) -> None:
    async with owner(victim) as alice, victim.tls() as going_on:
        assert (await log_in(going_on, f"session:{alice.id}", alice.secret))[1].startswith("OK ")
        await revoke(alice)
        assert (await going_on.rest()).startswith(b"ERR session-ended ")

        async def attack() -> None:
            for _ in range(10):
                await refused(victim, alice.id, alice.secret)

        await victim.undisturbed(attack)


async def test_expired_credentials_are_none_and_end_what_goes_on(victim: Victim) -> None:
    async with owner(victim, seconds=2) as alice, victim.tls() as going_on:
        assert (await log_in(going_on, f"session:{alice.id}", alice.secret))[1].startswith("OK ")
        assert (await going_on.rest()).startswith(b"ERR session-ended ")

        async def attack() -> None:
            for _ in range(10):
                await refused(victim, alice.id, alice.secret)

        await victim.undisturbed(attack)


async def test_a_man_in_the_middle_is_no_way_in(victim: Victim, tmp_path: Path) -> None:
    """He knows no password, and who knows it and comes by way of him is not let in."""
    async with owner(victim) as alice, in_between(victim.port, tmp_path / "evil") as middle:
        logins = [
            ("admin", PASSWORD),
            (alice.name, PASSWORD),
            (f"session:{alice.id}", alice.secret),
        ]

        async def attack() -> None:
            for user, password in logins:
                with pytest.raises((LoginRefusedError, NotTheServerError)):
                    await aio.connect(f"127.0.0.1:{middle.port}", user=user, password=password)

        await victim.undisturbed(attack)
        said = bytes(middle.heard)
        assert said.startswith(b"AUTH SCRAM-SHA-256-PLUS ")
        proofs = b"".join(b64decode(line) for line in said.split(b"\n")[1::2])
        for _, password in logins:
            assert password.encode() not in said + proofs
        async with victim.tls() as attacker:  # who says again to the node what he has heard
            await attacker.line()
            first, proof, *_ = said.split(b"\n")
            await attacker.say(first + b"\n")
            await attacker.line()
            await attacker.say(proof + b"\n")
            assert await attacker.line() == WRONG
    await victim.serves()


async def test_a_pinned_certificate_tells_a_man_in_the_middle_nothing(
    victim: Victim, tmp_path: Path
) -> None:
    async with victim.tls() as client:
        pinned = fingerprint(client.binding())
    node = f"127.0.0.1:{victim.port}"
    async with await aio.connect(node, password=PASSWORD, fingerprint=pinned) as known:
        assert (await known.request("NOOP")).text == "nothing done"
    async with in_between(victim.port, tmp_path / "evil") as middle:

        async def attack() -> None:
            with pytest.raises(WrongCertificateError, match=middle.fingerprint):
                await aio.connect(f"127.0.0.1:{middle.port}", password=PASSWORD, fingerprint=pinned)

        await victim.undisturbed(attack)
        assert middle.heard == b""


async def test_a_node_reaches_no_other_by_way_of_a_man_in_the_middle(
    victim: Victim, tmp_path: Path
) -> None:
    """Peers prove that they know the cluster's key, bound to the certificate that they see."""
    async with in_between(victim.port, tmp_path / "evil") as middle:

        async def attack() -> None:
            with pytest.raises(LvsmError) as caught:
                await dial("127.0.0.1", middle.port, node="dir2", key=KEY)
            assert caught.value.code == "auth-failed"

        await victim.undisturbed(attack)
