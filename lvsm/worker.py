"""The worker's parts put together, once and plainly, and run."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from lvsm import __version__
from lvsm.adapters import clock, event_pipe, files, heartbeat, init_system, machine, route_events
from lvsm.adapters.apart import Apart
from lvsm.adapters.audit_files import AuditFiles
from lvsm.adapters.audit_log import AuditLog
from lvsm.adapters.certificate_store import CertificateStore
from lvsm.adapters.check_specs import CheckSpecs
from lvsm.adapters.cluster_login import KnownVerifiers, PeerDialer
from lvsm.adapters.fault_points import FaultPoints
from lvsm.adapters.health_file import HealthFile
from lvsm.adapters.mon import Mon
from lvsm.adapters.mon_password import hashed, make_password
from lvsm.adapters.overlay_file import OverlayFile
from lvsm.adapters.privileged_link import PrivilegedLink, open_link
from lvsm.adapters.save_disk import SaveDisk
from lvsm.adapters.syslog import Syslog
from lvsm.adapters.transport import Server
from lvsm.adapters.user_file import UserFile
from lvsm.core.audit import Stand
from lvsm.core.cluster_key import derive
from lvsm.core.errors import LvsmError
from lvsm.core.facts import Facts
from lvsm.core.replication import versions
from lvsm.core.roles import OF_ACCOUNT
from lvsm.core.scram_keys import parse_verifier
from lvsm.core.status import Known
from lvsm.core.users import Users
from lvsm.daemon import checking, kernel_events
from lvsm.daemon.accounts import Accounts
from lvsm.daemon.audit_verbs import AuditVerbs, tell_written
from lvsm.daemon.auditing import Auditor
from lvsm.daemon.cert_verbs import CertVerbs
from lvsm.daemon.certificate_keeper import CertificateKeeper
from lvsm.daemon.checking import Checked, Checker
from lvsm.daemon.checking_apart import CheckingApart, Question
from lvsm.daemon.comparing_apart import ComparingApart
from lvsm.daemon.config_verbs import ConfigVerbs
from lvsm.daemon.control import Control
from lvsm.daemon.counting import Counting
from lvsm.daemon.edit_verbs import Draft, EditVerbs
from lvsm.daemon.event_verbs import EventVerbs
from lvsm.daemon.feed import Feed
from lvsm.daemon.handlers import Handlers
from lvsm.daemon.health_keeping import HealthKeeping
from lvsm.daemon.health_verbs import HealthVerbs
from lvsm.daemon.heartbeat_events import follow
from lvsm.daemon.history_verbs import HistoryVerbs
from lvsm.daemon.knowledge import known
from lvsm.daemon.monitoring import Monitoring
from lvsm.daemon.node_verbs import NodeVerbs
from lvsm.daemon.overlaying import Overlaying
from lvsm.daemon.own_facts import own_facts
from lvsm.daemon.peer_verbs import PeerVerbs
from lvsm.daemon.peers import Peers
from lvsm.daemon.plan_verbs import PlanVerbs
from lvsm.daemon.planning import Planner
from lvsm.daemon.ports import Heartbeat
from lvsm.daemon.recaller import Recaller
from lvsm.daemon.rs_verbs import RsVerbs
from lvsm.daemon.saver import Saver
from lvsm.daemon.saves import Asked, Saved
from lvsm.daemon.saving import Saving
from lvsm.daemon.session_verbs import SessionVerbs
from lvsm.daemon.spreading import Spreading
from lvsm.daemon.status_verbs import StatusVerbs
from lvsm.daemon.user_register import UserRegister
from lvsm.daemon.user_verbs import UserVerbs
from lvsm.daemon.verifier_keeper import VerifierKeeper
from lvsm.daemon.view import View
from lvsm.daemon.watch import Watch
from lvsm.daemon.watch_verbs import WatchVerbs
from lvsm.daemon.watchers import Watchers
from lvsm.opening import Openings
from lvsm.settings import BEGIN_ANEW, Settings

log = logging.getLogger(__name__)
PACE_SECONDS = 0.05
"""How long the kernel's events are let come together before one look at it."""
STOPS = {signal.SIGTERM: 0, signal.SIGINT: 0, signal.SIGHUP: BEGIN_ANEW}
"""The exit status by the signal that ended the worker."""


