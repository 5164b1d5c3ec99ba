"""The check `tcp`: the connection can be made."""

from __future__ import annotations

from lvsm_checks.probe import UP, Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lvsm_checks.spec import Spec, Target


class Tcp(Probe):
    """Good as soon as the realserver accepts."""

    def connected(self) -> bytes:
        """That was it."""
        self.outcome = UP
        return b""


def prepare(_spec: Spec) -> Callable[[Target], Probe]:
    """Nothing is to be prepared."""
    return lambda _target: Tcp()
