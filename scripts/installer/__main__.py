"""`python3 -m scripts.installer install|uninstall [NAME=VALUE...]`, as the Makefile calls it.

    make install                              # into /usr/local, the system told
    make install PREFIX=/usr DESTDIR=/tmp/x   # a package's tree, nothing told
    make install DRY_RUN=1                    # only say what would be done

NAME is DESTDIR, PREFIX, BINDIR, SBINDIR, LIBDIR, DATADIR, MANDIR, SYSCONFDIR, HEARTBEATDIR,
HOOKSDIR, SYSTEMDDIR or ZSHDIR.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.installer import telling
from scripts.installer.layout import Item, LayoutError, items, places
from scripts.installer.place import Machine, PlaceError, install, of_this_machine, uninstall

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "installation"
DIVERTED = [item.target for item in items(ROOT, BUILT) if item.diverted]


def main() -> int:
    """Do it; 1 when it failed, 2 for words that mean nothing."""
    parser = argparse.ArgumentParser(
        prog="make install",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=["install", "uninstall"])
    parser.add_argument("words", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    given = parser.parse_args()
    try:
        machine = _machine(given.words)
        if given.verb == "install":
            _install(machine, items(ROOT, BUILT), dry=given.dry_run)
        else:
            _uninstall(machine, dry=given.dry_run)
    except LayoutError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (PlaceError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _machine(words: list[str]) -> Machine:
    given = dict(word.partition("=")[::2] for word in words)
    destdir = given.pop("DESTDIR", "") or "/"
    others = of_this_machine() if destdir == "/" else None
    return Machine(places=places(given), destdir=Path(destdir), others=others)


def _install(machine: Machine, wanted: list[Item], *, dry: bool) -> None:
    if dry:
        for item in wanted:
            aside = " (what is there is moved aside)" if item.diverted else ""
            sys.stdout.write(f"{item.mode:o} {machine.path(item.target)}{aside}\n")
        return
    install(machine, wanted)
    sys.stdout.write(f"{len(wanted)} files are in place; {machine.manifest} lists them\n")
    if machine.others:
        telling.run(telling.after_install(machine.places))
        sys.stdout.write(telling.next_steps())


def _uninstall(machine: Machine, *, dry: bool) -> None:
    if dry:
        sys.stdout.write(machine.manifest.read_text(encoding="utf-8"))
        return
    if machine.others:
        telling.run(telling.before_uninstall())
    removed = uninstall(machine, DIVERTED)
    if machine.others:
        telling.run(telling.after_uninstall())
    sys.stdout.write(
        f"{len(removed)} files are gone. Your own stay: /etc/plvsd.conf, /etc/ha.d, /var/lib/lvsm,"
        " /var/log/lvsm\n"
    )


if __name__ == "__main__":
    sys.exit(main())
