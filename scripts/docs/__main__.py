"""`make docs`: writes docs/protocol.md anew."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.docs import protocol_page

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT / "docs" / "protocol.md"


def main() -> None:
    """Write what is stale and say so."""
    before = PROTOCOL.read_text(encoding="utf-8")
    after = protocol_page.made(before)
    if after != before:
        PROTOCOL.write_text(after, encoding="utf-8")
        sys.stdout.write(f"{PROTOCOL.relative_to(ROOT)} is new\n")


if __name__ == "__main__":
    main()
