"""What can go wrong between a client and its nodes, each with a stable code.

    UnreachableError        no node answers; nothing was changed
      ProtocolError         what answers there does not speak as plvsd does
      WrongCertificateError it shows another certificate than the one that was asked for
    OutcomeUnknownError     a change was asked for and no answer came: look before you ask again
    NotTheServerError       the server does not know the password either: somebody is between
    RefusedError            plvsd said no: `code`, `message`, `fields`, `items`
      NotAllowedError       this user may not do that
        LoginRefusedError   the user or the password is wrong
      ConflictError         somebody saved meanwhile

All are LvsmErrors. `lvsm.cli.exits` says what a command ends with after each.
"""

from __future__ import annotations

from lvsm.core.conversation import RefusedError
from lvsm.core.errors import LvsmError
from lvsm.core.responses import Err


class UnreachableError(LvsmError):
    """No node answers, or the only one that did was lost while something was read."""

    code = "unreachable"


class ProtocolError(UnreachableError):
    """What answers is no plvsd, or a broken one."""

    code = "bad-response"


class WrongCertificateError(UnreachableError):
    """The node shows another certificate than the one that was asked for; it was told nothing."""

    code = "wrong-certificate"


class OutcomeUnknownError(LvsmError):
    """A change was asked for and no answer came: it may be done or not."""

    code = "outcome-unknown"


class NotTheServerError(LvsmError):
    """The server could not prove that it knows the password: somebody may stand in between."""

    code = "not-the-server"


class NotAllowedError(RefusedError):
    """This user may not do that, or has to log in first."""


class LoginRefusedError(NotAllowedError):
    """The user or the password is wrong."""


class ConflictError(RefusedError):
    """The configuration is not the one any more that the change was made from."""


_CLASSES: dict[str, type[RefusedError]] = {
    "auth-failed": LoginRefusedError,
    "login-required": NotAllowedError,
    "session-ended": NotAllowedError,
    "forbidden": NotAllowedError,
    "conflict": ConflictError,
}


def classified(refusal: RefusedError) -> RefusedError:
    """The same refusal as an error of the class that its code has."""
    kind = _CLASSES.get(refusal.code, RefusedError)
    return kind(Err(refusal.code, refusal.message, refusal.fields), refusal.items)


def summed_up(failures: list[UnreachableError]) -> UnreachableError:
    """What is said when every node has failed."""
    if len(failures) == 1:
        return failures[0]
    return UnreachableError(
        "no node answers:" + "".join(f"\n  {failure.message}" for failure in failures)
    )
