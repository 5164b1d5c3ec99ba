"""Services of somebody else's: left, taken over or removed, as the configuration says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lvsm.core.desired import NodeState
from lvsm.core.foreign import excluded, foreign, heeded, left
from lvsm.core.model import Configuration, ForeignServices, Forwarding, Protocol
from lvsm.core.node_plan import plan
from lvsm.core.operations import (
    DeleteService,
    Destination,
    Service,
    ServiceKey,
    ServiceState,
    SetService,
)
from lvsm.privileged import policy
from tests.fakes.kernel import FakeKernel
from tests.fakes.worlds import aims, kernels, wanted

OWN = ServiceKey(protocol=Protocol.TCP, address="10.0.0.100", port=80)
OTHER = ServiceKey(protocol=Protocol.TCP, address="10.0.0.240", port=25)
HIDDEN = ServiceKey(protocol=Protocol.TCP, address="127.0.0.1", port=25)


def served(key: ServiceKey, scheduler: str = "rr", weight: int = 1) -> ServiceState:
    entry = Destination(address="10.0.0.61", port=key.port, forwarding=Forwarding.DR, weight=weight)
    return ServiceState(service=Service(key=key, scheduler=scheduler), destinations=(entry,))


THEIRS = (served(OWN, weight=9), served(OTHER), served(HIDDEN))


def world(policy_: ForeignServices) -> tuple[FakeKernel, NodeState]:
    kernel = FakeKernel(services=THEIRS)
    want = heeded(NodeState(services=(served(OWN, "wlc"),), foreign=policy_), kernel.read())
    return kernel, want


@pytest.mark.parametrize(
    ("policy_", "there", "stays"),
    [
        (ForeignServices.LEAVE, THEIRS, {OWN, OTHER, HIDDEN}),
        (ForeignServices.ADOPT, (served(OWN, "wlc"), *THEIRS[1:]), {OTHER, HIDDEN}),
        (ForeignServices.EXCLUSIVE, (served(OWN, "wlc"), THEIRS[2]), {HIDDEN}),
    ],
)
def test_what_becomes_of_them(
    policy_: ForeignServices, there: tuple[ServiceState, ...], stays: set[ServiceKey]
) -> None:
    kernel, want = world(policy_)
    assert set(left(want, kernel.read())) == stays
    steps = plan(want, kernel.read())
    policy.check(steps, kernel.read().owned)
    assert kernel.apply(steps) == ()
    assert set(kernel.ipvs.read()) == set(there)
    assert plan(want, kernel.read()) == ()


def test_a_service_that_is_in_the_way_is_a_problem_that_says_what_to_do() -> None:
    _, want = world(ForeignServices.LEAVE)
    [problem] = want.problems
    assert "-t 10.0.0.100:80" in problem
    assert 'foreign_services = "adopt"' in problem


def test_what_is_removed_is_taken_over_first_so_nothing_foreign_is_ever_deleted() -> None:
    kernel, want = world(ForeignServices.EXCLUSIVE)
    steps = plan(want, kernel.read())
    taken = steps.index(SetService(service=Service(key=OTHER, scheduler="rr")))
    assert taken < steps.index(DeleteService(key=OTHER))


@given(
    kernel=kernels,
    aim=aims(),
    policy_=st.sampled_from(ForeignServices),
    data=st.data(),
)
def test_from_every_prefix_of_the_plan_on_it_comes_out_as_the_configuration_says(
    kernel: FakeKernel,
    aim: tuple[Configuration, object],
    policy_: ForeignServices,
    data: st.DataObject,
) -> None:
    configuration, holding = aim
    cluster = replace(configuration.cluster, foreign_services=policy_)
    configuration = replace(configuration, cluster=cluster)
    before = kernel.read()

    def want() -> NodeState:
        state = wanted(configuration, holding, interfaces=kernel.read().own_interfaces())  # type: ignore[arg-type]
        return heeded(state, kernel.read())

    named = {s.service.key for s in want().services} | {
        s.service.key
        for s in wanted(configuration, holding, interfaces=before.own_interfaces()).services  # type: ignore[arg-type]
    }
    theirs = {state.service.key: state for state in foreign(before)}
    steps = plan(want(), kernel.read())
    policy.check(steps, kernel.read().owned)
    kernel.apply(steps[: data.draw(st.integers(0, len(steps)))])
    assert kernel.apply(plan(want(), kernel.read())) == ()
    after = {state.service.key: state for state in kernel.read().services}
    match policy_:
        case ForeignServices.LEAVE:
            assert {key: after.get(key) for key in theirs} == theirs
        case ForeignServices.ADOPT:
            rest = {key: state for key, state in theirs.items() if key not in named}
            assert {key: after.get(key) for key in rest} == rest
        case ForeignServices.EXCLUSIVE:
            assert set(after) <= named
    assert plan(want(), kernel.read()) == ()
    assert excluded(want(), kernel.read()) == ()
