"""Run the adapters' contract on Debian's kernel in qemu, without KVM: `make test-tcg`.

The lab's kernel lacks nftables' families, and the machine's namespaces lack IPVS; here both are in
one kernel. The guest's files are the machine's own, read-only through 9p, under an overlay in
memory. Debian's kernel is fetched by apt into build/tcg and unpacked there, not installed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.tcg.initramfs import DEVICE, FILE, FOLDER, LINK, Entry, archive

CHECKOUT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WORK = CHECKOUT / "build" / "tcg"
BUSYBOX = Path("/bin/busybox")
SECONDS = 850
MEMORY = "1024"
PARTS = ("net", "lib", "crypto", "fs/9p", "fs/netfs", "fs/fscache", "fs/overlayfs",
         "drivers/virtio", "arch/x86/crypto", "drivers/net")  # fmt: skip
"""Folders of modules that the guest may need."""


def fetch() -> tuple[Path, str]:
    """Debian's kernel, unpacked: its folder and its release."""
    WORK.mkdir(parents=True, exist_ok=True)
    shown = _run("apt-cache", "depends", "linux-image-amd64")
    found = re.search(r"Depends: linux-image-(\S+)", shown)
    if found is None:
        raise SystemExit("apt knows no linux-image-amd64: run `apt-get update`")
    release, folder = found[1], WORK / found[1]
    if not folder.exists():
        _run("apt-get", "download", "-qq", f"linux-image-{release}", folder=WORK)
        (package,) = WORK.glob(f"linux-image-{release}_*.deb")
        _run("dpkg-deb", "-x", str(package), str(folder))
        package.unlink()
        _run("/sbin/depmod", "-b", str(folder), release)
    return folder, release


def _run(*argv: str, folder: Path = CHECKOUT) -> str:
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True).stdout


def entries(folder: Path, release: str) -> Iterator[Entry]:
    """What the guest begins with: busybox, the modules, and its first program."""
    modules = f"lib/modules/{release}"
    for path in ("bin", "sbin", "dev", "lib", "lib/modules", modules):
        yield Entry(path=path, mode=FOLDER | 0o755)
    yield Entry(path="dev/console", mode=DEVICE | 0o600, device=(5, 1))
    yield Entry(path="bin/busybox", mode=FILE | 0o755, data=BUSYBOX.read_bytes())
    for name in _run(str(BUSYBOX), "--list").split():
        if name != "busybox":
            yield Entry(path=f"bin/{name}", mode=LINK | 0o777, data=b"/bin/busybox")
    yield Entry(path="sbin/modprobe", mode=LINK | 0o777, data=b"/bin/busybox")
    yield Entry(path="init", mode=FILE | 0o755, data=(HERE / "init").read_bytes())
    yield Entry(path="checkout", mode=FILE | 0o644, data=f"{CHECKOUT}\n".encode())
    yield from _modules(folder / modules, modules)


def _modules(source: Path, target: str) -> Iterator[Entry]:
    for table in sorted(source.glob("modules.*")):
        yield Entry(path=f"{target}/{table.name}", mode=FILE | 0o644, data=table.read_bytes())
    made: set[str] = set()
    for part in PARTS:
        for path in sorted((source / "kernel" / part).rglob("*.ko")):
            place = f"{target}/{path.relative_to(source)}"
            for parent in sorted(str(p) for p in Path(place).parents if len(str(p)) > len(target)):
                if parent not in made:
                    made.add(parent)
                    yield Entry(path=parent, mode=FOLDER | 0o755)
            yield Entry(path=place, mode=FILE | 0o644, data=path.read_bytes())


def boot(folder: Path, release: str) -> str:
    """Run the guest to its end; what it said on its second port."""
    initrd, console, result = (WORK / name for name in ("initrd", "console", "result"))
    initrd.write_bytes(archive(entries(folder, release)))
    argv = [
        "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", MEMORY, "-nodefaults",
        "-no-reboot", "-display", "none", "-serial", f"file:{console}", "-serial",
        f"file:{result}", "-kernel", str(folder / f"boot/vmlinuz-{release}"), "-initrd",
        str(initrd), "-append", "console=ttyS0 quiet panic=-1", "-fsdev",
        "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap", "-device",
        "virtio-9p-pci,fsdev=root,mount_tag=root",
    ]  # fmt: skip
    try:
        subprocess.run(argv, check=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"the guest did not end; its console is in {console}\n")
    return result.read_text(errors="replace")


def tell(text: str) -> int:
    """Print what came of each case; the exit status."""
    lines: list[dict[str, Any]] = [json.loads(x) for x in text.splitlines() if x.startswith("{")]
    cases = {line["case"]: line["error"] for line in lines if "case" in line}
    for line in lines:
        if "kernel" in line:
            print(f"Linux {line['kernel']}, packet filter: {line['filter']}")
    for case, error in cases.items():
        if error is not None:
            print(f"FAILED {case}\n{error}")
    saved = [line for line in lines if "saved" in line]
    same = bool(saved) and sorted(saved[0]["saved"]) == sorted(saved[0]["shown"])
    held = sum(error is None for error in cases.values())
    print(f"{held} of {len(cases)} cases hold; ipvsadm saves what LVSM shows: {same}")
    ended = any("end" in line for line in lines)
    return 0 if ended and same and cases and held == len(cases) else 1


def main() -> None:
    """Fetch, boot, tell."""
    began = time.monotonic()
    folder, release = fetch()
    status = tell(boot(folder, release))
    print(f"{time.monotonic() - began:.0f} s in all")
    sys.exit(status)


if __name__ == "__main__":
    main()
