"""Whether somebody who has logged in is still who they were, and with which role.

Law: what holds now is asked anew for each request. A user who was removed, whose password was
changed, or whose session has ended has to log in again; a new role holds from the next request on
(and the server ends the connections of who may do less by it, for something may go on there).
"""

from __future__ import annotations

from dataclasses import replace

from lvsm.core.errors import LvsmError
from lvsm.core.principal import Principal
from lvsm.core.session_credentials import SessionKeys
from lvsm.core.users import Users


class SessionEndedError(LvsmError):
    """Somebody has to log in again."""

    code = "session-ended"


def standing(principal: Principal, users: Users, keys: SessionKeys | None, now: float) -> Principal:
    """The principal with its present role; raises SessionEndedError.

    `keys` are None where the cluster has no key, and then there is no session.
    """
    if not principal.is_user:
        return principal
    user = users.by_name.get(principal.name)
    if user is None:
        raise SessionEndedError(f"there is no user {principal.name} any more")
    if principal.session:
        if keys is None or not keys.valid(principal.session, users, now):
            raise SessionEndedError("the session has ended: log in again")
    elif principal.proved != user.verifier:
        raise SessionEndedError("the password was changed: log in again")
    return replace(principal, role=user.role)
