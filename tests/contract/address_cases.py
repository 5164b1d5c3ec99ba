"""What LVSM relies on of interfaces, addresses and sysctls: needs no IPVS."""

from __future__ import annotations

import pytest

from lvsm.adapters.sysctl import SysctlError
from lvsm.core.operations import (
    AddAddress,
    Announce,
    DeleteAddress,
    HoldGroup,
    InterfaceAddress,
    ReleaseGroup,
    RestoreSysctl,
    SetSysctl,
)
from lvsm.core.verbs import Read, State
from tests.contract.bench import INTERFACE, OWN, OWN6, Bench
from tests.fakes.kernel import PROMOTE, SYSCTLS

VIP = InterfaceAddress(interface=INTERFACE, address="198.51.100.10/32")
VIP6 = InterfaceAddress(interface=INTERFACE, address="2001:db8:100::10/128")
ALIAS = InterfaceAddress(interface="lo", address="198.51.100.10/32")
ARP_IGNORE = "net.ipv4.conf.all.arp_ignore"


def on(address: str, interface: str = INTERFACE) -> InterfaceAddress:
    return InterfaceAddress(interface=interface, address=address)


def interfaces_are_seen_with_their_addresses_and_carrier(bench: Bench) -> None:
    found = {i.name: i for i in bench.addresses.read_interfaces()}
    assert {"lo", INTERFACE} <= set(found)
    assert found[INTERFACE].carrier
    assert bench.on() == {OWN, OWN6}
    assert "127.0.0.1/8" in bench.on("lo")


def an_address_comes_and_goes(bench: Bench) -> None:
    for address in (VIP, VIP6):
        assert bench.address_codes(AddAddress(address=address)) == {}
        assert bench.on() == {OWN, OWN6, address.address}
        assert bench.address_codes(DeleteAddress(address=address)) == {}
        assert bench.on() == {OWN, OWN6}


def an_address_that_is_there_exists(bench: Bench) -> None:
    for address in (VIP, VIP6):
        add = AddAddress(address=address)
        assert bench.address_codes(add, add) == {1: "exists"}


def an_address_that_is_not_there_is_missing(bench: Bench) -> None:
    for address in (VIP, VIP6):
        assert bench.address_codes(DeleteAddress(address=address)) == {0: "missing"}


def an_interface_that_is_not_there_is_no_interface(bench: Bench) -> None:
    add = AddAddress(address=on("198.51.100.10/32", "gone0"))
    delete = DeleteAddress(address=on("198.51.100.10/32", "gone0"))
    assert bench.address_codes(add, delete) == {0: "no-interface", 1: "no-interface"}


def a_refusal_in_the_middle_stops_nothing(bench: Bench) -> None:
    operations = (
        AddAddress(address=VIP),
        AddAddress(address=on("198.51.100.11/32", "gone0")),
        DeleteAddress(address=on("198.51.100.12/32")),
        AddAddress(address=VIP),
        AddAddress(address=VIP6),
    )
    assert bench.address_codes(*operations) == {1: "no-interface", 2: "missing", 3: "exists"}
    assert bench.on() == {OWN, OWN6, VIP.address, VIP6.address}


def an_alias_and_the_address_itself_do_not_disturb_each_other(bench: Bench) -> None:
    assert bench.address_codes(AddAddress(address=ALIAS), AddAddress(address=VIP)) == {}
    assert bench.address_codes(DeleteAddress(address=ALIAS)) == {}
    assert VIP.address in bench.on()
    assert ALIAS.address not in bench.on("lo")


def another_prefix_is_another_address_for_ipv4_alone(bench: Bench) -> None:
    assert (
        bench.address_codes(
            AddAddress(address=on("203.0.113.7/32")), AddAddress(address=on("203.0.113.7/24"))
        )
        == {}
    )
    assert bench.address_codes(
        AddAddress(address=on("2001:db8:7::7/128")), AddAddress(address=on("2001:db8:7::7/64"))
    ) == {1: "exists"}


def a_wrong_prefix_is_missing(bench: Bench) -> None:
    bench.address_codes(AddAddress(address=VIP), AddAddress(address=VIP6))
    assert bench.address_codes(
        DeleteAddress(address=on("198.51.100.10/24")),
        DeleteAddress(address=on("2001:db8:100::10/64")),
    ) == {0: "missing", 1: "missing"}


def a_networks_first_address_takes_the_others_with_it(bench: Bench) -> None:
    bench.address_codes(
        *(AddAddress(address=on(f"203.0.113.{n}/24")) for n in (1, 2, 3)),
        AddAddress(address=on("203.0.113.4/32")),
    )
    assert bench.address_codes(DeleteAddress(address=on("203.0.113.2/24"))) == {}
    assert bench.on() == {OWN, OWN6, "203.0.113.1/24", "203.0.113.3/24", "203.0.113.4/32"}
    assert bench.address_codes(DeleteAddress(address=on("203.0.113.1/24"))) == {}
    assert bench.on() == {OWN, OWN6, "203.0.113.4/32"}


