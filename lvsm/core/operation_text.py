"""Operations as the commands that an administrator would type: for plans, logs and messages.

Law: pasted into a root shell, a line does what its operation does, where there is such a command;
what LVSM only notes for itself is a comment. Services are written as ipvsadm(8) takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_interface

from lvsm.core.filter_rules import AnyRule, Masquerade
from lvsm.core.model import Forwarding, Protocol
from lvsm.core.operations import (
    AddAddress,
    AddDestination,
    AddService,
    Announce,
    AnyOperation,
    BringUp,
    DeleteAddress,
    DeleteDestination,
    DeleteService,
    Destination,
    HoldGroup,
    InterfaceAddress,
    ReleaseGroup,
    RestoreSysctl,
    Service,
    ServiceKey,
    SetDestination,
    SetRules,
    SetService,
    SetSysctl,
    TakeDown,
)

_SWITCHES = {
    Protocol.TCP: "-t",
    Protocol.UDP: "-u",
    Protocol.SCTP: "--sctp-service",
}
_METHODS = {Forwarding.NAT: "-m", Forwarding.DR: "-g", Forwarding.TUN: "-i"}


def command(operation: AnyOperation, remembered: Mapping[str, int] | None = None) -> str:
    """One line for one operation.

    `remembered` are the values that sysctls had before LVSM changed them, where they are known.
    """
    if isinstance(operation, RestoreSysctl) and remembered and operation.name in remembered:
        return f"sysctl -w {operation.name}={remembered[operation.name]}"
    return _of_ipvs(operation) or _of_system(operation)


def _of_ipvs(operation: AnyOperation) -> str:
    match operation:
        case AddService(service=service):
            return f"ipvsadm -A {_service(service)}"
        case SetService(service=service):
            return f"ipvsadm -E {_service(service)}"
        case DeleteService(key=key):
            return f"ipvsadm -D {key_text(key)}"
        case AddDestination(key=key, destination=destination):
            return f"ipvsadm -a {key_text(key)} {destination_text(destination)}"
        case SetDestination(key=key, destination=destination):
            return f"ipvsadm -e {key_text(key)} {destination_text(destination)}"
        case DeleteDestination(key=key, address=address, port=port):
            return f"ipvsadm -d {key_text(key)} -r {_endpoint(address, port)}"
    return ""


def _of_system(operation: AnyOperation) -> str:
    match operation:
        case AddAddress(address=address):
            return f"ip addr add {_address(address)}"
        case DeleteAddress(address=address):
            return f"ip addr del {_address(address)}"
        case SetSysctl(name=name, value=value):
            return f"sysctl -w {name}={value}"
        case BringUp(interface=interface):
            return f"ip link set {interface} up"
        case TakeDown(interface=interface):
            return f"ip link set {interface} down"
    return f"# {_noted(operation)}"


def _noted(operation: AnyOperation) -> str:
    match operation:
        case RestoreSysctl(name=name):
            return f"put {name} back to what it was"
        case SetRules(rules=rules):
            return f"packet filter: {'; '.join(map(_rule, rules)) or 'no rules of LVSM'}"
        case Announce(address=address):
            return f"announce {address.address} on {address.interface}"
        case HoldGroup(group=group):
            return f"note that group {group} is held"
        case ReleaseGroup(group=group):
            return f"note that group {group} is not held"
    return type(operation).__name__


def _rule(rule: AnyRule) -> str:
    if isinstance(rule, Masquerade):
        return f"masquerade {rule.source} but for what leaves by {rule.inside}"
    protocol = f" {rule.protocol}" if rule.protocol else ""
    ports = f" ports {','.join(map(str, rule.ports))}" if rule.ports else ""
    return f"mark {rule.mark} for {rule.address}{protocol}{ports}"


def key_text(key: ServiceKey) -> str:
    """A service's name as ipvsadm takes it: `-t 192.0.2.10:80`."""
    if key.protocol is None:
        return f"-f {key.fwmark}" + (" -6" if key.version == 6 else "")
    return f"{_SWITCHES[key.protocol]} {_endpoint(key.address, key.port)}"


def _service(service: Service) -> str:
    words = [key_text(service.key), "-s", service.scheduler]
    if service.persistence:
        words += ["-p", str(service.persistence)]
    if service.netmask:
        words += ["-M", _mask(service.key.version, service.netmask)]
    if service.engine:
        words += ["--pe", service.engine]
    flags = [flag.replace("sched-", "flag-") for flag in service.flags if flag != "ops"]
    if len(flags) < len(service.flags):
        words.append("-o")
    if flags:
        words += ["-b", ",".join(flags)]
    return " ".join(words)


def _mask(version: int, bits: int) -> str:
    return str(ip_interface(f"0.0.0.0/{bits}").netmask) if version == 4 else str(bits)


def destination_text(entry: Destination) -> str:
    """A realserver as ipvsadm takes it: `-r 10.0.0.21:80 -g -w 1`."""
    words = ["-r", _endpoint(entry.address, entry.port), _METHODS[entry.forwarding]]
    words += ["-w", str(entry.weight)]
    if entry.forwarding is Forwarding.TUN:
        words += ["--tun-type", entry.tunnel.value]
    if entry.tunnel_port:
        words += ["--tun-port", str(entry.tunnel_port)]
    if entry.upper_threshold:
        words += ["-x", str(entry.upper_threshold)]
    if entry.lower_threshold:
        words += ["-y", str(entry.lower_threshold)]
    return " ".join(words)


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _address(entry: InterfaceAddress) -> str:
    return f"{entry.address} dev {entry.interface}"
