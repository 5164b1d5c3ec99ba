"""What can be fuzzed: a parser, what to feed it, and the law that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from random import Random


class BrokenLawError(AssertionError):
    """The parser took an input and did something with it that it must never do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One parser that faces a stranger.

    `run` feeds it an input and returns something that says what kind of input that was; it raises
    LvsmError for what is refused, and BrokenLawError. `make` draws an input by the grammar.
    `seeds` are honest inputs, none of them empty. `most` is the largest input in bytes.
    """

    name: str
    run: Callable[[bytes], Hashable]
    make: Callable[[Random], bytes]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    most: int = 8 * 1024


def law(holds: object, said: str) -> None:
    """Raise BrokenLawError unless it holds."""
    if not holds:
        raise BrokenLawError(said)


def text_of(data: bytes) -> str:
    """An input as text, whatever its bytes."""
    return data.decode("utf-8", "replace")
