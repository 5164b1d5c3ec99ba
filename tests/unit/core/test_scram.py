"""scramp, another implementation, is the oracle: each side of ours logs in with its other one."""

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scramp import ScramClient, ScramMechanism

from lvsm.core import scram
from lvsm.core.errors import LvsmError
from lvsm.core.saslprep import UnusableTextError, saslprep
from lvsm.core.scram import Client, NotTheServerError, ScramError, Server, Verifier
from lvsm.core.scram_keys import mac

BINDING = hashlib.sha256(b"the server's certificate").digest()
OTHER = hashlib.sha256(b"the certificate of somebody in between").digest()
SALT = b"0123456789abcdef"
FEW = scram.KEY_ITERATIONS
PASSWORDS = ["pencil", "a,b=c", "Grüße\u00a0\u00adx", "日本", "I\u00adX", "\u2168"]


def client(password: str = "pencil", user: str = "user", **other: object) -> Client:
    given_ = {"nonce": "c" * 24, "binding": BINDING, "least": FEW} | other
    return Client(user=user, password=password, **given_)  # type: ignore[arg-type]


def server(**other: object) -> Server:
    given_ = {"nonce": "s" * 24, "binding": BINDING} | other
    return Server(**given_)  # type: ignore[arg-type]


def verifier(password: str = "pencil") -> Verifier:
    return scram.make_verifier(password, SALT, FEW)


def converse(asking: Client, answering: Server, kept: Verifier) -> str:
    user = answering.open(asking.first())
    asking.verify(answering.close(asking.final(answering.challenge(kept))))
    return user


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("user", ["user", "node:dir2", "a,b=c", "jürgen"])
def test_both_sides_of_ours(user: str, password: str) -> None:
    assert converse(client(password, user), server(), verifier(password)) == user


