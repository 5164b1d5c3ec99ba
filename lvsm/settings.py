"""Everything that plvsd reads as root before it starts: plvsd.conf, ha.cf, authkeys.

The heartbeat key is turned into the peers' key at once and not kept.
"""

from __future__ import annotations

import os
import pwd
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path

from lvsm.core import authkeys, ha_cf, plvsd_conf
from lvsm.core.cluster_key import derive
from lvsm.core.errors import LvsmError

BEGIN_ANEW = 129
"""The worker's exit status after SIGHUP (128 and the signal's number): read the files again."""


class SettingsError(LvsmError):
    """A file that plvsd needs at its start is missing or wrong."""

    code = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where plvsd's files are (DESIGN 10)."""

    conf: Path = Path("/etc/plvsd.conf")
    ha_cf: Path = Path("/etc/ha.d/ha.cf")
    authkeys: Path = Path("/etc/ha.d/authkeys")
    haresources: Path = Path("/etc/ha.d/haresources")
    lib: Path = Path("/var/lib/lvsm")
    run: Path = Path("/run/lvsm")
    log: Path = Path("/var/log/plvsd.log")
    audit: Path = Path("/var/log/lvsm")

    @property
    def socket(self) -> Path:
        """The local socket."""
        return self.run / "plvsd.sock"

    @property
    def event_pipe(self) -> Path:
        """Where heartbeat's scripts write what they have to say."""
        return self.run / "heartbeat"

    @property
    def audit_log(self) -> Path:
        """The audit log; what it was before stands beside it."""
        return self.audit / "audit.jsonl"

    @property
    def lock(self) -> Path:
        """What the plvsd that runs holds locked, so that there is one at a time."""
        return self.run / "lock"

    @property
    def checks(self) -> Path:
        """The folder of files that tell mon's monitors what to check."""
        return self.run / "checks"

    @property
    def pid(self) -> Path:
        """The file with the process id of the privileged half, which is plvsd's main process."""
        return self.run / "plvsd.pid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one node's plvsd runs with; `key` is the peers' key.

    `fault_points` is the switch of `adapters.fault_points`, which only tests set.
    """

    node: str
    members: tuple[str, ...]
    port: int
    listen: tuple[str, ...]
    uid: int
    gid: int
    interface: str | None
    password_verifier: str | None
    log_level: str
    key: bytes = field(repr=False)
    paths: Paths
    fault_points: Path | None = None


def load(paths: Paths) -> Settings:
    """Read the files; raises SettingsError that names the file and says what to do."""
    conf = plvsd_conf.parse(_read(paths.conf, "run writeconfigs to make it"))
    ha = ha_cf.parse(_read(paths.ha_cf, "run writeconfigs to make it"))
    node = os.uname().nodename.lower()
    if node not in ha.nodes:
        raise SettingsError(
            f"{paths.ha_cf} does not list this node, {node}: add a line `node {node}`,"
            " the name as `uname -n` prints it"
        )
    try:
        account = pwd.getpwuid(conf.uid) if isinstance(conf.uid, int) else pwd.getpwnam(conf.uid)
    except KeyError:
        raise SettingsError(
            f"{paths.conf}: there is no user {conf.uid!r}: make it with"
            f" `useradd --system --no-create-home --shell /usr/sbin/nologin {conf.uid}`"
        ) from None
    if account.pw_uid == 0:
        raise SettingsError(f"{paths.conf}: uid names root, and plvsd's worker must not be root")
    faults = os.environ.get("LVSM_FAULT_POINTS")
    return Settings(
        node=node,
        members=tuple(ha.nodes),
        port=conf.port,
        listen=tuple(conf.listen),
        uid=account.pw_uid,
        gid=account.pw_gid,
        interface=conf.interface or next(iter(ha.interfaces()), None),
        password_verifier=conf.password_verifier,
        log_level=conf.log_level,
        key=_peer_key(conf, paths),
        paths=paths,
        fault_points=Path(faults) if faults else None,
    )


def _peer_key(conf: plvsd_conf.PlvsdConf, paths: Paths) -> bytes:
    if conf.cluster_key is not None:
        return derive(b64decode(conf.cluster_key))
    keys = authkeys.parse(_read(paths.authkeys, "run writeconfigs to make it"))
    secret = keys.secret()
    if secret is None:
        raise SettingsError(
            f"{paths.authkeys} uses crc, which has no key: choose sha1 there, or give"
            f" `cluster_key` in {paths.conf}"
        )
    return derive(secret)


def _read(path: Path, advice: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing: {advice}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
