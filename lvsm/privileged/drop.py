"""Becoming the unprivileged worker: uid, groups and capabilities go, and cannot come back."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_LAST_CAP = Path("/proc/sys/kernel/cap_last_cap")


def become(uid: int, gid: int) -> None:
    """Drop to `uid` and `gid` with no supplementary group and no capability; raises OSError.

    Source: capabilities(7): leaving uid 0 for good clears the permitted and effective sets; the
    bounding set goes first, while there still is a right to shrink it. no_new_privs stays off,
    since cl_status, which is setgid, is how heartbeat is asked without privileges.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    last = int(_LAST_CAP.read_text())
    for capability in range(last + 1):
        _prctl(libc, _PR_CAPBSET_DROP, capability)
    _prctl(libc, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    # setuid clears it, so it is asked for last: the worker ends when the privileged half does.
    _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(libc: ctypes.CDLL, option: int, argument: int) -> None:
    if libc.prctl(option, argument, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
