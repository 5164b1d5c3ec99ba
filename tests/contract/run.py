"""Run cases of the contract on the kernel that this program runs on, and tell what came of each.

Usage: python -m tests.contract.run [every]

Needs root and nothing else: each case runs in a process and a network namespace of its own. With
`every`, also those that need IPVS. Standard output has one JSON object a case: its name and its
traceback with the values of its variables, null when it held.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from lvsm.adapters import files
from lvsm.adapters.ipvs import load_module
from lvsm.wiring import real_machine
from tests.contract import cases
from tests.contract.bench import INTERFACE, OWN, OWN6, Bench, make
from tests.fakes.kernel import IPVS_SYSCTLS, SYSCTLS

CLONE_NEWNET = 0x40000000
_IP = ("ip", "-batch", "-")


def main() -> None:
    """Run them; the exit status is 0 when every case was run, whatever came of it."""
    chosen = cases.without_ipvs()
    if sys.argv[1:] == ["every"]:
        load_module()
        chosen = cases.every()
    for name, case in chosen.items():
        print(json.dumps({"case": name, "error": in_a_world_of_its_own(case)}), flush=True)


def in_a_world_of_its_own(case: cases.Case) -> str | None:
    """The traceback of a case, None when it held."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        text = _result(case)
        with os.fdopen(writer, "w") as file:
            file.write(text)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    if status:
        return f"its process ended with {os.waitstatus_to_exitcode(status)}"
    return text or None


def _result(case: cases.Case) -> str:
    try:
        enter_new_network()
        with tempfile.TemporaryDirectory(prefix="contract.") as folder:
            case(real(Path(folder)))
    except BaseException as error:  # noqa: BLE001  whatever it is, it is the case's result
        found = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(found.format())
    return ""


def enter_new_network() -> None:
    """Leave the machine's network for one with `lo` and a pair of interfaces."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    lines = (
        "link set lo up",
        f"link add name {INTERFACE} type veth peer name peer0",
        "link set peer0 up",
        f"link set {INTERFACE} up",
        f"address add {OWN} dev {INTERFACE}",
        f"address add {OWN6} dev {INTERFACE} nodad",
    )
    subprocess.run(_IP, input="\n".join(lines).encode(), check=True, timeout=30)


def real(folder: Path) -> Bench:
    """A bench on this kernel."""
    machine = real_machine()
    for name in machine.sysctls.read((*SYSCTLS, *IPVS_SYSCTLS)):
        machine.sysctls.write(name, 0)
    return make(
        machine=machine,
        folder=folder,
        replace=lambda path, data, mode: files.replace(path, data, mode=mode, durable=False),
    )


if __name__ == "__main__":
    main()
