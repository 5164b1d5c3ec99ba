"""The kernel's table: ours beside ipvsadm and keepalived, inside one lab node, in one boot.

The node is a director with heartbeat and plvsd. The peers' configurations are made by
`tests/bench/site.py`; the first lines of each are printed.
"""

from __future__ import annotations

import json
import tempfile
from itertools import islice
from pathlib import Path

from tests.bench import site
from tests.lab import cluster, topology
from tests.lab.client import Lab

CHECKOUT = Path(__file__).resolve().parents[2]
SIZES = (100, 1_000, 10_000)
MEMORY = 1500
SECONDS = 800
SHOWN = 9


def measure() -> None:
    """Measure, print, and keep the ratios in build/bench.json."""
    _show_configurations()
    shape = {"directors": 1, "realservers": 0, "director_memory": MEMORY}
    provision = cluster.provision(topology.build("lan", **shape))
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        lab = Lab.up(Path(folder), tree=CHECKOUT, provision=provision, **shape)  # type: ignore[arg-type]  # shape's values are numbers
        try:
            ratios: dict[str, float] = {}
            for what in (*map(str, SIZES), "site"):
                ratios |= _measured(lab, what)
        finally:
            lab.down()
    for key, ratio in ratios.items():
        print(f"{key:40} {ratio:9.1f}")
    _keep({key: round(ratio, 2) for key, ratio in ratios.items()})


def _measured(lab: Lab, what: str) -> dict[str, float]:
    argv = [f"{cluster.TREE}/.venv/bin/python", "-P", "-m", "tests.bench.ipvs_node", what]
    done = lab.run("dir1", argv, env={"PYTHONPATH": cluster.TREE}, timeout=SECONDS)
    told = json.loads(done.out)
    print(*told["lines"], sep="\n", flush=True)
    ratios: dict[str, float] = told["ratios"]
    return ratios


def _show_configurations() -> None:
    texts = {
        "LVSM": site.lvsm(site.REAL, "dir1").splitlines()[3 * site.POOL :],
        "keepalived": site.keepalived(site.REAL).splitlines(),
        "ipvsadm -R": site.ipvsadm(site.REAL),
    }
    for name, lines in texts.items():
        print(f"{name}:", *islice(lines, SHOWN), "...", sep="\n    ")


def _keep(ratios: dict[str, float]) -> None:
    path = CHECKOUT / "build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept["ipvs"] = ratios
    path.write_text(json.dumps(kept, indent=1) + "\n")
