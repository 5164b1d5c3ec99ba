"""SCRAM-SHA-256-PLUS: the server's side, the client's, and the verifier's text.

An input of a login is two messages with a zero byte between them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Hashable
from hashlib import pbkdf2_hmac, sha256
from random import Random

from lvsm.core.errors import LvsmError
from lvsm.core.responses import Err
from lvsm.core.saslprep import saslprep
from lvsm.core.scram import Client, Server, Verifier, make_verifier, parse_verifier
from lvsm.core.scram_keys import KEY_ITERATIONS, mac, xor
from lvsm.core.server_login import ServerLogin
from tests.fuzz.target import Target, law, text_of

PASSWORD = "pencil"
SALT = b"salt" * 4
BINDING = sha256(b"the certificate").digest()
OTHER_BINDING = sha256(b"another certificate").digest()
CLIENT_NONCE, SERVER_NONCE = "c" * 24, "s" * 24
NONCE = CLIENT_NONCE + SERVER_NONCE
VERIFIER = make_verifier(PASSWORD, SALT, KEY_ITERATIONS)
SALTED = pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, KEY_ITERATIONS)
GS2 = (b"p=tls-server-end-point,,", b"n,,", b"y,,", b"p=tls-unique,,", b"p=tls-exporter,,", b"")
SERVER_FIRST = f"r={NONCE},s={b64encode(SALT).decode()},i={KEY_ITERATIONS}".encode()
_RIGHT = b64encode(GS2[0] + BINDING)


class _Verifiers:
    def lookup(self, name: str) -> Verifier | None:
        return VERIFIER if name == "admin" else None


def server(data: bytes) -> Hashable:
    """A server takes no proof that is not bound to its own certificate and to its own nonce."""
    first, _, final = data.partition(b"\0")
    side = Server(nonce=SERVER_NONCE, binding=BINDING)
    side.open(first)
    side.challenge(VERIFIER)
    side.close(final)
    law(first.startswith(GS2[0]), "a login without PLUS was accepted")
    fields = dict(part.split(b"=", 1) for part in final.split(b","))
    law(fields[b"c"] == _RIGHT, "a proof bound to another certificate was accepted")
    law(fields[b"r"].endswith(SERVER_NONCE.encode()), "a proof of another login was accepted")
    law(final == _final(first, fields[b"r"], final.rpartition(b",p=")[0]), "a wrong proof")
    return "accepted"


def lines(data: bytes) -> Hashable:
    """The words after AUTH and the line after it: an Err, or a verdict."""
    first, _, final = data.partition(b"\0")
    login = ServerLogin(
        nonce=SERVER_NONCE, binding=BINDING, verifiers=_Verifiers(), secret=b"secret"
    )
    step = login.open(text_of(first).split())
    if isinstance(step, Err):
        return step.code, step.message
    accepted = login.close(text_of(final))
    law(not accepted or login.user == "admin", "somebody else was accepted")
    law(not accepted or login.proof is not None, "no proof for who was accepted")
    return accepted


def client(data: bytes) -> Hashable:
    """A client believes no server that does not know the password."""
    first, _, final = data.partition(b"\0")
    side = Client(
        user="admin",
        password=PASSWORD,
        nonce=CLIENT_NONCE,
        binding=BINDING,
        least=KEY_ITERATIONS,
        most=KEY_ITERATIONS,
    )
    opened = side.first()
    proof = side.final(first)
    side.verify(final)
    message = b",".join((opened.removeprefix(GS2[0]), first, proof.rpartition(b",p=")[0]))
    signature = b64encode(mac(mac(SALTED, b"Server Key"), message))
    law(b"v=" + signature in final.split(b","), "a server without the password was believed")
    return "believed"


def verifier(data: bytes) -> Hashable:
    """A verifier's text that is read is written the same way."""
    text = text_of(data)
    law(str(parse_verifier(text)) == text.strip(), "written out, it is another verifier")
    return "read"


def names(data: bytes) -> Hashable:
    """A prepared name stays as it is when it is prepared again."""
    prepared = saslprep(text_of(data))
    law(saslprep(prepared) == prepared, "prepared twice, it is another name")
    return prepared.isascii()


