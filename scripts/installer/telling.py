"""What the running system is told after an installation: its init, its users, its folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.installer.layout import Places

_FOLDERS = "/usr/bin:/usr/sbin:/bin:/sbin"
_SYSTEMD = Path("/run/systemd/system")


def after_install(places: Places) -> list[list[str]]:
    """The commands to run after an installation on this machine."""
    commands = [
        *_if_there("systemd-sysusers", places.expand("@libdir@/sysusers.d/lvsm.conf")),
        *_if_there("systemd-tmpfiles", "--create", places.expand("@libdir@/tmpfiles.d/lvsm.conf")),
    ]
    if _SYSTEMD.is_dir():
        return [*commands, *_if_there("systemctl", "daemon-reload")]
    return [*commands, *_register("defaults", "--add")]


def before_uninstall() -> list[list[str]]:
    """The commands to run before the files go."""
    if _SYSTEMD.is_dir():
        units = ["plvsd.service", "plvsd-privileged.socket", "plvsd-privileged.service"]
        return _if_there("systemctl", "disable", "--now", *units)
    return [["/etc/init.d/plvsd", "stop"], *_register("remove", "--del")]


def after_uninstall() -> list[list[str]]:
    """The commands to run when the files are gone."""
    return _if_there("systemctl", "daemon-reload") if _SYSTEMD.is_dir() else []


def _register(debian: str, red_hat: str) -> list[list[str]]:
    """Where the init script gets its links: update-rc.d (Debian) or chkconfig (Red Hat)."""
    found = _if_there("update-rc.d", "plvsd", debian)
    return found or _if_there("chkconfig", red_hat, "plvsd")


def _if_there(program: str, *arguments: str) -> list[list[str]]:
    path = shutil.which(program, path=_FOLDERS)
    return [[path, *arguments]] if path else []


def run(commands: Sequence[Sequence[str]]) -> None:
    """Run each, and say what failed; the files are in place whatever they answer."""
    for command in commands:
        sys.stdout.write(f"  {' '.join(command)}\n")
        sys.stdout.flush()
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.stderr.write(f"  that failed with status {done.returncode}: see above\n")


def next_steps() -> str:
    """What an admin does now."""
    enable = (
        "systemctl enable --now plvsd heartbeat"
        if _SYSTEMD.is_dir()
        else "/etc/init.d/plvsd start && /etc/init.d/heartbeat start"
    )
    return f"Now:  writeconfigs        # answers, a review, then the files\n      {enable}\n"