@pytest.mark.parametrize("password", PASSWORDS)
def test_our_client_logs_in_to_scramp(password: str) -> None:
    mechanism = ScramMechanism("SCRAM-SHA-256-PLUS")
    asked: list[str] = []

    def known(user: str) -> object:
        asked.append(user)
        return info

    info = mechanism.make_auth_info(password, iteration_count=FEW, salt=SALT)
    theirs = mechanism.make_server(
        known,
        channel_binding=("tls-server-end-point", BINDING),
    )
    ours = client(password, "a,b=c")
    theirs.set_client_first(ours.first().decode())
    theirs.set_client_final(ours.final(theirs.get_server_first().encode()).decode())
    ours.verify(theirs.get_server_final().encode())
    assert asked == ["a,b=c"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_scramp_logs_in_to_our_server(password: str) -> None:
    theirs = ScramClient(
        ["SCRAM-SHA-256-PLUS"],
        "a,b=c",
        password,
        channel_binding=("tls-server-end-point", BINDING),
    )
    ours = server()
    assert ours.open(theirs.get_client_first().encode()) == "a,b=c"
    theirs.set_server_first(ours.challenge(verifier(password)).decode())
    theirs.set_server_final(ours.close(theirs.get_client_final().encode()).decode())


def test_the_arithmetic_is_that_of_rfc_7677() -> None:
    """Section 3, whose exchange is without channel binding: keys and signatures are the same."""
    kept = scram.make_verifier("pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    message = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,"
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    proof = b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    signature = mac(kept.stored_key, message)
    key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    assert hashlib.sha256(key).digest() == kept.stored_key
    assert b64encode(mac(kept.server_key, message)) == (
        b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    )


@pytest.mark.parametrize(
    ("asking", "answering", "kept"),
    [
        (lambda: client("Pencil"), server, verifier),
        (lambda: client(""), server, verifier),
        (lambda: client(binding=OTHER), server, verifier),
        (client, lambda: server(binding=OTHER), verifier),
        (client, server, lambda: scram.absent_verifier("user", b"secret", FEW)),
    ],
    ids=["wrong password", "no password", "man in the middle", "moved certificate", "nobody"],
)
def test_a_wrong_login_fails_in_the_same_words(
    asking: Callable[[], Client], answering: Callable[[], Server], kept: Callable[[], Verifier]
) -> None:
    with pytest.raises(ScramError) as caught:
        converse(asking(), answering(), kept())
    assert caught.value.code == "auth-failed"
    assert caught.value.message == "the user or the password is wrong"


def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    asking, answering = client(), server()
    answering.open(asking.first())
    asking.final(answering.challenge(verifier()))
    with pytest.raises(NotTheServerError):
        asking.verify(b"v=" + b64encode(os.urandom(32)))


def test_a_replayed_login_meets_another_nonce() -> None:
    asking, answering = client(), server()
    first = asking.first()
    answering.open(first)
    final = asking.final(answering.challenge(verifier()))
    answering.close(final)
    again = server(nonce="t" * 24)
    again.open(first)
    again.challenge(verifier())
    with pytest.raises(ScramError):
        again.close(final)


def test_a_reflected_challenge_is_refused() -> None:
    asking = client()
    asking.first()
    with pytest.raises(NotTheServerError):
        asking.final(b"r=" + b"c" * 24 + b",s=" + b64encode(SALT) + b",i=4096")
    asking = client()
    asking.first()
    with pytest.raises(NotTheServerError):
        asking.final(b"r=" + b"d" * 48 + b",s=" + b64encode(SALT) + b",i=4096")


@pytest.mark.parametrize(
    "first", [b"n,,n=user,r=", b"y,,n=user,r=", b"p=tls-unique,,n=user,r=", b"p=tls-server-end-"]
)
def test_a_login_without_the_channel_binding_is_refused(first: bytes) -> None:
    with pytest.raises(ScramError):
        server().open(first + b"c" * 24)


def test_a_client_does_not_let_itself_be_guessed_cheaply() -> None:
    asking, answering = client(least=scram.PASSWORD_ITERATIONS), server()
    answering.open(asking.first())
    with pytest.raises(NotTheServerError, match="4096 iterations"):
        asking.final(answering.challenge(verifier()))


@pytest.mark.parametrize("text", ["10000001", "99999999999999999999", "-1", "x", "", "٣"])
def test_a_client_does_not_compute_for_ever(text: str) -> None:
    asking = client()
    asking.first()
    with pytest.raises(ScramError):
        asking.final(f"r={'c' * 24}xyz,s={b64encode(SALT).decode()},i={text}".encode())


def with_junk(junk: bytes, step: str) -> None:
    asking, answering = client(), server()
    first = asking.first()
    answering.open(junk if step == "first" else first)
    challenge = answering.challenge(verifier())
    final = asking.final(junk if step == "challenge" else challenge)
    answering.close(junk if step == "final" else final)
    asking.verify(junk)


@settings(max_examples=300)
@given(st.binary(max_size=80), st.sampled_from(["first", "challenge", "final", "proof"]))
def test_junk_raises_nothing_but_the_error_for_it(junk: bytes, step: str) -> None:
    with pytest.raises(ScramError):
        with_junk(junk, step)


@given(st.integers(0, 10_000), st.integers(1, 255))
@example(4574, 1)  # a bit of the last base64 character that decodes to nothing
def test_one_changed_byte_of_the_proof_is_enough_to_fail(place: int, change: int) -> None:
    asking, answering = client(), server()
    answering.open(asking.first())
    final = bytearray(asking.final(answering.challenge(verifier())))
    final[place % len(final)] ^= change
    with pytest.raises(ScramError):
        answering.close(bytes(final))


def test_messages_out_of_turn_are_refused() -> None:
    with pytest.raises(ScramError):
        client().final(b"")
    with pytest.raises(ScramError):
        client().verify(b"v=")
    with pytest.raises(ScramError):
        server().challenge(verifier())
    with pytest.raises(ScramError):
        server().close(b"")
    answering = server()
    answering.open(client().first())
    with pytest.raises(ScramError):
        answering.open(client().first())
    final = client()
    final.first()
    message = final.final(answering.challenge(verifier()))
    answering.close(message)
    with pytest.raises(ScramError):
        answering.close(message)


def test_extensions_may_follow_but_mandatory_ones_may_not() -> None:
    nonce = b"c" * 24
    server().open(b"p=tls-server-end-point,,n=user,r=" + nonce + b",x=1")
    with pytest.raises(ScramError):
        server().open(b"p=tls-server-end-point,,m=1,n=user,r=" + nonce)


def test_a_verifier_has_a_text_form() -> None:
    kept = verifier()
    text = str(kept)
    assert text.startswith("SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$")
    assert scram.parse_verifier(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "SCRAM-SHA-1$4096:MDEyMzQ1Njc4OWFiY2RlZg==$AAAA:AAAA",
        "SCRAM-SHA-256$4096:MDEyMzQ1Njc4OWFiY2RlZg==$AAAA:AAAA",
        "SCRAM-SHA-256$1:MDEyMzQ1Njc4OWFiY2RlZg==$" + ":".join(["A" * 43 + "="] * 2),
        "SCRAM-SHA-256$4096:AAAA$" + ":".join(["A" * 43 + "="] * 2),
        "SCRAM-SHA-256$x:MDEyMzQ1Njc4OWFiY2RlZg==$" + ":".join(["A" * 43 + "="] * 2),
    ],
)
def test_what_is_no_verifier(text: str) -> None:
    with pytest.raises(ScramError) as caught:
        scram.parse_verifier(text)
    assert caught.value.code == "bad-verifier"
    assert not text or text not in str(caught.value)


def test_an_absent_user_always_has_the_same_salt_and_another_one_than_its_neighbour() -> None:
    absent = scram.absent_verifier("nobody", b"secret")
    assert absent == scram.absent_verifier("nobody", b"secret")
    assert absent.iterations == scram.PASSWORD_ITERATIONS
    assert len(absent.salt) == 16
    salts = {
        absent.salt,
        scram.absent_verifier("nobody2", b"secret").salt,
        scram.absent_verifier("nobody", b"other").salt,
    }
    assert len(salts) == 3


def test_nothing_secret_is_in_a_repr() -> None:
    assert "salt" not in repr(verifier())
    assert repr(verifier()) == "Verifier(iterations=4096)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("I\u00adX", "IX"), ("user", "user"), ("USER", "USER"), ("\u00aa", "a"), ("\u2168", "IX")],
)
def test_saslprep_has_the_examples_of_rfc_4013(text: str, expected: str) -> None:
    assert saslprep(text) == expected


@pytest.mark.parametrize("text", ["\u0007", "\u0627\u0031", "a\u0627", "\u0627a\u0627", "\u0221"])
def test_saslprep_refuses_what_rfc_4013_does(text: str) -> None:
    with pytest.raises(UnusableTextError) as caught:
        saslprep(text)
    assert isinstance(caught.value, LvsmError)
    assert text not in str(caught.value)
