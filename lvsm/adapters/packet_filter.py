"""The packet filter by the kernel's own tools: nftables where the kernel has it, else xtables.

Law: no shell. A program is named by its absolute path, its arguments are written here, and what
varies goes to its standard input, rendered from typed rules. Reading costs a program's start, so
what was read is kept as long as the kernel's own mark of changes stays the same.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lvsm.adapters.netlink import Netlink as Socket
from lvsm.adapters.netlink import NetlinkError, attributes
from lvsm.core import nftables_text, xtables_text
from lvsm.core.errors import LvsmError
from lvsm.core.filter_rules import AnyRule, RuleSet

_FOLDERS = (Path("/usr/sbin"), Path("/sbin"), Path("/usr/bin"))
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}
_SECONDS = 30.0
_LOCK_SECONDS = "5"
_NETLINK_NETFILTER = 12
_GET_GENERATION = (10 << 8) | 16
_GENERATION_ID = 1
_NFGENMSG = struct.Struct("=BBH")
_GET_INFO = 64
_INFO = struct.Struct("=32sI5I5III")
_FAMILIES = {4: (socket.AF_INET, socket.IPPROTO_IP), 6: (socket.AF_INET6, socket.IPPROTO_IPV6)}
_SAVED_TABLES = Path("/proc/net")


class PacketFilterError(LvsmError):
    """The packet filter cannot be read or changed."""

    code = "packet-filter"


class PacketFilter(Protocol):
    """LVSM's own rules in this network namespace; every method raises PacketFilterError."""

    def read(self) -> RuleSet:
        """The rules of ours that are there."""

    def replace(self, rules: Sequence[AnyRule]) -> None:
        """Make these the rules of ours, in this order; none: leave nothing of ours behind."""


def choose() -> PacketFilter:
    """Nftables if this kernel has its family inet, else xtables, else what says that it cannot."""
    nft = _program("nft")
    if nft is not None:
        found = Nftables(nft)
        if found.works():
            return found
    for kind in ("-legacy", ""):
        paths = [
            _program(f"{name}{kind}-{verb}")
            for name in ("iptables", "ip6tables")
            for verb in ("restore", "save")
        ]
        if None not in paths:
            return Xtables({4: (str(paths[0]), str(paths[1])), 6: (str(paths[2]), str(paths[3]))})
    return NoPacketFilter()


class NoPacketFilter:
    """A machine with neither: it has no rule of ours, and gets none."""

    def read(self) -> RuleSet:
        """No rules."""
        return RuleSet()

    def replace(self, rules: Sequence[AnyRule]) -> None:
        """Refuse, unless there is nothing to do."""
        if rules:
            raise PacketFilterError(
                "this machine has no nft that works with its kernel, and no iptables-restore:"
                " install nftables or iptables"
            )


class Nftables:
    """nftables, by the program nft."""

    def __init__(self, nft: str) -> None:
        """Keep the program's path."""
        self._nft = nft
        self._socket = Socket(_NETLINK_NETFILTER)
        self._seen: tuple[int, RuleSet] | None = None

    def works(self) -> bool:
        """Whether the kernel would take our table (`nft --check`)."""
        try:
            _run([self._nft, "-j", "-c", "-f", "-"], nftables_text.check())
        except PacketFilterError:
            return False
        return True

    def read(self) -> RuleSet:
        """The rules in our table; listed again only when the kernel's ruleset has changed."""
        generation = self._generation()
        if self._seen is None or self._seen[0] != generation:
            self._seen = generation, self._list()
        return self._seen[1]

    def _list(self) -> RuleSet:
        tables = _run([self._nft, "-j", "list", "tables", nftables_text.FAMILY])
        if not nftables_text.has_table(tables):
            return RuleSet()
        argv = [self._nft, "-j", "list", "table", nftables_text.FAMILY, nftables_text.TABLE]
        return nftables_text.parse(_run(argv))

    def replace(self, rules: Sequence[AnyRule]) -> None:
        """One transaction."""
        self._seen = None
        _run([self._nft, "-j", "-f", "-"], nftables_text.render(rules))

    def _generation(self) -> int:
        """The number that the kernel gives each state of its ruleset (nf_tables.h)."""
        try:
            answer = self._socket.ask(_GET_GENERATION, _NFGENMSG.pack(0, 0, 0))
        except NetlinkError as error:
            raise PacketFilterError(f"nftables: {error}") from error
        return int.from_bytes(attributes(answer, _NFGENMSG.size)[_GENERATION_ID], "big")


