from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lvsm.core import mon_cf
from lvsm.core.verbs import MonService
from lvsm.privileged import policy
from tests.unit.strategies import names

HASHED = "$6$0123456789abcdef$" + "x" * 86
services = st.lists(
    st.builds(
        MonService,
        vip=names,
        labels=st.lists(
            names | st.builds("{}:{}".format, names, st.integers(1, 65535)),
            min_size=1,
            max_size=5,
            unique=True,
        ).map(tuple),
        seconds=st.integers(1, 3600),
        stamp=st.text("0123456789abcdef", min_size=16, max_size=16),
    ),
    max_size=4,
    unique_by=lambda entry: entry.vip,
)


def as_mon_reads(text: str) -> dict[str, dict[str, str]]:
    """What mon's `read_cf` makes of a file: records end at blank lines, `#` begins a comment."""
    found: dict[str, dict[str, str]] = {}
    hosts: dict[str, str] = {}
    watch: dict[str, str] | None = None
    for line in text.split("\n"):
        words = line.strip()
        if line.startswith("#"):
            continue
        if not words:
            watch = None
        elif words.startswith("hostgroup "):
            _, name, rest = words.split(" ", 2)
            hosts[name] = rest
        elif words.startswith("watch "):
            name = words.split(" ")[1]
            watch = found.setdefault(name, {"hosts": hosts[name]})
        elif watch is not None:
            key, _, value = words.partition(" ")
            watch[key] = value
    return found


@given(services)
def test_mon_reads_what_was_meant(wanted: list[MonService]) -> None:
    policy.check_mon(wanted, HASHED)
    read = as_mon_reads(mon_cf.render(wanted))
    assert {
        name: (tuple(entry["hosts"].split()), entry["interval"], entry["monitor"])
        for name, entry in read.items()
    } == {
        entry.vip: (entry.labels, f"{entry.seconds}s", f"lvsm.monitor {entry.vip}")
        for entry in wanted
    }


@given(services)
def test_what_mon_tells_of_it_is_what_was_wanted(wanted: list[MonService]) -> None:
    read = as_mon_reads(mon_cf.render(wanted))
    answer = [f"{vip} {entry['service']} {entry['description']}" for vip, entry in read.items()]
    assert mon_cf.mounted(answer) == mon_cf.wanted(wanted)


def test_watches_of_other_people_are_none_of_ours() -> None:
    assert mon_cf.mounted(["localhost ping Responses\\20to\\20ping"]) == frozenset()
    assert mon_cf.mounted(["web check edited by hand"]) == {("web", "", 0)}


def test_a_file_of_ours_is_known_by_its_first_line() -> None:
    assert mon_cf.is_ours(mon_cf.render(()))
    assert not mon_cf.is_ours("#\n# Example mon.cf file\n")