async def work(
    settings: Settings,
    connection: socket.socket,
    openings: Openings,
    heartbeat: Heartbeat = heartbeat,
) -> int:
    """Serve and work until SIGTERM or SIGHUP; the exit status."""
    stop = _stop_by_signals()
    link = await open_link(connection)
    try:
        worker = Worker(settings, link, heartbeat)
    except (LvsmError, OSError) as error:
        log.critical("plvsd cannot start: %s", error)
        await link.aclose()
        return 2
    worker.overlaying.load()
    worker.health.load()
    server = Server(
        node=settings.node,
        software=__version__,
        handle=worker.handlers,
        verbs=worker.handlers.help(),
        features=(*worker.handlers.features(), *versions.features()),
        verifiers=worker.verifiers,
        secret=derive(settings.key, info=b"lvsm absent users 1"),
        certificate=worker.certificates.load(),
        local_names=_local_names(settings),
        standing=worker.accounts.standing,
        on_login_refused=worker.auditor.login_refused,
        monotonic=clock.monotonic,
    )
    worker.certificates.use = server.use
    async with aclosing(link), worker.apart, worker.audit_log, server:
        await server.listen_unix(sock=openings.local)
        for listener in openings.tcp:
            await server.listen_tcp(sock=listener)
        log.info("plvsd %s on %s is ready", __version__, settings.node)
        init_system.notify("READY=1", f"STATUS=node {settings.node}")
        return await worker.run(event_pipe.lines(openings.pipe), stop)


