from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import thread_time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lvsm.core.config_text import parse, render
from lvsm.core.model import Configuration, Forwarding, Realserver, VirtualService
from lvsm.core.revalidating import judge, revalidate
from lvsm.core.rules import Facts
from tests.unit.strategies import (
    CLIENTS_NETWORK,
    SoundCluster,
    configurations,
    sound_clusters,
    sound_virtual_services,
)

FACTS = st.sampled_from(
    (Facts(), Facts(members=frozenset("ab")), Facts(without_ipvs=frozenset("a")))
)


def problems(configuration: Configuration, facts: Facts) -> list[str]:
    return sorted(map(str, judge(configuration, facts).problems))


def crowded(configuration: Configuration) -> Configuration:
    """The same with few addresses, nodes and ports, so that services share them."""
    vips = list(configuration.vips.values())
    for index, vip in enumerate(vips[1:], start=1):
        before = vips[index - 1]
        vips[index] = replace(
            vip,
            address=before.address if index % 2 else vip.address,
            ports=before.ports,
            realservers=before.realservers if index % 3 else vip.realservers,
        )
    return replace(configuration, vips={vip.name: vip for vip in vips})


def changed(vip: VirtualService, how: int) -> VirtualService:
    ways: list[Callable[[], VirtualService]] = [
        lambda: replace(vip, directors=(*reversed(vip.directors), "zz")),
        lambda: replace(vip, forwarding=Forwarding.NAT),
        lambda: replace(vip, realservers=(*vip.realservers, Realserver(node="rs"))),
        lambda: replace(vip, realservers=(), enabled=not vip.enabled),
        lambda: replace(vip, ports=(80,), interface="eth9"),
    ]
    return ways[how % len(ways)]()


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), configurations.map(crowded), FACTS)
def test_a_changed_configuration_has_the_problems_that_all_rules_find(
    data: st.DataObject, before: Configuration, facts: Facts
) -> None:
    judged = judge(before, facts)
    for _ in range(3):
        vips = dict(judged.configuration.vips)
        names = data.draw(st.lists(st.sampled_from(sorted(vips)), max_size=2)) if vips else []
        for name in names:
            how = data.draw(st.integers(0, 5))
            if how == 5:
                vips.pop(name, None)
            elif name in vips:
                vips[name] = changed(vips[name], how)
        if data.draw(st.booleans()):
            vips = dict(reversed([(key, replace(vip)) for key, vip in vips.items()]))
        after = replace(judged.configuration, vips=vips)
        judged = revalidate(judged, after, facts)
        assert sorted(map(str, judged.problems)) == problems(after, facts)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(configurations, configurations, FACTS, FACTS)
def test_anything_may_follow_anything(
    one: Configuration, other: Configuration, before: Facts, after: Facts
) -> None:
    found = revalidate(judge(one, before), other, after)
    assert sorted(map(str, found.problems)) == problems(other, after)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), sound_clusters())
def test_a_service_added_to_a_sound_cluster_is_held_against_the_others(
    data: st.DataObject, cluster: SoundCluster
) -> None:
    configuration = cluster.configuration
    nodes = sorted(configuration.nodes)
    new = data.draw(
        sound_virtual_services("zz", CLIENTS_NETWORK[data.draw(st.integers(10, 12))], nodes)
    )
    after = replace(configuration, vips={**configuration.vips, "zz": new})
    found = revalidate(judge(configuration, cluster.facts), after, cluster.facts)
    assert sorted(map(str, found.problems)) == problems(after, cluster.facts)


def test_one_change_costs_a_small_part_of_all_rules() -> None:
    text = "".join(
        f'[vip.v{n}]\naddress = "10.{n // 250}.0.{n % 250 + 1}"\nports = [80]\ndirectors = ["a"]\n'
        + "".join(f'[[vip.v{n}.realserver]]\nnode = "rs{r}"\n' for r in range(8))
        for n in range(1000)
    )
    configuration = parse(text).configuration
    assert configuration is not None
    facts = Facts(members=frozenset(("a", *(f"rs{r}" for r in range(8)))))
    vip = replace(configuration.vips["v7"], persistence=3)
    after = replace(configuration, vips={**configuration.vips, "v7": vip})
    judged = judge(configuration, facts)
    whole, part = [], []
    for _ in range(5):
        began = thread_time()
        judge(after, facts)
        whole.append(thread_time() - began)
        began = thread_time()
        revalidate(judged, after, facts)
        part.append(thread_time() - began)
    assert min(part) < min(whole) / 4
    assert render(after) != text
