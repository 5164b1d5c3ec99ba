"""Five nodes that save together: admins' connections, disks, and what was acknowledged."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.cluster.site import WEB, Site
from tests.lab.client import poll_until
from tests.lab.process import Process

WAIT_SECONDS = 90.0
FAULTS = "/run/lvsm-faults"
STATE = "/var/lib/lvsm/replication.json"
TEXT = (
    WEB
    + """
[[vip.web.realserver]]
node = "rs3"
"""
)
"""Every node has a part in it, so all five decide."""

ADMIN = r"""
import json, socket, sys
plvsd = socket.socket(socket.AF_UNIX)
plvsd.connect("/run/lvsm/plvsd.sock")
stream = plvsd.makefile("rwb")
stream.readline()
for line in sys.stdin:
    asked = json.loads(line)
    literal = asked["text"].encode()
    size = f" bytes={len(literal)}" if literal else ""
    stream.write(f"{asked['line']}{size}\n".encode() + literal)
    stream.flush()
    items = []
    while (answer := stream.readline().decode()).startswith("* "):
        items.append(json.loads(answer[2:]))
    print(json.dumps({"end": answer.strip(), "items": items}), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How plvsd answered: `OK`, or the code of its `ERR`; the line; and the items."""

    code: str
    line: str
    items: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.code == "OK"


class Admin:
    """Root's connection to plvsd on a node, kept open: a command costs no new process."""

    def __init__(self, site: Site, node: str) -> None:
        self.node = node
        self._process: Process = site.lab.start(node, ["/usr/bin/python3", "-ISEc", ADMIN])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.close()

    def send(self, line: str, text: str = "") -> None:
        """Ask, and do not wait."""
        self._process.write(json.dumps({"line": line, "text": text}).encode() + b"\n")

    def answer(self) -> Answer:
        """The answer to what was asked first of what has none yet."""
        document = json.loads(self._process.read_line(WAIT_SECONDS))
        end, _, rest = document["end"].partition(" ")
        code = "OK" if end == "OK" else rest.partition(" ")[0]
        return Answer(code=code, line=document["end"], items=document["items"])

    def ask(self, line: str, text: str = "") -> Answer:
        """Ask and wait."""
        self.send(line, text)
        return self.answer()


class Replicas:
    """The cluster, and every Save that it acknowledged."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.acknowledged: list[tuple[int, int, str]] = []

    def admin(self, node: str) -> Admin:
        """A new connection."""
        return Admin(self.site, node)

    def note(self, answer: Answer, text: str) -> None:
        """Remember a Save that was acknowledged."""
        (item,) = answer.items
        self.acknowledged.append((item["epoch"], item["generation"], text))

    def save(self, node: str, text: str, options: str = "") -> Answer:
        """Save on a node; what is acknowledged is noted."""
        with self.admin(node) as admin:
            answer = admin.ask(f"CONFIG SAVE {options}", text)
        if answer.ok:
            self.note(answer, text)
        return answer

    def disk(self, node: str) -> dict[str, Any]:
        """What a node's disk has of the Save protocol's state."""
        found: dict[str, Any] = json.loads(self.site.read(node, STATE))["disk"]
        return found

    def agreed(self, nodes: Iterable[str] | None = None) -> dict[str, Any]:
        """Wait until the disks of these nodes (all) say the same; the head."""
        names = tuple(nodes or self.site.members)

        def same() -> bool:
            disks = [self.disk(name) for name in names]
            told = {json.dumps([d["head"], d["history"]], sort_keys=True) for d in disks}
            return len(told) == 1 and not any(disk.get("vote") for disk in disks)

        poll_until(same, WAIT_SECONDS, f"{', '.join(names)} do not agree")
        head: dict[str, Any] = self.disk(names[0])["head"]
        return head

    def generations(self, node: str) -> dict[tuple[int, int, str], bool]:
        """Every generation in a node's history, by (epoch, number, text), and if it was decided."""
        folder = "/var/lib/lvsm/generations"
        script = f"for file in {folder}/*.json; do cat $file; echo; done"
        lines = self.site.lab.run(node, ["sh", "-c", script]).out.splitlines()
        kept = {tuple(r["order"][:2]): r["decided"] for r in self.disk(node)["history"].values()}
        found = {}
        for line in lines:
            generation = json.loads(line)
            place = generation.get("epoch", 1), generation["number"]
            if place in kept:
                found[(*place, generation["text"])] = kept[place]
        return found

    def nothing_is_lost(self) -> None:
        """Wait until all agree; then every acknowledged Save is in the history of every node."""
        self.agreed()
        for node in self.site.members:
            known = {(*place, _own(text)) for *place, text in self.generations(node)}
            lost = {(e, n, _own(text)) for e, n, text in self.acknowledged} - known
            assert not lost, f"{node} has lost {sorted(lost)}"

    def stop_at(self, node: str, stage: int) -> None:
        """Have the node stop for ever at a stage of its next Save (`adapters.fault_points`)."""
        order = shlex.quote(f"{stage} {len(self.acknowledged)}")
        self.site.lab.run(node, ["sh", "-c", f"echo {order} > {FAULTS}/stop"])

    def allow_faults(self, node: str) -> None:
        """Start plvsd again with the switch for fault points on."""
        make = f"mkdir -p {FAULTS} && chown plvsd {FAULTS}"
        self.site.lab.run(node, ["sh", "-c", make])
        command = ["/etc/init.d/plvsd", "restart"]
        self.site.lab.run(node, command, env={"LVSM_FAULT_POINTS": FAULTS}, timeout=60)

    def stopped(self, node: str) -> bool:
        """Whether it has."""
        return self.site.lab.run(node, ["test", "-e", f"{FAULTS}/stopped"], check=False).status == 0


def _own(text: str) -> str:
    """A text without the addresses that plvsd adds to it: the comment that each test puts first."""
    return text.partition("\n")[0]