class Worker:
    """The parts of one worker, put together."""

    def __init__(
        self, settings: Settings, kernel: PrivilegedLink, heartbeat: Heartbeat = heartbeat
    ) -> None:
        """Nothing runs yet."""
        self._kernel = kernel
        view = View(me=settings.node, members=settings.members)
        self.watchers = Watchers(node=settings.node, clock=clock)
        self.audit_log = AuditLog(
            AuditFiles(settings.paths.audit_log),
            copy_to=Syslog("lvsm-audit"),
            on_written=partial(tell_written, self.watchers),
        )
        self.auditor = Auditor(
            node=settings.node,
            audit_log=self.audit_log,
            clock=clock,
            stand=lambda: Stand(epoch=view.generation.epoch, number=view.generation.number),
        )
        self.certificates = CertificateStore(settings.paths.lib, settings.node)
        self.keeper = CertificateKeeper(
            store=self.certificates, clock=clock, tell=self.watchers.tell
        )

        secret = make_password()
        self.monitoring = Monitoring(
            view=view,
            files=CheckSpecs(settings.paths.checks),
            keeper=kernel,
            mon=Mon(),
            clock=clock,
            password=(secret, hashed(secret)),
        )
        self.health = HealthKeeping(
            view=view,
            store=HealthFile(settings.paths.lib / "health.json"),
            clock=clock,
            specs=self.monitoring.specs,
        )

        def complaints() -> tuple[str, ...]:
            own = (view.unconfirmed,) if view.unconfirmed else ()
            parts = (self.auditor, self.keeper, self.monitoring)
            return (*own, *(complaint for part in parts for complaint in part.complaints()))

        own = partial(own_facts, view, settings.interface, complaints)
        measure = partial(machine.measure, settings.paths.lib)
        gauge = machine.Gauge(settings.paths.lib)

        def own_with_machine() -> Facts:
            return replace(own(), machine=gauge())

        def snapshot() -> Known:
            return known(view, clock, own())

        self.feed = Feed(clock=clock, watchers=self.watchers, known=snapshot)

        checker = Checker()

        def check(text: str) -> Checked:
            return checker(
                text,
                members=settings.members,
                facts=checking.heard(view, own()),
                present=view.configuration,
                in_use=view.generation.text,
            )

        self.apart = Apart("lvsm.daemon.comparing_apart", "answer")
        checking_apart = CheckingApart(
            checker=checker,
            here=check,
            ask=self.apart.ask,
            question=lambda: Question(
                members=settings.members,
                facts=checking.heard(view, own()),
                present=view.configuration,
            ),
        )

        def address_of(name: str) -> str | None:
            node = view.configuration.nodes.get(name)
            if node and node.address:
                return str(node.address)
            heard = view.heard.get(name)  # the other one may have reached this node first
            return heard.facts.address if heard else None

        seed = settings.password_verifier
        self.accounts = Accounts(
            store=UserFile(
                settings.paths.lib / "users.toml",
                _replace_own,
                seed=parse_verifier(seed) if seed else None,
            ),
            key=settings.key,
            clock=clock,
            random=os.urandom,
            agree=self._agree,
        )
        self.verifier_keeper = VerifierKeeper(
            accounts=self.accounts, write=kernel.write_verifier, written=seed
        )
        self.verifiers = KnownVerifiers(
            users=lambda: self.accounts.users,
            key=settings.key,
            nodes=settings.members,
            now=clock.now,
        )
        dial = PeerDialer(
            node=settings.node, port=settings.port, key=settings.key, address_of=address_of
        )
        others = tuple(name for name in settings.members if name != settings.node)
        self.peers = Peers(
            names=others,
            dial=dial,
            clock=clock,
            facts=own_with_machine,
            ended=self.accounts.ended,
        )
        self.spreading = Spreading(
            names=others,
            dial=dial,
            clock=clock,
            overlay=lambda: view.overlay,
            digest_of=lambda name: view.digest_of(name, clock.monotonic()),
        )
        self.overlaying = Overlaying(
            view=view,
            store=OverlayFile(settings.paths.lib / "overlay.json", _replace_own),
            clock=clock,
            tell=self.watchers.tell,
            publish=self.spreading.changed,
        )
        counting = Counting(view=view, kernel=kernel, clock=clock, dial=dial)
        planner = Planner(
            view=view,
            kernel=kernel,
            clock=clock,
            check=check,
            dial=dial,
            fallback_interface=settings.interface,
        )
        self.control = Control(
            view=view,
            kernel=kernel,
            clock=clock,
            publish=self.peers.publish,
            ask=self.peers.ask,
            tell=self.watchers.tell,
            fallback_interface=settings.interface,
        )
        self.watch = Watch(
            view=view,
            heartbeat=heartbeat,
            clock=clock,
            lost=self.peers.lost,
            tell=self.watchers.tell,
        )
        self.saving = Saving(
            view=view,
            store=SaveDisk(settings.paths.lib, _replace_for_saves(settings)),
            dial=dial,
            clock=clock,
            check=check,
            new_id=_new_id,
            chance=secrets.SystemRandom().random,
            tell=self.watchers.tell,
            users=self.accounts,
            at_once=checking_apart.at_once,
            prepare=checking_apart.check,
        )
        self.saver = Saver(replicator=self.saving.replicator, view=view, clock=clock)
        self._register = UserRegister(
            deciding=self.saving.deciding,
            voters=self.saving.replicator.voters,
            users=lambda: self.accounts.users,
            clock=clock,
            new_id=_new_id,
            node=settings.node,
        )
        self.events = EventVerbs(view=view, watch=self.watch, control=self.control)
        self.handlers = Handlers(
            (
                StatusVerbs(view=view, clock=clock, own_facts=own).table(),
                HistoryVerbs(
                    view=view,
                    past=self.saving.voter,
                    clock=clock,
                    compare=ComparingApart(self.apart.ask),
                ).table(),
                ConfigVerbs(
                    view=view,
                    saver=self.saver,
                    recaller=Recaller(self.saving.voter),
                    checking=checking_apart,
                ).table(),
                PlanVerbs(
                    view=view, planner=planner, check=check, prepare=checking_apart.prepare
                ).table(),
                EditVerbs(view=view, save=self._save, check=check).table(),
                self.events.table(),
                HealthVerbs(self.health).table(),
                PeerVerbs(
                    view=view,
                    control=self.control,
                    caretaker=self.saving.caretaker,
                    overlaying=self.overlaying,
                    counting=counting,
                    clock=clock,
                ).table(),
                RsVerbs(
                    view=view, overlaying=self.overlaying, counting=counting, known=snapshot
                ).table(),
                NodeVerbs(
                    view=view,
                    clock=clock,
                    overlaying=self.overlaying,
                    known=snapshot,
                    measure=measure,
                    link_of=self.peers.state,
                ).table(),
                WatchVerbs(watchers=self.watchers, feed=self.feed).table(),
                AuditVerbs(audit_log=self.audit_log, watchers=self.watchers, clock=clock).table(),
                UserVerbs(self.accounts).table(),
                SessionVerbs(self.accounts, self.peers.publish).table(),
                CertVerbs(node=settings.node, keeper=self.keeper, clock=clock).table(),
            ),
            self.auditor,
            standing=self.accounts.standing,
            ready=self.saving.ready.wait,
        )

    async def _agree(self, change: Callable[[Users], Users], author: str, comment: str) -> bool:
        return await self._register.change(change, author, comment)

    async def _save(self, draft: Draft) -> Saved:
        """Save an edited text as one that was made from its base."""
        return await self.saver.save(
            Asked(
                text=draft.text,
                author=draft.author,
                base=draft.base.number,
                epoch=draft.base.epoch,
                comment=draft.comment,
            )
        )

    async def _tell_peers(self) -> None:
        """Tell the others of this node, once it knows what it holds.

        Facts without the groups that an earlier plvsd took would have another director take them.
        """
        await self.control.adopted.wait()
        await self.peers.run()

    async def run(self, events: AsyncIterator[str], stop: asyncio.Future[int]) -> int:
        """Run every part until `stop` says by which exit status to end, or until one fails (1).

        `events` are heartbeat's.
        """
        parts = (
            self.control.run,
            self.watch.run,
            self._tell_peers,
            self.spreading.run,
            self.overlaying.run,
            self.saving.run,
            self.monitoring.run,
            self.health.run,
            self.feed.run,
            self.auditor.run,
            self.keeper.run,
            self.verifier_keeper.run,
            partial(follow, events, self.events.notes()),
            partial(kernel_events.follow, route_events.changes(PACE_SECONDS), self.control.wake),
            init_system.keep_alive,
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part()) for part in parts]
            status = await stop
            log.info("stopping: what the kernel forwards stays as it is")
            for task in tasks:
                task.cancel()
        return status


def _stop_by_signals() -> asyncio.Future[int]:
    """What the first signal that ends the worker settles, with the exit status."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()

    def settle(status: int) -> None:
        if not stop.done():
            stop.set_result(status)

    for number, status in STOPS.items():
        loop.add_signal_handler(number, settle, status)
    return stop


def _local_names(settings: Settings) -> dict[int, str]:
    """The accounts of this machine that the unix socket's clients may have, by their uids."""
    names = {settings.uid: "plvsd"}
    for name in OF_ACCOUNT:
        with suppress(KeyError):
            names[pwd.getpwnam(name).pw_uid] = name
    return names


def _new_id() -> str:
    return secrets.token_urlsafe(18)


def _replace_for_saves(settings: Settings) -> Callable[[Path, bytes], None]:
    if settings.fault_points is None:
        return _replace_own
    log.warning("fault points are on: this is a test")
    return FaultPoints(settings.fault_points, _replace_own)


def _replace_own(path: Path, data: bytes) -> None:
    files.replace(path, data, mode=0o600)
