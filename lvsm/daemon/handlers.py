"""What plvsd does for each verb of the line protocol: look up, call, answer.

Who may use a verb stands beside it in the table at the end of this file. A handler that changes
something only changes the view or calls the replicator; the control loop performs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lvsm.core import facts as facts_text
from lvsm.core import generation as generation_text
from lvsm.core import status as status_document
from lvsm.core.errors import LvsmError
from lvsm.core.handling import Reply
from lvsm.core.messages import BadRequestError
from lvsm.core.principal import Principal
from lvsm.core.problems import Problem, render
from lvsm.core.session_actions import Request
from lvsm.daemon.checking import Checked
from lvsm.daemon.control import Control
from lvsm.daemon.ports import Clock
from lvsm.daemon.replicator import InvalidError, Replicator
from lvsm.daemon.view import Heard, View
from lvsm.daemon.watch import Watch

STOP_SECONDS = 0.8
"""How long heartbeat's stop waits for a group to be gone; its script gives up after one second."""


class UnknownNameError(LvsmError):
    """Somebody asked for a thing that there is not."""

    code = "unknown-name"


class ForbiddenError(LvsmError):
    """Somebody may not use a verb."""

    code = "forbidden"


class Handlers:
    """One worker's answers to the protocol's verbs."""

    def __init__(
        self,
        *,
        view: View,
        watch: Watch,
        control: Control,
        replicator: Replicator,
        check: Callable[[str], Checked],
        clock: Clock,
        own_facts: Callable[[], facts_text.Facts],
    ) -> None:
        """`check` reads and validates a text; `own_facts` tells what this node is."""
        self._view = view
        self._watch = watch
        self._control = control
        self._replicator = replicator
        self._check = check
        self._clock = clock
        self._own_facts = own_facts
        self._table = self.table()

    def table(self) -> dict[str, Verb]:
        """Every verb with its handler, who may use it, and its line of help."""
        return {
            "STATUS": Verb(self.status, readers, "the state of the whole cluster"),
            "VIP LIST": Verb(self.vip_list, readers, "all virtual services"),
            "VIP SHOW": Verb(self.vip_show, readers, "one virtual service: VIP SHOW name"),
            "CONFIG SHOW": Verb(self.config_show, readers, "the configuration as saved last"),
            "CONFIG CHECK": Verb(
                self.config_check, readers, "hold a text against all rules: CONFIG CHECK bytes=N"
            ),
            "CONFIG SAVE": Verb(
                self.config_save, admins, "save a text: CONFIG SAVE base=G comment=TEXT bytes=N"
            ),
            "EVENT MEMBER": Verb(self.event_member, root, "heartbeat: a node's status"),
            "EVENT HEARTBEAT": Verb(self.event_heartbeat, root, "heartbeat: it is up"),
            "EVENT GIVE": Verb(self.event_give, root, "heartbeat: it gives everything up"),
            "EVENT TAKE": Verb(self.event_heartbeat, root, "heartbeat: look who takes what"),
            "GROUP START": Verb(self.event_heartbeat, root, "heartbeat: look who takes what"),
            "GROUP STOP": Verb(self.group_stop, root, "let a group go: GROUP STOP group"),
            "GROUP ASK": Verb(self.group_ask, nodes, "a director asks for a group"),
            "PEER FACTS": Verb(self.peer_facts, nodes, "what a node is and has"),
            "PEER CONFIG": Verb(self.peer_config, nodes, "a generation that a node has"),
        }

    async def __call__(self, request: Request, reply: Reply) -> None:
        """Answer one request; raises LvsmError, which the server answers with its code."""
        verb = self._table[request.verb]
        if not verb.who(request.principal):
            raise ForbiddenError(f"{request.principal.name} may not use {request.verb}")
        try:
            reply.ok(await verb.handle(request, reply))
        except InvalidError as error:
            for problem in error.problems:
                reply.item(problem_document(problem, request))
            reply.error(error.code, error.message)
        except TimeoutError:
            reply.error("timeout", f"{request.verb} was not done in time; it is still being done")
        except OSError as error:
            reply.error("os-error", f"this node's disk or network refuses: {error}")

    async def status(self, request: Request, reply: Reply) -> str:
        """The whole state of the cluster as this node knows it."""
        _words(request, 0)
        reply.item(status_document.status(self._known()))
        return "that is what this node knows"

    async def vip_list(self, request: Request, reply: Reply) -> str:
        """All virtual services."""
        _words(request, 0)
        known = self._known()
        for name in known.configuration.vips:
            reply.item(status_document.vip(known, name))
        return f"{len(known.configuration.vips)} listed"

    async def vip_show(self, request: Request, reply: Reply) -> str:
        """One virtual service."""
        (name,) = _words(request, 1)
        known = self._known()
        if name not in known.configuration.vips:
            have = ", ".join(sorted(known.configuration.vips)) or "none"
            raise UnknownNameError(f"there is no VIP {name!r}; there are: {have}")
        reply.item(status_document.vip(known, name))
        return "shown"

    async def config_show(self, request: Request, reply: Reply) -> str:
        """The present generation with its text."""
        _words(request, 0)
        generation = self._view.generation
        reply.item(
            {
                "generation": generation.number,
                "epoch": generation.epoch,
                "author": generation.author,
                "node": generation.node,
                "comment": generation.comment,
                "saved_at": generation.saved_at,
                "text": generation.text,
            }
        )
        return f"generation {generation.number}"

    async def config_check(self, request: Request, reply: Reply) -> str:
        """Hold a text against every rule and save nothing."""
        checked = self._check(_text(request))
        count = len(checked.errors)
        valid = "it could be saved" if not count else f"{count} to mend before it can be saved"
        reply.item(
            {
                "valid": not count,
                "problems": [problem_document(problem, request) for problem in checked.problems],
                "rendered": _rendered(checked, request),
                "summary": f"{_name(request)}: {valid}",
            }
        )
        return "checked"

    async def config_save(self, request: Request, reply: Reply) -> str:
        """Make a text the next generation."""
        text = _text(request)
        saved = await self._replicator.save(
            text,
            base=_number(request, "base"),
            author=request.principal.name,
            comment=request.options.get("comment", ""),
        )
        number, have = saved.generation.number, sorted(saved.nodes)
        what = "saved as" if saved.changed else "is already"
        summary = (
            f"{_name(request)} {what} generation {number};"
            f" {len(have)} of {len(self._view.members)} nodes have it"
        )
        reply.item(
            {
                "generation": number,
                "changed": saved.changed,
                "nodes": have,
                "rendered": _rendered(self._check(text), request),
                "summary": summary,
            }
        )
        return summary

    async def event_member(self, request: Request, reply: Reply) -> str:
        """Heartbeat's harc: a node's status changed."""
        node, status = _words(request, 2)
        if node not in self._view.members:
            raise UnknownNameError(f"{node} is no node of this cluster's ha.cf")
        self._watch.member(node, status)
        return "noted"

    async def event_heartbeat(self, request: Request, reply: Reply) -> str:
        """Heartbeat's req_resource: its communications are up, or a node died."""
        self._watch.joined()
        return "noted"

    async def event_give(self, request: Request, reply: Reply) -> str:
        """Heartbeat gives its resources up: whoever else may hold them is to take them."""
        self._watch.leaving()
        return "noted"

    async def group_stop(self, request: Request, reply: Reply) -> str:
        """Let a group go now; answered when this node does not hold it any more, or in 0.8 s."""
        (group,) = _words(request, 1)
        view = self._view
        if group in view.held:
            self._control.offer(group, "asked to stop it")
            view.touch()
        async with asyncio.timeout(STOP_SECONDS), view.stepped:
            await view.stepped.wait_for(lambda: group not in view.held | set(view.offered))
        return "released"

    async def group_ask(self, request: Request, reply: Reply) -> str:
        """A more preferred director asks for a group that this node holds."""
        (group,) = _words(request, 1)
        if group in self._view.held:
            self._control.offer(group, f"{_node(request)} asked for it")
            self._view.touch()
        return "offered"

    async def peer_facts(self, request: Request, reply: Reply) -> str:
        """What another node is and has."""
        facts = facts_text.decode(_bytes(request))
        node = _node(request)
        if facts.node != node:
            raise BadRequestError(f"{node} sent facts of {facts.node}")
        before = self._view.heard.get(node)
        self._view.heard[node] = Heard(facts=facts, at=self._clock.monotonic())
        if before is None or before.facts != facts:
            self._view.touch()
        return "noted"

    async def peer_config(self, request: Request, reply: Reply) -> str:
        """A generation that another node has."""
        await self._replicator.offered(generation_text.decode(_bytes(request)))
        return f"generation {self._view.generation.number}"

    def _known(self) -> status_document.Known:
        view, now = self._view, self._clock.monotonic()
        return status_document.Known(
            me=view.me,
            members=view.members,
            generation=view.generation,
            configuration=view.configuration,
            group_of={name: group.id for group in view.groups.values() for name in group.vips},
            facts={**view.fresh(now), view.me: self._own_facts()},
            statuses=dict(view.statuses),
            held_for={group: now - since for group, since in view.since.items()},
            now=self._clock.now(),
        )


