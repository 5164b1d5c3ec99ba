"""Readers of answers: text as typed, as a flag has it or as an answers file does, to a value.

Law: a reader refuses at once what heartbeat, plvsd or this machine would not take, with `Wrong`,
and no message repeats a secret.
"""

from __future__ import annotations

import re
from base64 import b64decode
from ipaddress import IPv4Address

from lvsm.core.ha_cf import DEFAULT_UDP_PORT
from lvsm.core.names import RULE, did_you_mean, is_interface, is_name, quoted
from lvsm.core.plvsd_conf import KEY_BYTES
from lvsm.core.readers import Wrong
from lvsm.core.wizard.machine import Machine

KEEP = "\0keep"
GENERATE = "\0generate"
"""Instead of a secret; nobody can type these two."""
AS_IS = "as-is"
MOST_NODES = 100
"""What heartbeat 3.0.6 takes."""

_PARTS = re.compile(r"[,\s]+")
_KEY = re.compile(r"[!-~]{8,200}", re.ASCII)
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)
_UID = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_WATCHDOG = re.compile(r"/dev/[A-Za-z0-9._/-]{1,60}", re.ASCII)


def parts(text: str) -> tuple[str, ...]:
    """The words of a list, which commas or spaces part; raises Wrong for none or one twice."""
    found = [part for part in _PARTS.split(text) if part]
    if not found:
        raise Wrong("empty", "nothing is named", "Name at least one.")
    for index, part in enumerate(found):
        if part in found[:index]:
            raise Wrong("repeated", f"{quoted(part)} stands there twice", "Remove one of them.")
    return tuple(found)


def port(text: str) -> int:
    """A port number."""
    if _PORT.fullmatch(text) is None or not 1 <= int(text) <= 65535:
        advice = "Choose a number between 1 and 65535."
        raise Wrong("range", f"{quoted(text)} is no port", advice)
    return int(text)


def word(text: str, known: tuple[str, ...]) -> str:
    """One of some words, in whatever case."""
    if text.lower() not in known:
        raise Wrong("choice", f"{quoted(text)} is not known", did_you_mean(text.lower(), known))
    return text.lower()


def interfaces(text: str, machine: Machine) -> tuple[str, ...]:
    """Names of interfaces, or their numbers in the list of usable ones."""
    usable = [nic.name for nic in machine.usable()]
    names = []
    for part in parts(text):
        if part not in usable and part.isdecimal() and part.isascii():
            part = _numbered(part, usable)  # noqa: PLW2901  what the number stands for
        _check_interface(part, machine)
        names.append(part)
    return parts(" ".join(names))


def _numbered(part: str, usable: list[str]) -> str:
    if len(part) > 4 or not 1 <= int(part) <= len(usable):
        advice = f"Give numbers from 1 to {len(usable)}, or names." if usable else "Give names."
        raise Wrong("interface", f"there is no interface {quoted(part)} in the list", advice)
    return usable[int(part) - 1]


def _check_interface(name: str, machine: Machine) -> None:
    if not is_interface(name):
        advice = "Write it as `ip link` shows it, like `eth0`."
        raise Wrong("interface", f"{quoted(name)} cannot be an interface", advice)
    if machine.elsewhere or name in {nic.name for nic in machine.usable()}:
        return
    if name in {nic.name for nic in machine.nics}:
        advice = "Give it one, or choose another: heartbeat sends from it."
        raise Wrong("interface", f"{quoted(name)} has no IPv4 address of use", advice)
    near = did_you_mean(name, (nic.name for nic in machine.usable()))
    raise Wrong("interface", f"this machine has no interface {quoted(name)}", near)


def group(text: str) -> str:
    """An IPv4 multicast group."""
    address = _ipv4(text)
    if not address.is_multicast:
        advice = "Choose one between 224.0.1.0 and 239.255.255.255, like 239.255.76.83."
        raise Wrong("address", f"{text} is no multicast group", advice)
    return str(address)


def peers(text: str, over: tuple[str, ...]) -> tuple[str, ...]:
    """`ADDRESS%INTERFACE` for each; the interface may be left out where there is only one."""
    found = []
    for part in parts(text):
        address, percent, name = part.partition("%")
        _unicast(_ipv4(address))
        if not percent and len(over) != 1:
            advice = f"Write {address}%{over[0] if over else 'eth0'}, say."
            raise Wrong("interface", f"{address} does not say by which interface", advice)
        if percent and name not in over:
            message = f"{quoted(name)} is not among heartbeat's interfaces"
            raise Wrong("interface", message, did_you_mean(name, over))
        found.append(f"{address}%{name or over[0]}")
    return parts(" ".join(found))


def _ipv4(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except ValueError:
        advice = "Write it like 10.1.0.11, without leading zeros: heartbeat speaks IPv4."
        raise Wrong("address", f"{quoted(text)} is no IPv4 address", advice) from None


def _unicast(address: IPv4Address) -> None:
    if address.is_multicast or address.is_loopback or address.is_unspecified or address.is_reserved:
        advice = "Give the address that the node has on heartbeat's network."
        raise Wrong("address", f"{address} is no node's address", advice)


def nodes(text: str, machine: Machine) -> tuple[str, ...]:
    """The names of all nodes, this one among them."""
    found = parts(text.lower())
    for name in found:
        if not is_name(name):
            message = f"{quoted(name)} cannot be a node's name"
            raise Wrong("name", message, f"`uname -n` prints a node's name, and {RULE}.")
    if len(found) > MOST_NODES:
        advice = f"heartbeat takes {MOST_NODES}; make two clusters."
        raise Wrong("range", f"these are {len(found)} nodes", advice)
    if not machine.elsewhere and machine.node not in found:
        advice = f"Add {machine.node}, which is what `uname -n` prints here."
        raise Wrong("name", "this node is not among them", advice)
    return found


def user(text: str) -> str | int:
    """The name, or the number, of a user that plvsd's worker may run as."""
    if _UID.fullmatch(text) is not None:
        return int(text)
    if text == "root" or _USER.fullmatch(text) is None:
        advice = "Choose one in lower-case letters that is not root, like plvsd."
        raise Wrong("name", f"plvsd cannot run as {quoted(text)}", advice)
    return text


def key(text: str, method: str) -> str:
    """`generate`, `keep`, or a key: of printable characters; for crc, base64 of 32 bytes."""
    if text in (KEEP, GENERATE):
        return text
    if _KEY.fullmatch(text) is None:
        advice = "Give 8 to 200 letters, digits and signs without spaces, or have one generated."
        raise Wrong("key", "this is no key", advice)
    if method == "crc" and not _is_cluster_key(text):
        advice = f"Give base64 of at least {KEY_BYTES} random bytes, or have one generated."
        raise Wrong("key", "this is no key for plvsds", advice)
    return text


def _is_cluster_key(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) >= KEY_BYTES
    except ValueError:
        return False


def watchdog(text: str) -> str | None:
    """`no`, `yes` for /dev/watchdog, or a device."""
    if text.lower() in ("no", "yes"):
        return "/dev/watchdog" if text.lower() == "yes" else None
    if _WATCHDOG.fullmatch(text) is None or ".." in text:
        message = f"{quoted(text)} is no watchdog"
        raise Wrong("choice", message, "Say no, yes, or a device like /dev/watchdog.")
    return text


DEFAULT_PORT = str(DEFAULT_UDP_PORT)
