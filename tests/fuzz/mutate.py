"""Inputs made from inputs: small damages, repetitions, and pieces of others put in.

Law: what comes out depends on the random numbers and the arguments alone, and is never longer than
it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.target import Target

ODD = (
    b"\0", b"\n", b"\r\n", b"\t", b" ", b"=", b",", b'"', b"'", b"\\", b"#", b"[", b"]", b"{", b"}",
    b"\x7f", b"\x80", b"\xff", b"\xc3", b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xb7\xba", b"\xd9\xa1",
    b"\xf0\x9f\x92\xa5", b"\xe2\x80\xa8", b"\xc2\xa0", b"0", b"-1", b"9" * 20, b"1e999", b"9" * 400,
    b"%s", b"../", b"0x" + b"f" * 40,
)  # fmt: skip
"""Bytes on which parsers have stumbled."""
PUMPED = (10, 100, 1_000, 100_000)

Mutation = Callable[[bytes, Target, Sequence[bytes], Random], bytes]


def mutated(data: bytes, target: Target, corpus: Sequence[bytes], rng: Random) -> bytes:
    """`data` with one to six mutations."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        data = rng.choice(MUTATIONS)(data, target, corpus, rng)[: target.most]
    return data


def _span(data: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    longest = rng.choice((1, 2, 8, 64, len(data)))
    return start, min(len(data), start + rng.randint(0, longest))


def _flip(data: bytes, _target: Target, _corpus: Sequence[bytes], rng: Random) -> bytes:
    if not data:
        return b"\0"
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def _remove(data: bytes, _target: Target, _corpus: Sequence[bytes], rng: Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, _target: Target, _corpus: Sequence[bytes], rng: Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:]


def _insert_odd(data: bytes, _target: Target, _corpus: Sequence[bytes], rng: Random) -> bytes:
    place = rng.randint(0, len(data))
    return data[:place] + rng.choice(ODD) + data[place:]


def _insert_word(data: bytes, target: Target, _corpus: Sequence[bytes], rng: Random) -> bytes:
    start, end = _span(data, rng) if rng.random() < 0.5 else (rng.randint(0, len(data)),) * 2
    return data[:start] + rng.choice(target.words or ODD) + data[end:]


def _splice(data: bytes, _target: Target, corpus: Sequence[bytes], rng: Random) -> bytes:
    other = rng.choice(corpus)
    start, end = _span(other, rng)
    place = rng.randint(0, len(data))
    return data[:place] + other[start:end] + data[place:]


def _cross(data: bytes, _target: Target, corpus: Sequence[bytes], rng: Random) -> bytes:
    other = rng.choice(corpus)
    return data[: rng.randint(0, len(data))] + other[rng.randint(0, len(other)) :]


def _pump(data: bytes, target: Target, _corpus: Sequence[bytes], rng: Random) -> bytes:
    """Repeat a piece until the input is long: what finds work that grows faster than its input."""
    if rng.random() < 0.8:  # most inputs stay short
        return data
    start, end = _span(data, rng)
    words = (data[start:end][:64], rng.choice(target.words or ODD), rng.choice(ODD))
    piece = rng.choice(words) or b" "
    times = min(rng.choice(PUMPED), target.most // len(piece) + 1)
    return data[:start] + piece * times + data[end:]


MUTATIONS: tuple[Mutation, ...] = (
    _flip, _flip, _remove, _repeat, _insert_odd, _insert_word, _insert_word, _splice, _cross, _pump,
)  # fmt: skip