@dataclass(frozen=True, slots=True)
class Verb:
    """A handler, which returns the text after OK, and who may call it."""

    handle: Callable[[Request, Reply], Awaitable[str]]
    who: Callable[[Principal], bool]
    help: str


def root(principal: Principal) -> bool:
    """Heartbeat's scripts, which run as root on this machine."""
    return principal.kind == "local" and principal.uid == 0


def admins(principal: Principal) -> bool:
    """Whoever may change the configuration."""
    return principal.kind == "admin" or root(principal)


def readers(principal: Principal) -> bool:
    """Whoever may look."""
    return admins(principal)


def nodes(principal: Principal) -> bool:
    """Other nodes of the cluster."""
    return principal.kind == "node"


def problem_document(problem: Problem, request: Request) -> dict[str, object]:
    """A problem as a document, with its text for people."""
    text = (request.literal or b"").decode("utf-8", "replace")
    return {**problem.to_json(), "rendered": render(problem, text, _name(request))}


def _rendered(checked: Checked, request: Request) -> list[str]:
    text = (request.literal or b"").decode("utf-8", "replace")
    return [render(problem, text, _name(request)) for problem in checked.problems]


def _words(request: Request, count: int) -> tuple[str, ...]:
    if len(request.args) != count:
        wants = f"{count} word{'' if count == 1 else 's'}" if count else "no words"
        raise BadRequestError(f"{request.verb} takes {wants} after it")
    return tuple(request.args)


def _name(request: Request) -> str:
    return request.options.get("name", "configuration")


def _bytes(request: Request) -> bytes:
    if request.literal is None:
        raise BadRequestError(f"{request.verb} needs bytes=N and N bytes after the line")
    return request.literal


def _text(request: Request) -> str:
    try:
        return _bytes(request).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError(f"the text is not UTF-8: {error.reason}") from error


def _number(request: Request, name: str) -> int | None:
    value = request.options.get(name)
    if value is None:
        return None
    if not value.isdecimal():
        raise BadRequestError(f"{name}={value} is not a number")
    return int(value)


def _node(request: Request) -> str:
    return request.principal.name
