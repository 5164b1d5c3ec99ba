"""What this node should have by a configuration, with everything else as the view has it now.

Law: the control loop and whoever plans ahead ask this one function, so what is foretold is what
will be done.
"""

from __future__ import annotations

from collections.abc import Mapping

from lvsm.core import methods
from lvsm.core.desired import Holding, NodeState, desired, without_ipvs
from lvsm.core.foreign import heeded
from lvsm.core.groups import Group
from lvsm.core.model import Configuration
from lvsm.core.operations import AddressText, KernelState
from lvsm.daemon.view import View


def wanted(
    view: View,
    kernel: KernelState,
    configuration: Configuration,
    groups: Mapping[str, Group],
    holding: Holding,
    fallback_interface: str | None,
) -> NodeState:
    """What this node's kernel should have; `kernel` is what it has."""
    want = desired(
        configuration,
        {group.id: group.vips for group in groups.values()},
        me=view.me,
        holding=holding,
        interfaces=kernel.own_interfaces(),
        fallback_interface=fallback_interface,
        ways_out=kernel.ways_out,
        overlay=view.overlay,
        health=view.health,
    )
    return heeded(want, kernel) if kernel.ipvs else without_ipvs(want)


def causes(
    view: View, kernel: KernelState, configuration: Configuration, groups: Mapping[str, Group]
) -> tuple[object, ...]:
    """Everything large that `wanted` looks at: while each is the same object, so is its answer.

    Holdings are not among them: they are small, and compared by what they say.
    """
    return kernel, configuration, groups, view.overlay, view.health


def sources(configuration: Configuration, me: str) -> tuple[AddressText, ...]:
    """The addresses of this node whose way out is of interest."""
    return tuple(methods.ways_out_wanted(configuration, configuration.vips.values(), me))
