"""What LVSM relies on of the kernel's IPVS."""

from __future__ import annotations

from lvsm.core.model import Forwarding, Protocol, Tunnel
from lvsm.core.operations import (
    AddDestination,
    AddService,
    AnyOperation,
    DeleteDestination,
    DeleteService,
    Destination,
    Service,
    ServiceKey,
    ServiceState,
    SetDestination,
    SetService,
    mark_key,
)
from tests.contract.bench import OWN, Bench
from tests.fakes.kernel import IPVS_SYSCTLS

WEB = ServiceKey(protocol=Protocol.TCP, address="198.51.100.10", port=80)
WEB6 = ServiceKey(protocol=Protocol.TCP, address="2001:db8:100::10", port=80)
OTHER = ServiceKey(protocol=Protocol.UDP, address="198.51.100.11", port=53)


def service(key: ServiceKey = WEB, scheduler: str = "wlc", **more: object) -> Service:
    return Service(key=key, scheduler=scheduler, **more)  # type: ignore[arg-type]


def destination(
    address: str = "10.9.0.21",
    *,
    port: int = 80,
    forwarding: Forwarding = Forwarding.DR,
    weight: int = 1,
    upper: int = 0,
    lower: int = 0,
) -> Destination:
    return Destination(
        address=address,
        port=port,
        forwarding=forwarding,
        weight=weight,
        upper_threshold=upper,
        lower_threshold=lower,
    )


def add(entry: Destination, key: ServiceKey = WEB) -> AddDestination:
    return AddDestination(key=key, destination=entry)


def the_kernel_has_ipvs_and_its_table_is_empty(bench: Bench) -> None:
    assert bench.ipvs.available()
    assert bench.ipvs.read() == ()


def every_sysctl_of_ipvs_that_lvsm_sets_is_there(bench: Bench) -> None:
    assert set(bench.sysctls.read(tuple(IPVS_SYSCTLS))) == set(IPVS_SYSCTLS)


def what_is_added_is_read_back(bench: Bench) -> None:
    wanted = (
        ServiceState(
            service=service(WEB, "wrr", persistence=300),
            destinations=(
                destination("10.9.0.21", weight=0),
                destination("10.9.0.22", port=8080, forwarding=Forwarding.NAT, weight=65535),
                destination("10.9.0.23", forwarding=Forwarding.TUN, upper=2000, lower=1000),
            ),
        ),
        ServiceState(
            service=service(WEB6, "mh", flags=("mh-fallback", "mh-port")),
            destinations=(destination("2001:db8:9::21"), destination("2001:db8:9::22", port=81)),
        ),
        ServiceState(service=service(OTHER, "rr", flags=("ops",)), destinations=()),
    )
    operations: list[AnyOperation] = []
    for state in wanted:
        operations.append(AddService(service=state.service))
        operations.extend(add(entry, state.service.key) for entry in state.destinations)
    assert bench.ipvs_codes(*operations) == {}
    assert bench.ipvs.read() == wanted


def a_tunnel_may_mix_families_and_nothing_else(bench: Bench) -> None:
    mixed = destination("2001:db8:9::21", forwarding=Forwarding.TUN)
    assert bench.ipvs_codes(
        AddService(service=service()),
        add(mixed),
        add(destination("2001:db8:9::22", forwarding=Forwarding.DR)),
        add(destination("2001:db8:9::23", forwarding=Forwarding.NAT)),
    ) == {2: "invalid", 3: "invalid"}
    assert bench.ipvs.read()[0].destinations == (mixed,)
    assert bench.ipvs_codes(DeleteDestination(key=WEB, address="2001:db8:9::21", port=80)) == {}
    assert bench.ipvs.read()[0].destinations == ()


def a_service_that_is_there_exists(bench: Bench) -> None:
    assert bench.ipvs_codes(
        AddService(service=service()), AddService(service=service(scheduler="rr"))
    ) == {1: "exists"}
    assert bench.ipvs.read()[0].service.scheduler == "wlc"


def a_service_that_is_not_there_is_missing(bench: Bench) -> None:
    assert bench.ipvs_codes(
        SetService(service=service()),
        DeleteService(key=WEB),
        add(destination()),
        SetDestination(key=WEB, destination=destination()),
        DeleteDestination(key=WEB, address="10.9.0.21", port=80),
    ) == dict.fromkeys(range(5), "missing")


