"""What a change would do on one node: its operations, and the live connections that each ends.

Law: nothing is estimated. The operations are those that the plan has for this kernel at this
moment, the connections those that this kernel counts now; a connection is counted once, at the
first step that ends it.

What ends connections: a realserver that leaves a service's table, and a service that goes. An
address that leaves an interface while its service stays moves them: whether the next director goes
on with them is a question of its table (connection-sync, or a scheduler that chooses alike).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from lvsm.core.desired import NodeState
from lvsm.core.errors import LvsmError, shortened
from lvsm.core.groups import Action, Group, Peer, decide
from lvsm.core.methods import HIDDEN
from lvsm.core.model import Failback
from lvsm.core.operation_text import command, key_text
from lvsm.core.operations import (
    AnyOperation,
    DeleteAddress,
    DeleteDestination,
    DeleteService,
    DestinationLoad,
    InterfaceAddress,
    KernelState,
    ServiceKey,
    Value,
)


class BadPlanError(LvsmError):
    """A peer's bytes that are no plan."""

    code = "bad-plan"


class Step(Value, frozen=True, kw_only=True, omit_defaults=True):
    """One operation, and the command that does the same.

    `ends` are the live connections that it ends; `moves` those that it leaves to another director.
    """

    command: str
    operation: AnyOperation
    ends: int = 0
    moves: int = 0


class Outlook(Value, frozen=True, kw_only=True):
    """What a node would do: its steps in order, and what it could not do.

    `ends` and `moves` are the connections by virtual service, of those that have any; a service
    that LVSM did not make goes by its name in the kernel.
    """

    steps: tuple[Step, ...] = ()
    ends: dict[str, int] = msgspec.field(default_factory=dict)
    moves: dict[str, int] = msgspec.field(default_factory=dict)
    problems: tuple[str, ...] = ()


def counted(operations: Sequence[AnyOperation], have: KernelState) -> tuple[ServiceKey, ...]:
    """The services of which connections have to be counted: some operation ends or moves theirs."""
    keys: dict[ServiceKey, None] = {}
    leaving = set()
    for operation in operations:
        match operation:
            case DeleteDestination(key=key) | DeleteService(key=key):
                keys[key] = None
            case DeleteAddress(address=entry) if entry.interface not in HIDDEN:
                leaving.add(_ip(entry))
    for state in have.services:
        if state.service.key.address in leaving:
            keys[state.service.key] = None
    return tuple(keys)


def outlook(
    want: NodeState,
    have: KernelState,
    operations: Sequence[AnyOperation],
    loads: Sequence[DestinationLoad],
    vip_of: Mapping[ServiceKey, str],
) -> Outlook:
    """What a node with kernel `have` would do to get what it should have: the plan's `operations`.

    `loads` are what the kernel counts now for the services in `counted`; `vip_of` names the virtual
    service of each key, those included that are there today and go.
    """
    tally = _Tally(want, loads, vip_of)
    remembered = have.owned.sysctls
    steps = []
    for operation in operations:
        ends, moves = tally.by(operation)
        text = command(operation, remembered)
        steps.append(Step(command=text, operation=operation, ends=ends, moves=moves))
    return Outlook(
        steps=tuple(steps), ends=dict(tally.ends), moves=dict(tally.moves), problems=want.problems
    )


class _Tally:
    """The connections that no step before has ended or moved, by service and realserver."""

    def __init__(
        self, want: NodeState, loads: Sequence[DestinationLoad], vip_of: Mapping[ServiceKey, str]
    ) -> None:
        self._left: defaultdict[ServiceKey, dict[tuple[str, int], int]] = defaultdict(dict)
        self._at: defaultdict[str, dict[ServiceKey, None]] = defaultdict(dict)
        for load in loads:
            self._left[load.key][load.address, load.port] = load.active
            self._at[load.key.address][load.key] = None
        self._stay = {state.service.key for state in want.services}
        self._vip_of = vip_of
        self.ends: Counter[str] = Counter()
        self.moves: Counter[str] = Counter()

    def by(self, operation: AnyOperation) -> tuple[int, int]:
        """How many connections an operation ends, and how many it moves."""
        match operation:
            case DeleteDestination(key=key, address=address, port=port):
                count = self._left[key].pop((address, port), 0)
                return self._note(self.ends, key, count), 0
            case DeleteService(key=key):
                return self._whole(self.ends, key), 0
            case DeleteAddress(address=entry) if entry.interface not in HIDDEN:
                staying = [key for key in self._at[_ip(entry)] if key in self._stay]
                return 0, sum(self._whole(self.moves, key) for key in staying)
        return 0, 0

    def _whole(self, tally: Counter[str], key: ServiceKey) -> int:
        return self._note(tally, key, sum(self._left.pop(key, {}).values()))

    def _note(self, tally: Counter[str], key: ServiceKey, count: int) -> int:
        if count:
            tally[self._vip_of.get(key) or key_text(key)] += count
        return count


def _ip(entry: InterfaceAddress) -> str:
    return entry.address.partition("/")[0]


def held_then(
    me: str, groups: Mapping[str, Group], peers: Mapping[str, Peer], failback: Failback
) -> frozenset[str]:
    """The groups that node `me` will hold when everybody has come to rest.

    As who holds is decided now, with those up and eligible who are so now.
    """
    return frozenset(
        group.id
        for group in groups.values()
        if _keeps(decide(me, group, peers, failback).action, me, group, peers, failback)
    )


def _keeps(
    action: Action, me: str, group: Group, peers: Mapping[str, Peer], failback: Failback
) -> bool:
    if action is Action.KEEP:
        return not _another(me, group, peers, failback)
    return action in (Action.TAKE, Action.ASK)


def _another(me: str, group: Group, peers: Mapping[str, Peer], failback: Failback) -> bool:
    """Whether another director will ask for what `me` keeps until then."""
    return any(
        decide(name, group, peers, failback).action is Action.ASK
        for name in group.directors
        if name != me and name in peers and peers[name].up and peers[name].eligible
    )


def parts(found: Outlook) -> list[dict[str, object]]:
    """An outlook as the items of an answer: first what it is as a whole, then each step."""
    whole = {"ends": found.ends, "moves": found.moves, "problems": list(found.problems)}
    return [whole, *(msgspec.to_builtins(step) for step in found.steps)]


def joined(items: Sequence[Mapping[str, object]]) -> Outlook:
    """The outlook of which these are the parts; raises BadPlanError."""
    if not items:
        raise BadPlanError("a plan without its first part")
    try:
        return msgspec.convert({**items[0], "steps": list(items[1:])}, type=Outlook)
    except (msgspec.MsgspecError, TypeError, RecursionError) as error:
        raise BadPlanError(f"not a node's plan: {shortened(error)}") from error
