from __future__ import annotations

from ipaddress import ip_interface

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.core.groups import assign, components
from lvsm.core.model import Configuration, VirtualService

few = st.integers(1, 5)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Services that share few addresses and gateways."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True))
    return Configuration(
        vips={
            name: VirtualService(
                name=name,
                address=ip_interface(f"192.0.2.{draw(few)}"),
                ports=(80,),
                directors=("dir1",),
                nat_gateway=draw(
                    st.none() | few.map(lambda number: ip_interface(f"192.0.2.{number}/24"))
                ),
                enabled=draw(st.sampled_from((True, True, False))),
            )
            for name in names
        }
    )


def keys(vip: VirtualService) -> set[str]:
    return {str(vip.ip), *({str(vip.nat_gateway.ip)} if vip.nat_gateway else ())}


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(configurations())
def test_who_shares_an_address_or_a_gateway_moves_together_and_nobody_else(
    configuration: Configuration,
) -> None:
    found = components(configuration)
    enabled = {vip.name: keys(vip) for vip in configuration.vips.values() if vip.enabled}
    assert sorted(name for names in found for name in names) == sorted(enabled)
    for names in found:
        ours = set().union(*(enabled[name] for name in names))
        others = set().union(*(enabled[name] for name in enabled.keys() - names))
        assert not ours & others
        for name in names:
            rest = set().union(*(enabled[other] for other in names - {name}))
            assert len(names) == 1 or enabled[name] & rest


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(configurations(), configurations())
def test_ids_outlive_a_change_and_none_is_given_twice(
    before: Configuration, after: Configuration
) -> None:
    ids = assign(assign({}, before), after)
    assert sorted(ids.values(), key=sorted) == sorted(components(after), key=sorted)
    assert assign(ids, after) == ids


def test_the_group_that_shares_most_gives_its_id() -> None:
    one = Configuration(
        vips={
            name: VirtualService(
                name=name, address=ip_interface("192.0.2.1"), ports=(80,), directors=("dir1",)
            )
            for name in "abc"
        }
    )
    previous = {"x": frozenset("a"), "y": frozenset("bc"), "z": frozenset("d")}
    assert assign(previous, one) == {"y": frozenset("abc")}
    assert assign({"a": frozenset("q")}, one) == {"a-2": frozenset("abc")}