def a_realserver_that_is_there_exists(bench: Bench) -> None:
    assert bench.ipvs_codes(
        AddService(service=service()), add(destination()), add(destination(weight=9))
    ) == {2: "exists"}
    assert bench.ipvs.read()[0].destinations == (destination(),)


def a_realserver_that_is_not_there_is_missing(bench: Bench) -> None:
    assert bench.ipvs_codes(
        AddService(service=service()),
        SetDestination(key=WEB, destination=destination()),
        DeleteDestination(key=WEB, address="10.9.0.21", port=80),
    ) == {1: "missing", 2: "missing"}


def a_realserver_is_named_by_address_and_port(bench: Bench) -> None:
    bench.ipvs_codes(
        AddService(service=service()), add(destination(port=80)), add(destination(port=81))
    )
    assert bench.ipvs_codes(
        DeleteDestination(key=WEB, address="10.9.0.21", port=81),
        DeleteDestination(key=WEB, address="10.9.0.21", port=82),
    ) == {1: "missing"}
    assert bench.ipvs.read()[0].destinations == (destination(port=80),)


def a_scheduler_that_is_not_there_is_no_scheduler(bench: Bench) -> None:
    unknown = service(scheduler="nonesuch")
    assert bench.ipvs_codes(AddService(service=unknown)) == {0: "no-scheduler"}
    assert bench.ipvs.read() == ()
    bench.ipvs_codes(AddService(service=service()))
    assert bench.ipvs_codes(SetService(service=unknown)) == {0: "no-scheduler"}
    assert bench.ipvs.read()[0].service == service()


def thresholds_that_cross_are_refused(bench: Bench) -> None:
    crossed = destination(upper=10, lower=20)
    assert bench.ipvs_codes(AddService(service=service()), add(crossed), add(destination())) == {
        1: "kernel"
    }
    assert bench.ipvs_codes(SetDestination(key=WEB, destination=crossed)) == {0: "kernel"}
    assert bench.ipvs.read()[0].destinations == (destination(),)


def everything_of_a_service_changes_in_place(bench: Bench) -> None:
    bench.ipvs_codes(AddService(service=service()), add(destination()))
    changed = service(scheduler="sh", persistence=60, flags=("sh-port",))
    assert bench.ipvs_codes(SetService(service=changed)) == {}
    assert bench.ipvs.read() == (ServiceState(service=changed, destinations=(destination(),)),)
    assert bench.ipvs_codes(SetService(service=service())) == {}
    assert bench.ipvs.read()[0].service == service()


def everything_of_a_realserver_changes_in_place(bench: Bench) -> None:
    bench.ipvs_codes(AddService(service=service()), add(destination()))
    for changed in (
        destination(weight=0),
        destination(weight=7, upper=100, lower=50),
        destination(forwarding=Forwarding.TUN),
        destination(forwarding=Forwarding.NAT),
    ):
        assert bench.ipvs_codes(SetDestination(key=WEB, destination=changed)) == {}
        assert bench.ipvs.read()[0].destinations == (changed,)


def a_flag_is_read_as_its_scheduler_means_it(bench: Bench) -> None:
    assert (
        bench.ipvs_codes(
            AddService(service=service(WEB, "mh", flags=("sched-2",))),
            AddService(service=service(WEB6, "rr", flags=("mh-port", "sched-3"))),
        )
        == {}
    )
    assert [state.service.flags for state in bench.ipvs.read()] == [
        ("mh-port",),
        ("sched-2", "sched-3"),
    ]


def a_service_goes_with_its_realservers(bench: Bench) -> None:
    bench.ipvs_codes(AddService(service=service()), add(destination()))
    assert bench.ipvs_codes(DeleteService(key=WEB), AddService(service=service())) == {}
    assert bench.ipvs.read() == (ServiceState(service=service()),)


def a_refusal_in_the_middle_stops_nothing(bench: Bench) -> None:
    assert bench.ipvs_codes(
        AddService(service=service()),
        add(destination(), OTHER),
        AddService(service=service()),
        add(destination()),
        AddService(service=service(OTHER, "nonesuch")),
        add(destination("10.9.0.22")),
    ) == {1: "missing", 2: "exists", 4: "no-scheduler"}
    assert len(bench.ipvs.read()[0].destinations) == 2


