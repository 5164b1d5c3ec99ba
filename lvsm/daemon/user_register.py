"""The users as a part of what the nodes agree upon: a change of them is a Save like any other.

Law: a change is made from the users of the head, anew when another Save came first, and leaves the
configuration as it is. Before the first generation there is nothing to agree upon, and each node
has the users of its own plvsd.conf; those of the node that makes it go into the first one.
"""

from __future__ import annotations

from collections.abc import Callable

from lvsm.core.generation import Generation
from lvsm.core.replication.wishes import Wish
from lvsm.core.shared_users import shared
from lvsm.core.users import Users
from lvsm.daemon.deciding import Deciding
from lvsm.daemon.ports import Clock
from lvsm.daemon.save_errors import ToBeConfirmedError


class UserRegister:
    """One node's way to change the users of all."""

    def __init__(
        self,
        *,
        deciding: Deciding,
        voters: Callable[[str], dict[str, str]],
        users: Callable[[], Users],
        clock: Clock,
        new_id: Callable[[], str],
        node: str,
    ) -> None:
        """`users` are those that this node uses now: the head's, or its own.

        `voters` says who decides after a Save of a text (`Replicator.voters`).
        """
        self._deciding = deciding
        self._voters = voters
        self._users = users
        self._clock = clock
        self._new_id = new_id
        self._node = node

    async def change(self, change: Callable[[Users], Users], author: str, comment: str) -> bool:
        """Have the nodes agree upon changed users; False before the first generation.

        Raises what `change` raises, ToBeConfirmedError, and what a Save raises.
        """
        request = self._new_id()

        def wish(head: Generation) -> Wish | None:
            if head.confirm_by is not None:
                raise ToBeConfirmedError(
                    f"generation {head.number} waits to be confirmed: confirm it, or wait until it"
                    " is rolled back"
                )
            if head.users and head.request == request:
                return None  # it came to be meanwhile
            users = shared(change(self._users()))
            if users == head.users:
                return None
            return Wish(
                request=request,
                base=head.order,
                text=head.text,
                author=author,
                node=self._node,
                saved_at=self._clock.now(),
                comment=comment,
                groups=head.groups,
                voters=self._voters(head.text),
                users=users,
            )

        if self._deciding.head.number == 0:
            return False
        await self._deciding.succeed(wish)
        return True
