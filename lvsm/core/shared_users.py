"""The users as the nodes agree upon them: names, roles and verifiers, beside the configuration.

Law: which sessions ended before their time is each node's own to remember, and told to the others
without a majority; it is no part of what is agreed upon, and never lost by it.
"""

from __future__ import annotations

from dataclasses import replace

from lvsm.core.users import Users, parse, render


def shared(users: Users) -> str:
    """What is agreed upon: the document without ended sessions."""
    kept = {name: replace(user, ended={}, floor=0) for name, user in users.by_name.items()}
    return render(replace(users, by_name=kept))


def merged(text: str, own: Users) -> Users:
    """The agreed users, with the ended sessions that this node knows; raises UsersError."""
    agreed = parse(text)
    kept = {
        name: replace(user, ended=own.by_name[name].ended, floor=own.by_name[name].floor)
        if name in own.by_name
        else user
        for name, user in agreed.by_name.items()
    }
    return replace(agreed, by_name=kept)
