"""A client that goes on connecting, and what it saw: `traffic_client.py` and its lines."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.lab.client import Lab
from tests.lab.errors import LabError
from tests.lab.process import Process

CLIENT = "/opt/tree/tests/lab/traffic_client.py"
LONGEST_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One connection: when it began (seconds) and which body it got, None for a failure."""

    start: float
    body: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All attempts of one client, in the order in which they began."""

    attempts: tuple[Attempt, ...]

    @property
    def failed(self) -> int:
        """How many got no answer in time."""
        return sum(attempt.body is None for attempt in self.attempts)

    @property
    def by_realserver(self) -> dict[str, int]:
        """How many each realserver answered."""
        return dict(sorted(Counter(a.body for a in self.attempts if a.body is not None).items()))

    @property
    def gap(self) -> float:
        """The longest time from a failure's begin to the begin of the next success, in seconds.

        Without a later success it lasts until the last attempt began.
        """
        longest, first_failure = 0.0, None
        for attempt in self.attempts:
            if attempt.body is None:
                first_failure = attempt.start if first_failure is None else first_failure
                longest = max(longest, attempt.start - first_failure)
            elif first_failure is not None:
                longest = max(longest, attempt.start - first_failure)
                first_failure = None
        return longest


def read(lines: Iterable[str]) -> Seen:
    """The attempts in `traffic_client.py`'s output."""
    attempts = []
    for line in lines:
        start, _, result = line.strip().partition(" ")
        if not start:
            continue
        failed = result.startswith("!")
        attempts.append(
            Attempt(
                start=float(start),
                body=None if failed else result,
                reason=result[1:] if failed else "",
            )
        )
    return Seen(attempts=tuple(sorted(attempts, key=lambda attempt: attempt.start)))


class Running:
    """A client that connects again and again until `stop`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def first(self) -> None:
        """Wait until it has had its first answer or failure."""
        self._process.read_line()

    def wait_for_answer(self, seconds: float = 30) -> None:
        """Wait until an attempt after a failed one gets its answer: the outage is over.

        Nothing is asked of the nodes meanwhile, which have better things to do.
        """
        end = time.monotonic() + seconds
        failed = False
        while left := max(0.0, end - time.monotonic()):
            line = self._process.read_line(left)
            failed = failed or b" !" in line
            if failed and b" !" not in line:
                return
        raise LabError(f"no answer within {seconds:g} s")

    def stop(self) -> Seen:
        """End it and return what it saw."""
        self._process.close_stdin()
        result = self._process.wait()
        return read(result.out.decode().splitlines())


@contextmanager
def running(lab: Lab, address: str, port: int = 80, node: str = "client") -> Iterator[Running]:
    """Connect to an address every 20 ms, from a node of a lab that has the checkout in it."""
    argv = ["/usr/bin/python3", "-ISE", CLIENT, address, str(port), str(LONGEST_SECONDS)]
    with lab.start(node, argv) as process:
        client = Running(process)
        client.first()
        yield client