def _final(first: bytes, nonce: bytes, without_proof: bytes) -> bytes:
    """The right last message of a client that knows the password."""
    bare = first.removeprefix(GS2[0])
    challenge = b"r=" + nonce + SERVER_FIRST[SERVER_FIRST.index(b",s=") :]
    key = mac(SALTED, b"Client Key")
    proof = xor(key, mac(sha256(key).digest(), b",".join((bare, challenge, without_proof))))
    return without_proof + b",p=" + b64encode(proof)


def _login(rng: Random) -> bytes:
    """A login with a right proof of something that may be wrong."""
    gs2 = rng.choice(GS2)
    user = rng.choice((b"admin", b"node:dir2", "\u00e9".encode(), b"a=2Cb", b"a=b", b""))
    nonce = rng.choice((CLIENT_NONCE.encode(), b"x" * 16, b"x" * 256, b"x" * 257, b"short"))
    extra = rng.choice((b"", b"", b"", b",x=1", b",m=1", b",r=2"))
    first = gs2 + b"n=" + user + b",r=" + nonce + extra
    binding = b64encode(rng.choice((gs2, *GS2)) + rng.choice((BINDING, OTHER_BINDING, b"")))
    binding = rng.choice((_RIGHT, _RIGHT, binding))
    whole = rng.choice((nonce + SERVER_NONCE.encode(), nonce, SERVER_NONCE.encode()))
    without_proof = b"c=" + binding + b",r=" + whole + rng.choice((b"", b"", b",x=1", b",m=1"))
    return first + b"\0" + _final(first, nonce + SERVER_NONCE.encode(), without_proof)


def _auth(rng: Random) -> bytes:
    first, _, final = _login(rng).partition(b"\0")
    return b"SCRAM-SHA-256-PLUS " + b64encode(first) + b"\0" + b64encode(final)


def _answers(rng: Random) -> bytes:
    """A server's two messages; often the right ones."""
    binding = rng.choice((BINDING, BINDING, OTHER_BINDING))
    iterations = rng.choice((b"4096", b"4096", b"1", b"600000", b"10000000", b"0004096"))
    return _answered(binding).replace(b"i=4096", b"i=" + iterations)


def _answered(binding: bytes) -> bytes:
    login = Client(
        user="admin", password=PASSWORD, nonce=CLIENT_NONCE, binding=BINDING, least=KEY_ITERATIONS
    )
    side = Server(nonce=SERVER_NONCE, binding=binding)
    side.open(login.first())
    challenge = side.challenge(VERIFIER)
    try:
        final = side.close(login.final(challenge))
    except LvsmError:
        final = b"v=" + b64encode(SALTED)
    return challenge + b"\0" + final


_FIRST = GS2[0] + b"n=admin,r=" + CLIENT_NONCE.encode()
_GOOD = _FIRST + b"\0" + _final(_FIRST, NONCE.encode(), b"c=" + _RIGHT + b",r=" + NONCE.encode())
_WORDS = (
    *GS2,
    "\ufdfa".encode(),
    b",m=",
    b",x=y",
    b",p=",
    b"n=",
    b"r=" + NONCE.encode(),
    b"c=biws",
    b"=2C",
    b"\0",
)
_NAMES = ("admin", "\u212b", "\u00ad", "\u0627\u0031", "\u05d0a", "\ufdfa", "\u0221", "e\u0301")

TARGETS = (
    Target(name="scram-server", run=server, make=_login, seeds=(_GOOD,), words=_WORDS),
    Target(name="scram-client", run=client, make=_answers, seeds=(_answered(BINDING),),
           words=(*_WORDS, b"v=", b"i=4096", b"e=other-error", b",i=10000000")),
    Target(name="login-lines", run=lines, make=_auth, seeds=(_auth(Random(1)),), words=_WORDS),
    Target(
        name="verifier",
        run=verifier,
        make=lambda _rng: str(VERIFIER).encode(),
        seeds=(str(VERIFIER).encode(),),
        words=(b"$", b":", b"SCRAM-SHA-256$", b"600000", b"=="),
    ),
    Target(
        name="names",
        run=names,
        make=lambda rng: "".join(rng.choices(_NAMES, k=rng.randint(1, 30))).encode(),
        seeds=tuple(name.encode() for name in _NAMES),
        words=tuple(name.encode() for name in _NAMES),
    ),
)  # fmt: skip
