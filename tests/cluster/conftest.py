"""One cluster for all tests that can share it; each leaves it as it found it."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.figures import Figures
from tests.cluster.site import CHECKOUT, WEB, Site
from tests.lab import cluster, topology
from tests.lab.client import Lab

CONSOLE_CHARACTERS = 2000
FIGURES = pytest.StashKey[Figures]()
SHARED = pytest.StashKey[Site]()


def boot(folder: Path, *, mon: bool = False, **shape: int | str) -> Site:
    """Boot an LVSM cluster of a shape (the arguments of `topology.build`); `mon`: with mon."""
    given = {"topology": "lan", **shape}
    built = topology.build(**given)  # type: ignore[arg-type]
    provision = cluster.provision(built, mon=mon)
    return Site(Lab.up(folder, tree=CHECKOUT, provision=provision, **given))  # type: ignore[arg-type]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that share a cluster come first, so that it does not run beside all others."""
    items.sort(key=lambda item: not _shares(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Switch the shared cluster off after the last test that needs it."""
    result = yield
    site = item.config.stash.get(SHARED, None)
    if site is not None and not _shares(nextitem):
        del item.config.stash[SHARED]
        site.lab.down()
    return result


def _shares(item: pytest.Item | None) -> bool:
    return "shared_site" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Site:
    """Two directors, two realservers, a client; off after the last test that needs them."""
    site = boot(tmp_path_factory.mktemp("cluster"))
    pytestconfig.stash[SHARED] = site
    return site


@pytest.fixture
def site(shared_site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The shared cluster, serving WEB from dir1; its logs are shown when a test fails."""
    if shared_site.lvsm("dir1", "config", "show").out.decode() != WEB:
        shared_site.save(WEB)
    shared_site.settle()
    with logs_of_failed(shared_site, request):
        yield shared_site


@contextmanager
def logs_of_failed(site: Site, request: pytest.FixtureRequest) -> Iterator[None]:
    """Show what the members' plvsd and consoles said, if the test fails within."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        for member in site.members:
            log = site.lab.run(member, ["tail", "-n50", "/var/log/plvsd.log"], check=False)
            console = site.lab.logs(member)[-CONSOLE_CHARACTERS:]
            print(f"--- {member}\n{log.text}\n--- its console\n{console}")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Where tests put what they measured; it is printed at the end, and kept in build/."""
    return request.config.stash.setdefault(FIGURES, Figures())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures."""
    found = config.stash.get(FIGURES, None)
    if found is None:
        return
    terminalreporter.section("measured in the lab")
    for line in found.lines():
        terminalreporter.write_line(line)
    build = CHECKOUT / "build"
    build.mkdir(exist_ok=True)
    (build / "lab-figures.json").write_text(json.dumps(found.values, indent=1) + "\n")