def a_thousand_realservers_are_one_batch(bench: Bench) -> None:
    entries = [destination(f"10.9.{n >> 8}.{n & 255}") for n in range(1, 1001)]
    assert bench.ipvs_codes(AddService(service=service()), *map(add, entries)) == {}
    assert set(bench.ipvs.read()[0].destinations) == set(entries)
    gone = [DeleteDestination(key=WEB, address=e.address, port=e.port) for e in entries]
    assert bench.ipvs_codes(*gone) == {}
    assert bench.ipvs_codes(*gone) == dict.fromkeys(range(1000), "missing")


def what_is_performed_is_owned_until_it_is_gone(bench: Bench) -> None:
    assert bench.perform(AddService(service=service()), add(destination())) == {}
    assert bench.state().owned.services == (WEB,)
    assert bench.perform(DeleteService(key=WEB)) == {}
    assert bench.state().owned.services == ()
    assert bench.state().services == ()


def a_service_of_somebody_elses_is_adopted_by_setting_it(bench: Bench) -> None:
    bench.ipvs_codes(AddService(service=service()))
    assert bench.state().owned.services == ()
    assert bench.perform(SetService(service=service(scheduler="rr"))) == {}
    assert bench.state().owned.services == (WEB,)


def every_kind_of_service_is_read_back(bench: Bench) -> None:
    every = ServiceKey(protocol=Protocol.TCP, address="198.51.100.12", port=0)
    states = (
        ServiceState(
            service=service(every, persistence=60, netmask=24),
            destinations=(destination(port=0),),
        ),
        ServiceState(
            service=service(WEB6, persistence=60, netmask=64),
            destinations=(destination("2001:db8:9::21"),),
        ),
        ServiceState(
            service=service(mark_key(7, 4), "mh", persistence=300, flags=("mh-port",)),
            destinations=(destination(port=0, forwarding=Forwarding.NAT),),
        ),
        ServiceState(
            service=service(mark_key(2**32 - 1, 6), "rr", flags=("ops",)),
            destinations=(destination("2001:db8:9::21", port=0),),
        ),
    )
    wanted: list[AnyOperation] = []
    for state in states:
        wanted.append(AddService(service=state.service))
        wanted += [add(entry, state.service.key) for entry in state.destinations]
    assert bench.ipvs_codes(*wanted) == {}
    assert bench.ipvs.read() == states


def a_mark_names_a_service_in_each_family(bench: Bench) -> None:
    four, six = mark_key(7, 4), mark_key(7, 6)
    assert (
        bench.ipvs_codes(AddService(service=service(four)), AddService(service=service(six))) == {}
    )
    changed = service(four, "rr", persistence=60, netmask=16)
    assert bench.ipvs_codes(
        SetService(service=changed),
        DeleteService(key=six),
        add(destination(port=0), six),
        AddService(service=service(four)),
    ) == {2: "missing", 3: "exists"}
    assert bench.ipvs.read() == (ServiceState(service=changed),)


def a_netmask_goes_as_it_came(bench: Bench) -> None:
    narrow = service(persistence=60, netmask=24)
    bench.ipvs_codes(AddService(service=narrow))
    assert bench.ipvs_codes(SetService(service=service(persistence=60))) == {}
    assert bench.ipvs.read()[0].service == service(persistence=60)


def tunnels_of_every_kind_mix_families_and_are_read_back(bench: Bench) -> None:
    entries = tuple(
        Destination(
            address=address,
            port=80,
            forwarding=Forwarding.TUN,
            weight=1,
            tunnel=tunnel,
            tunnel_port=port,
        )
        for address, tunnel, port in (
            ("10.9.0.21", Tunnel.IPIP, 0),
            ("10.9.0.22", Tunnel.GUE, 6080),
            ("10.9.0.23", Tunnel.GRE, 0),
            ("2001:db8:9::21", Tunnel.IPIP, 0),
        )
    )
    assert bench.ipvs_codes(AddService(service=service()), *map(add, entries)) == {}
    assert set(bench.ipvs.read()[0].destinations) == set(entries)
    plain = destination("10.9.0.22", forwarding=Forwarding.TUN)
    assert bench.ipvs_codes(SetDestination(key=WEB, destination=plain)) == {}
    assert plain in bench.ipvs.read()[0].destinations


def a_realserver_that_is_this_machine_keeps_its_method(bench: Bench) -> None:
    own = OWN.partition("/")[0]
    entries = tuple(
        destination(own, port=port, forwarding=method)
        for port, method in ((80, Forwarding.DR), (81, Forwarding.NAT), (82, Forwarding.TUN))
    )
    assert bench.ipvs_codes(AddService(service=service()), *map(add, entries)) == {}
    assert bench.ipvs.read()[0].destinations == entries
