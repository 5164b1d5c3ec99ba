"""`make docs`: writes docs/protocol.md anew, and the manual pages to build/man."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.docs import conf_manual, daemon_manual, manual, protocol_page, wizard_manual

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "docs" / "protocol.md"
MAN = ROOT / "build" / "man" / "man1"
MAN5, MAN8 = MAN.parent / "man5", MAN.parent / "man8"


def main() -> None:
    """Write what is stale and say so."""
    before = PROTOCOL.read_text(encoding="utf-8")
    after = protocol_page.made(before)
    if after != before:
        PROTOCOL.write_text(after, encoding="utf-8")
        sys.stdout.write(f"{PROTOCOL.relative_to(ROOT)} is new: commit it\n")
    pages = manual.pages()
    MAN.mkdir(parents=True, exist_ok=True)
    for old in MAN.glob("*.1"):
        old.unlink()
    for name, page in pages.items():
        (MAN / name).write_text(page, encoding="utf-8")
    MAN8.mkdir(parents=True, exist_ok=True)
    (MAN8 / "plvsd.8").write_text(daemon_manual.page(), encoding="utf-8")
    (MAN8 / "writeconfigs.8").write_text(wizard_manual.page(), encoding="utf-8")
    MAN5.mkdir(parents=True, exist_ok=True)
    (MAN5 / "plvsd.conf.5").write_text(conf_manual.page(), encoding="utf-8")
    sys.stdout.write(f"{len(pages) + 3} manual pages are in {MAN.parent.relative_to(ROOT)}:")
    sys.stdout.write(f" man -M {MAN.parent.relative_to(ROOT)} lvsm\n")


if __name__ == "__main__":
    main()
