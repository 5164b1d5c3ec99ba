"""Attacks on the login of a real worker. Those that need no whole worker are in
`tests/unit/adapters/test_transport_attacks.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from base64 import b64decode, b64encode

import pytest

from lvsm.adapters.certificates import client_context
from lvsm.core import scram
from lvsm.core.certificate import end_point_hash
from lvsm.core.refusals import AT_ONCE
from tests.attacks.attacker import AUTH, WRONG, Victim, log_in, new_address
from tests.unit.adapters.protocol_node import until

NONCE = b"c" * 24


async def _refused(victim: Victim, *lines: bytes) -> str:
    """The answer to the last of some lines, which ends the connection."""
    async with victim.tls() as client:
        await client.line()
        answer = ""
        for line in lines:
            await client.say(line + b"\n")
            answer = await client.line()
        assert await client.rest() == b""
        return answer


async def test_wrong_passwords_at_speed(victim: Victim) -> None:
    """From one address and from many; whoever is honest logs in meanwhile, from elsewhere."""
    one = new_address()

    async def guess(address: str | None, number: int) -> None:
        async with victim.tls(address) as client:
            _, answer = await log_in(client, password=f"guess {number}")
            assert answer in (WRONG, "")  # crowded out: one address has few places

    async def attack() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(15):
                group.create_task(guess(one, number))
            for number in range(150):
                group.create_task(guess(None, number))
                if number % 30 == 0:
                    await victim.serves()

    await victim.undisturbed(attack)
    audit = victim.folder / "audit.jsonl"
    await until(audit.exists)
    records = [json.loads(line) for line in audit.read_text().splitlines()]
    refused = [record for record in records if record["event"] == "login-refused"]
    assert 0 < len(refused) <= AT_ONCE + 10


@pytest.mark.parametrize("user", ["node:dir2", "admin", "nobody", "node:dir9"])
async def test_a_wrong_password_and_a_name_that_is_none_are_told_alike(
    victim: Victim, user: str
) -> None:
    async with victim.tls() as client:
        _, answer = await log_in(client, user=user, password="guess")
        assert answer == WRONG
        assert await client.rest() == b""


async def test_what_was_recorded_cannot_be_said_again(victim: Victim) -> None:
    async with victim.tls() as client:
        (first, final), answer = await log_in(client)
        assert answer.startswith("OK")
    assert await _refused(victim, first.strip(), final.strip()) == WRONG


async def test_what_the_server_says_cannot_be_said_to_it(victim: Victim) -> None:
    """Its challenge as the proof, its challenge as a first message, another connection's nonce."""
    first = AUTH + b64encode(b"p=tls-server-end-point,,n=node:dir2,r=" + NONCE)
    async with victim.tls() as one, victim.tls() as other:
        challenges = []
        for client in (one, other):
            await client.line()
            await client.say(first + b"\n")
            challenges.append(b64decode((await client.line())[2:]))
        assert challenges[0] != challenges[1]
        await one.say(b64encode(challenges[0]) + b"\n")
        assert await one.line() == WRONG
        login = scram.Client(
            user="node:dir2",
            password=scram.machine_password(b"k" * 32),
            nonce=NONCE.decode(),
            binding=end_point_hash(other.binding()),
            least=scram.KEY_ITERATIONS,
        )
        login.first()
        await other.say(b64encode(login.final(challenges[0])) + b"\n")
        assert await other.line() == WRONG
    answer = await _refused(victim, AUTH + b64encode(challenges[0]))
    assert answer.startswith("ERR auth-failed ")


@pytest.mark.parametrize(
    "gs2", [b"n,,", b"y,,", b"p=tls-unique,,", b"p=tls-exporter,,", b"p=tls-server-end-point,a=x,"]
)
async def test_a_login_that_is_not_bound_is_not_begun(victim: Victim, gs2: bytes) -> None:
    answer = await _refused(victim, AUTH + b64encode(gs2 + b"n=node:dir2,r=" + NONCE))
    assert answer.startswith("ERR auth-failed ")


@pytest.mark.parametrize("mechanism", [b"SCRAM-SHA-256", b"SCRAM-SHA-1", b"PLAIN", b"EXTERNAL"])
async def test_no_other_mechanism_is_there(victim: Victim, mechanism: bytes) -> None:
    first = b64encode(b"n,,n=node:dir2,r=" + NONCE)
    answer = await _refused(victim, b"AUTH " + mechanism + b" " + first)
    assert answer.startswith("ERR bad-mechanism ")


@pytest.mark.parametrize("binding", [b"n,,", b"y,,", b"p=tls-server-end-point,,", b"another"])
async def test_a_right_proof_of_another_binding_is_wrong(victim: Victim, binding: bytes) -> None:
    """Whoever knows the key and sits behind a man in the middle."""
    async with victim.tls() as client:
        await client.line()
        seen = b"0" * 32 if binding == b"another" else b""
        login = scram.Client(
            user="node:dir2",
            password=scram.machine_password(b"k" * 32),
            nonce=NONCE.decode(),
            binding=seen,
            least=scram.KEY_ITERATIONS,
        )
        await client.say(AUTH + b64encode(login.first()) + b"\n")
        final = login.final(b64decode((await client.line())[2:]))
        await client.say(b64encode(final) + b"\n")
        assert await client.line() == WRONG


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_1])
async def test_older_tls_is_refused(victim: Victim, version: ssl.TLSVersion) -> None:
    context = client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns() if version < ssl.TLSVersion.TLSv1_2 else contextlib.nullcontext():
        context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with victim.tls(context=context):
            pass
    await victim.serves()