class Xtables:
    """xtables, by iptables-restore and iptables-save; `programs` has their paths by IP version."""

    def __init__(self, programs: dict[int, tuple[str, str]]) -> None:
        """Keep the programs' paths."""
        self._programs = programs
        self._seen: dict[tuple[int, str], tuple[bytes, tuple[str, ...]]] = {}

    def read(self) -> RuleSet:
        """The rules in our chains; saved again only when a table has changed."""
        rules: list[AnyRule] = []
        damage = []
        for version in self._programs:
            for table in xtables_text.TABLES:
                found = xtables_text.parse(self._saved(version, table), table)
                rules += found.rules
                damage += [found.damage] if found.damage else []
        return RuleSet(rules=tuple(rules), damage="; ".join(damage))

    def replace(self, rules: Sequence[AnyRule]) -> None:
        """One step a table; whatever fails, the other tables are as they were or as they should."""
        for version, (restore, _) in self._programs.items():
            mine = [rule for rule in rules if xtables_text.version_of(rule) == version]
            text = self._text(version, mine)
            if text:
                self._seen.clear()
                _run([restore, "--noflush", "--wait", _LOCK_SECONDS], text)

    def _text(self, version: int, rules: Sequence[AnyRule]) -> str:
        saved = {table: self._saved(version, table) for table in xtables_text.TABLES}
        texts = []
        for table in xtables_text.TABLES:
            mine = [rule for rule in rules if xtables_text.table_of(rule) == table]
            texts.append(xtables_text.render(mine, saved[table], table))
        return "".join(texts)

    def _saved(self, version: int, table: str) -> tuple[str, ...]:
        """A table's lines; none, and nothing loaded, while nobody uses the table."""
        mark = _table_mark(version, table)
        if mark is None:
            return ()
        seen = self._seen.get((version, table))
        if seen is None or seen[0] != mark:
            lines = tuple(_run([self._programs[version][1], "-t", table]).splitlines())
            seen = self._seen[version, table] = mark, lines
        return seen[1]


def _table_mark(version: int, table: str) -> bytes | None:
    """What tells that a table has changed: its counts and offsets; None when it is not in use.

    A change that leaves the number and the sizes of all rules the same is not seen by it; who
    does that by hand replaces a rule of ours in place.
    """
    names = _SAVED_TABLES / f"ip{'6' if version == 6 else ''}_tables_names"
    try:
        if table not in names.read_text().split():
            return None
        family, level = _FAMILIES[version]
        with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as any_socket:
            return _get_info(any_socket.fileno(), level, table)
    except OSError:
        return None


def _get_info(descriptor: int, level: int, table: str) -> bytes:
    """IPT_SO_GET_INFO: the answer needs the question in the same buffer, so by libc."""
    buffer = ctypes.create_string_buffer(_INFO.pack(table.encode(), *(0,) * 13), _INFO.size)
    length = ctypes.c_uint32(_INFO.size)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.getsockopt(descriptor, level, _GET_INFO, buffer, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), f"table {table}")
    return buffer.raw


def _program(name: str) -> str | None:
    paths = (folder / name for folder in _FOLDERS)
    return next((str(path) for path in paths if path.is_file()), None)


def _run(argv: Sequence[str], text: str = "") -> str:
    """A program's output; raises PacketFilterError with the first line of its complaint."""
    try:
        done = subprocess.run(
            argv,
            input=text.encode(),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env=_ENVIRONMENT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PacketFilterError(f"{argv[0]}: {error}") from error
    if done.returncode:
        complaint = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = complaint[0] if complaint else f"exit status {done.returncode}"
        raise PacketFilterError(f"{argv[0]}: {why[:200]}")
    return done.stdout.decode("utf-8", "replace")
