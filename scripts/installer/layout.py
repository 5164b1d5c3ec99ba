"""Where each file of an installation goes. Pure: from variables to a list of items.

The variables are the usual ones (GNU Coding Standards, "Variables for Installation Directories"),
and systemd's folders, which lie below the prefix too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath


class LayoutError(Exception):
    """A variable that an installation does not know, or that is no absolute path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders of an installation, as the installed programs will see them.

    `hooksdir` is where heartbeat's scripts and mon.cf look, whatever the prefix is.
    """

    prefix: str = "/usr/local"
    bindir: str = "@prefix@/bin"
    sbindir: str = "@prefix@/sbin"
    libdir: str = "@prefix@/lib"
    datadir: str = "@prefix@/share"
    mandir: str = "@datadir@/man"
    sysconfdir: str = "/etc"
    heartbeatdir: str = "/usr/share/heartbeat"
    hooksdir: str = "/usr/lib/lvsm"
    systemddir: str = "@libdir@/systemd/system"
    zshdir: str = "@datadir@/zsh/site-functions"

    def expand(self, text: str) -> str:
        """Replace each `@name@` by that folder, until none is left."""
        for _ in fields(self):
            for field in fields(self):
                text = text.replace(f"@{field.name}@", getattr(self, field.name))
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file: from where in the checkout to where on the machine.

    `expanded` files have `@name@` in them; `diverted` ones take the place of another package's.
    """

    source: Path
    target: PurePosixPath
    mode: int = 0o644
    expanded: bool = False
    diverted: bool = False


def places(words: Mapping[str, str]) -> Places:
    """The folders by the variables given, in any case (PREFIX or prefix); raises LayoutError."""
    known = {field.name for field in fields(Places)}
    given = {name.lower(): value.rstrip("/") or "/" for name, value in words.items() if value}
    for name, value in given.items():
        if name not in known:
            raise LayoutError(
                f"{name} is no variable of an installation: {', '.join(sorted(known))}"
            )
        if not value.startswith("/"):
            raise LayoutError(f"{name}={value}: an absolute path is needed")
    return Places(**given)


_PROGRAMS = (("lvsm", "@bindir@"), ("plvsd", "@sbindir@"), ("writeconfigs", "@sbindir@"))
_UNITS = ("plvsd.service", "plvsd-privileged.service", "plvsd-privileged.socket")
_OF_SYSTEMD = ("sysusers", "tmpfiles", "modules-load")


def items(root: Path, built: Path) -> list[Item]:
    """All files; `built` has what was made for it: `python/`, `man/`, `completion/`."""
    return [
        *_programs(root),
        *_libraries(built),
        *_glue(root),
        *_monitors(root),
        *_services(root),
        *_pages(built),
    ]


def _programs(root: Path) -> list[Item]:
    folder = root / "scripts" / "installer" / "programs"
    return [
        Item(source=folder / name, target=_at(where, name), mode=0o755, expanded=True)
        for name, where in _PROGRAMS
    ]


def _libraries(built: Path) -> list[Item]:
    folder = built / "python"
    return [
        Item(source=path, target=_at("@libdir@/lvsm/python", *path.relative_to(folder).parts))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _glue(root: Path) -> list[Item]:
    folder = root / "heartbeat_glue"

    def item(name: str, where: str, *, diverted: bool = False) -> Item:
        target = _at(where, PurePosixPath(name).name)
        return Item(source=folder / name, target=target, mode=0o755, diverted=diverted)

    return [
        item("tell", "@hooksdir@/glue"),
        item("resource.d/plvs", "@sysconfdir@/ha.d/resource.d"),
        item("ResourceManager", "@heartbeatdir@", diverted=True),
        item("req_resource", "@heartbeatdir@", diverted=True),
        item("harc", "@sysconfdir@/ha.d", diverted=True),
    ]


def _monitors(root: Path) -> list[Item]:
    folder = root / "mon_monitors"
    modules = [
        Item(source=path, target=_at("@hooksdir@/mon/lvsm_checks", path.name))
        for path in sorted((folder / "lvsm_checks").glob("*.py"))
    ]
    monitor = Item(
        source=folder / "lvsm.monitor", target=_at("@hooksdir@/mon", "lvsm.monitor"), mode=0o755
    )
    return [monitor, *modules]


def _services(root: Path) -> list[Item]:
    folder = root / "initscripts"
    conf = folder / "conf"
    return [
        Item(source=folder / "plvsd", target=_at("@sysconfdir@/init.d", "plvsd"), mode=0o755),
        *(
            Item(source=folder / "systemd" / name, target=_at("@systemddir@", name), expanded=True)
            for name in _UNITS
        ),
        Item(
            source=folder / "systemd" / "heartbeat.conf",
            target=_at("@systemddir@/heartbeat.service.d", "lvsm.conf"),
        ),
        *(
            Item(source=conf / f"{name}.conf", target=_at(f"@libdir@/{name}.d", "lvsm.conf"))
            for name in _OF_SYSTEMD
        ),
        Item(source=conf / "logrotate.conf", target=_at("@sysconfdir@/logrotate.d", "lvsm")),
    ]


def _pages(built: Path) -> list[Item]:
    manual = [
        Item(source=path, target=_at("@mandir@", path.parent.name, path.name))
        for path in sorted((built / "man").glob("man?/*"))
    ]
    completion = built / "completion"
    return [
        *manual,
        Item(
            source=completion / "bash",
            target=_at("@datadir@/bash-completion/completions", "lvsm"),
        ),
        Item(source=completion / "zsh", target=_at("@zshdir@", "_lvsm")),
    ]


def _at(folder: str, *names: str) -> PurePosixPath:
    return PurePosixPath(folder, *names)
