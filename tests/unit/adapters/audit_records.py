"""Records for tests of the audit log."""

from __future__ import annotations

from lvsm.core.audit import LoginRefused, login_refused, render


def record(name: str, *, at: float = 1e9, seq: int = 0) -> LoginRefused:
    made = login_refused(name, "10.0.0.9", node="dir1", at=at)
    return LoginRefused(
        seq=seq, time=made.time, at=made.at, node=made.node, name=name, origin=made.origin
    )


def line(seq: int, *, at: float = 1e9) -> bytes:
    return render(record(f"user{seq}", at=at, seq=seq)) + b"\n"
