"""The server's side of one connection as a state machine, without I/O.

Law: bytes, answers and the passing of time go in; actions come out, in the order in which they are
to be done. What a state does with a word, and where it goes from there, is in `session_table` and
nowhere else. Requests are answered in the order in which they came, one at a time, and not more of
them a second than the allowance says; what a client sends ahead is bounded, and so is everything
that somebody who has not logged in can make a server keep.

A login that failed ends the connection: one connection is one attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from lvsm.core import messages
from lvsm.core.admission import Limits
from lvsm.core.allowance import Allowance
from lvsm.core.lines import Line, LineReader, Literal, StreamError
from lvsm.core.messages import Command
from lvsm.core.principal import Principal
from lvsm.core.responses import Err, Greeting, Listing, Ok, Response
from lvsm.core.server_login import ServerLogin
from lvsm.core.session_actions import (
    Action,
    Close,
    Deliver,
    LoggedIn,
    Request,
    Settle,
    Wait,
)
from lvsm.core.session_output import Output
from lvsm.core.session_queue import Queue
from lvsm.core.session_table import (
    CANNED,
    MOVES,
    STRANGERS_LISTING,
    TABLE,
    Reaction,
    State,
    Turn,
    Word,
)
from lvsm.core.session_turns import Turns
from lvsm.core.session_words import understood


class Session:
    """One connection; every `now` is monotonic seconds."""

    def __init__(
        self,
        *,
        greeting: Greeting,
        verbs: Mapping[str, str],
        listing: Listing,
        origin: str,
        limits: Limits,
        login: ServerLogin | None = None,
        principal: Principal | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """Either `login` says who may log in, or `principal` who is there already.

        `verbs` has each verb in capitals with its line of help, LOGIN_VERBS among them; `listing`
        is `listed(verbs)`. With an `allowance` the connection shares it, else it has its own.
        """
        self._greeting = greeting
        self._verbs = verbs
        self._listing = listing
        self._origin = origin
        self._limits = limits
        self._login = login
        self._reader = LineReader(max_line=limits.line_before_login, max_literal=limits.literal)
        self._command: Command | None = None
        self._queue = Queue(allowance or limits.allowance())
        self._output = Output()
        self._turns = Turns()
        self._ended = False
        self._before_login = 0
        self._began = 0.0
        self._heard = 0.0
        self.state = State.GREETING
        self.principal = principal

    def start(self, now: float) -> list[Action]:
        """Greet; whoever is known already is ready at once."""
        self._began = self._heard = now
        self._output.send(self._greeting)
        if self.principal is None:
            self._move(Turn.GREETED)
        else:
            self._become(self.principal, Turn.VOUCHED)
        return self._output.taken()

    def receive(self, data: bytes, now: float) -> list[Action]:
        """Bytes have arrived."""
        if self.state is not State.CLOSED:
            self._reader.feed(data)
            self._read(now)
        return self._output.taken()

    def ended(self, now: float) -> list[Action]:
        """The client will send no more: what it asked for is answered, and then it is over."""
        self._ended = True
        self._read(now)
        return self._output.taken()

    def answered(self, now: float) -> list[Action]:
        """The delivered request has its OK or ERR: go on with the next."""
        self._queue.answered()
        self._heard = now
        self._read(now)
        return self._output.taken()

    def rested(self, now: float) -> list[Action]:
        """The `Wait` is over: the next request may be within the allowance."""
        self._queue.rested()
        self._read(now)
        return self._output.taken()

    def settled(self, now: float) -> list[Action]:
        """The penalty has passed: tell how the login ended."""
        if self.state is not State.SETTLING or self._login is None:
            return []
        principal, proof = self._login.principal, self._login.proof
        if proof is None:
            self._refuse("auth-failed", "the user or the password is wrong", Turn.FAILED)
            return self._output.taken()
        self._output.send(proof)
        who = principal.name if principal.session else self._login.user
        self._output.send(Ok(0, f"logged in as {who}"))
        self._become(principal, Turn.PROVED)
        self._heard = now
        self._read(now)
        return self._output.taken()

    def tick(self, now: float, *, busy: bool = False) -> list[Action]:
        """Time has passed; `busy` says that something (a WATCH) still goes out unasked."""
        late = now - self._began >= self._limits.login_seconds
        quiet = self._queue.idle and not busy
        idle = quiet and now - self._heard >= self._limits.idle_seconds
        if late and self.state in {State.UNAUTHENTICATED, State.AUTHENTICATING}:
            self._refuse("timeout", "log in sooner after connecting")
        elif idle and self.state is State.READY:
            self._refuse("timeout", "nothing was asked for too long: connect again")
        return self._output.taken()

    def dismiss(self, code: str, message: str) -> list[Action]:
        """Whoever logged in may stay no longer: say why, and end it."""
        if self.state is State.READY:
            self._refuse(code, message)
        return self._output.taken()

    def _read(self, now: float) -> None:
        """Take events until there are none, enough waits already, or others are to have a turn."""
        self._turns.begin()
        self._output.said = 0
        try:
            while self._may_read(now):
                event = self._reader.next_event()
                if event is None:
                    break
                self._heard = now
                if isinstance(event, Line):
                    self._line(event.text)
                else:
                    self._literal(event)
                if self._turns.took(self._output.said):
                    self._yield()
                    break
        except StreamError as error:
            self._queue.put(Err(error.code, error.message))
            self._queue.put(Close(error.code))
        self._pace(now)

    def _yield(self) -> None:
        """Go on later with what was read ahead: when there is an answer, or at once otherwise."""
        if self._queue.idle:
            self._queue.rest()
            self._output.do(Wait(0.0))

    def _may_read(self, now: float) -> bool:
        self._advance(now)
        return (
            self.state not in {State.CLOSED, State.SETTLING}
            and len(self._queue) < self._limits.pipelined
            and not self._queue.closing
        )

    def _line(self, text: str) -> None:
        if self.state is State.AUTHENTICATING:
            self._proof(text)
        elif (found := understood(text, self._verbs)) is not None:
            self._react(*found)

    def _react(self, word: Word, command: Command) -> None:
        reaction = TABLE[self.state, word]
        if reaction in CANNED:
            self._answer(CANNED[reaction])
        else:
            self._REACTIONS[reaction](self, command)

    def _literal(self, literal: Literal) -> None:
        command, self._command = self._command, None
        if command is not None:
            self._request(command, literal.data)

    def _request(self, command: Command, literal: bytes | None = None) -> None:
        if not command.known:
            self._answer(Err("unknown-verb", f"there is no {command.verb}: HELP lists what is"))
        elif self.principal is not None:
            self._queue.put(
                Request.of(command, literal, principal=self.principal, origin=self._origin)
            )

    def _auth(self, command: Command) -> None:
        if self._login is None:
            self._refuse("bad-request", "nobody logs in here: the kernel says who is there")
            return
        step = self._login.open(command.args)
        if isinstance(step, Err):
            self._refuse(step.code, step.message)
        else:
            self._output.send(step)
            self._move(Turn.OPENED)

    def _proof(self, text: str) -> None:
        if self._login is not None:
            accepted = self._login.close(text)
            self._move(Turn.TRIED)
            self._output.do(Settle(self._login.user, accepted))

    def _quit(self, _command: Command) -> None:
        self._answer(Ok(0, "good bye"))
        self._queue.put(Close("quit"))

    def _help(self, _command: Command) -> None:
        self._answer(STRANGERS_LISTING if self.principal is None else self._listing)

    def _complain(self, command: Command) -> None:
        self._answer(Err("bad-request", command.args[0]))
        if messages.announces_literal(command.verb):
            self._queue.put(Close("a literal may follow a malformed line"))

    def _hang_up(self, _command: Command) -> None:
        self._refuse("bad-request", "log in first, by AUTH: HELP lists what else there is")

    def _take_literal(self, command: Command) -> None:
        self._command = command
        self._reader.expect_literal(command.literal or 0)

    def _answer(self, response: Response) -> None:
        self._queue.put(response)
        if self.principal is None:
            self._before_login += 1
            if self._before_login > self._limits.requests_before_login:
                self._queue.put(Close("too many requests before login"))

    def _advance(self, now: float) -> None:
        """Do what waits, up to the next request that somebody else has to answer."""
        while self.state is not State.CLOSED and (entry := self._queue.take(now)) is not None:
            if isinstance(entry, Request):
                self._output.do(Deliver(entry))
            elif isinstance(entry, Wait):
                self._output.do(entry)
            elif isinstance(entry, Close):
                self._close(entry.reason)
            else:
                self._output.send(entry)

    def _pace(self, now: float) -> None:
        self._advance(now)
        if self._ended and self._queue.idle and self.state not in {State.SETTLING, State.CLOSED}:
            self._close("the client has ended")
        full = self._turns.ended or not self._may_read(now)
        if self.state is not State.CLOSED and (change := self._turns.pace(full=full)):
            self._output.do(change)

    def _become(self, principal: Principal, turn: Turn) -> None:
        self.principal = principal
        self._reader.max_line = self._limits.line_after_login
        if principal.kind == "node":
            self._reader.max_literal = self._limits.peer_literal
        self._move(turn)
        self._output.do(LoggedIn(principal))

    def _refuse(self, code: str, message: str, turn: Turn = Turn.ENDED) -> None:
        self._output.send(Err(code, message))
        self._close(code, turn)

    def _move(self, turn: Turn) -> None:
        self.state = MOVES[self.state, turn]

    def _close(self, reason: str, turn: Turn = Turn.ENDED) -> None:
        self._move(turn)
        self._queue.clear()
        self._output.do(Close(reason))

    _REACTIONS: ClassVar[dict[Reaction, Callable[[Session, Command], None]]] = {
        Reaction.OPEN_LOGIN: _auth,
        Reaction.LIST: _help,
        Reaction.END: _quit,
        Reaction.REQUEST: _request,
        Reaction.TAKE_LITERAL: _take_literal,
        Reaction.COMPLAIN: _complain,
        Reaction.HANG_UP: _hang_up,
    }
