"""What a session wants to be done, in order, and how much of that is said to the client."""

from __future__ import annotations

from lvsm.core.responses import Response
from lvsm.core.session_actions import Action, Send


class Output:
    """Gathers actions until they are taken."""

    def __init__(self) -> None:
        """Nothing is to be done."""
        self._actions: list[Action] = []
        self.said = 0
        """Bytes, since whoever counts them has set it to 0."""

    def send(self, response: Response) -> None:
        """Say a line, or several, to the client."""
        data = response.render().encode("utf-8") + b"\n"
        self.said += len(data)
        self._actions.append(Send(data))

    def do(self, action: Action) -> None:
        """Have something else done."""
        self._actions.append(action)

    def taken(self) -> list[Action]:
        """What was gathered, which is somebody else's affair from now on."""
        actions, self._actions = self._actions, []
        return actions