def a_networks_first_address_goes_alone_where_others_are_promoted(bench: Bench) -> None:
    bench.sysctls.write(PROMOTE, 1)
    bench.address_codes(*(AddAddress(address=on(f"203.0.113.{n}/24")) for n in (1, 2, 3)))
    assert bench.address_codes(DeleteAddress(address=on("203.0.113.1/24"))) == {}
    assert bench.on() == {OWN, OWN6, "203.0.113.2/24", "203.0.113.3/24"}


def an_ipv6_networks_first_address_goes_alone(bench: Bench) -> None:
    bench.address_codes(*(AddAddress(address=on(f"2001:db8:7::{n}/64")) for n in (1, 2)))
    assert bench.address_codes(DeleteAddress(address=on("2001:db8:7::1/64"))) == {}
    assert bench.on() == {OWN, OWN6, "2001:db8:7::2/64"}


def a_thousand_addresses_are_one_batch(bench: Bench) -> None:
    texts = {f"203.0.{n >> 8}.{n & 255}/32" for n in range(1, 1001)}
    assert bench.address_codes(*(AddAddress(address=on(text)) for text in texts)) == {}
    assert bench.on() == {OWN, OWN6} | texts
    assert bench.address_codes(*(DeleteAddress(address=on(text)) for text in texts)) == {}
    assert bench.on() == {OWN, OWN6}


def more_refusals_than_one_send_are_all_told(bench: Bench) -> None:
    missing = [DeleteAddress(address=on(f"203.0.{n >> 8}.{n & 255}/32")) for n in range(1, 701)]
    assert bench.address_codes(*missing) == dict.fromkeys(range(700), "missing")
    assert bench.address_codes(AddAddress(address=VIP)) == {}


def a_sysctl_is_read_and_written(bench: Bench) -> None:
    assert bench.sysctls.read((ARP_IGNORE,)) == {ARP_IGNORE: 0}
    bench.sysctls.write(ARP_IGNORE, 1)
    assert bench.sysctls.read((ARP_IGNORE,)) == {ARP_IGNORE: 1}


def a_sysctl_that_is_not_there_is_left_out_and_not_written(bench: Bench) -> None:
    assert bench.sysctls.read(("net.ipv4.conf.all.no_such_thing",)) == {}
    with pytest.raises(SysctlError):
        bench.sysctls.write("net.ipv4.conf.all.no_such_thing", 1)


def every_sysctl_that_lvsm_sets_is_there(bench: Bench) -> None:
    assert set(bench.sysctls.read(tuple(SYSCTLS))) == set(SYSCTLS)


def what_is_performed_is_owned_until_it_is_gone(bench: Bench) -> None:
    hold = HoldGroup(group="web", addresses=(VIP,))
    refused = bench.perform(hold, AddAddress(address=VIP), Announce(address=VIP))
    assert refused == {}
    assert bench.state().owned.addresses == (VIP,)
    assert bench.state().owned.groups == {"web": (VIP,)}
    assert bench.perform(DeleteAddress(address=VIP), ReleaseGroup(group="web")) == {}
    assert bench.state().owned.addresses == ()
    assert bench.state().owned.groups == {}


def what_is_so_already_is_no_failure(bench: Bench) -> None:
    add, delete = AddAddress(address=VIP), DeleteAddress(address=VIP)
    assert bench.perform(add) == {}
    assert bench.perform(add) == {}
    assert bench.perform(delete) == {}
    assert bench.state().owned.addresses == ()


def a_sysctl_is_put_back_to_what_it_was(bench: Bench) -> None:
    bench.sysctls.write(ARP_IGNORE, 2)
    assert bench.perform(SetSysctl(name=ARP_IGNORE, value=1)) == {}
    assert bench.state().sysctls[ARP_IGNORE] == 1
    assert bench.perform(RestoreSysctl(name=ARP_IGNORE)) == {}
    assert bench.state().sysctls[ARP_IGNORE] == 2


def the_next_performer_goes_on_where_the_last_one_ended(bench: Bench) -> None:
    bench.perform(
        SetSysctl(name=ARP_IGNORE, value=1),
        HoldGroup(group="web", addresses=(VIP,)),
        AddAddress(address=VIP),
    )
    before = bench.state()
    after = bench.again().answer(Read())
    assert isinstance(after, State)
    assert after.kernel == before


def an_announcement_without_an_interface_is_told(bench: Bench) -> None:
    gone = on("198.51.100.77/32", "gone0")
    assert bench.perform(AddAddress(address=gone), Announce(address=gone)) == {
        0: "no-interface",
        1: "no-interface",
    }


def announcements_of_both_families_and_on_lo_are_sent(bench: Bench) -> None:
    addresses = (VIP, VIP6, ALIAS)
    adds = [AddAddress(address=address) for address in addresses]
    assert bench.perform(*adds, *(Announce(address=address) for address in addresses)) == {}
