"""The process that forks a process for each piece of work; the worker's side is in `apart`.

    python -I -c START ROOT MODULE FUNCTION        its standard input is the control socket

Laws: it has one thread and reads nothing that a stranger wrote. Each piece of work comes with a
socket of its own, has limits of processor time and memory, makes way for the rest of the machine,
and ends when nobody waits for its answer any more. A frame is its length and its bytes; END instead
of a length ends a question, and an answer that is whole.
"""

from __future__ import annotations

import fcntl
import gc
import os
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

Work = Callable[[Sequence[bytes]], Iterator[bytes]]
LENGTH = struct.Struct("!I")
END = LENGTH.pack(2**32 - 1)
CPU_SECONDS = 180
MEMORY = 4 * 1024**3
NICENESS = 10
_LEAST_LIKELY_TO_STAY = "1000"  # proc(5), oom_score_adj: before the worker, whatever its size


def main(control: socket.socket, module: str, function: str) -> None:
    """Serve until the worker has ended."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text("plvsd-apart")
    serve(control, getattr(import_module(module), function))


def serve(control: socket.socket, work: Work) -> None:
    """Fork for each socket that comes, until nobody can send any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    gc.freeze()
    while True:
        _, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not descriptors:
            return
        with socket.socket(fileno=descriptors[0]) as asker, suppress(OSError):
            if os.fork() == 0:
                control.close()
                _perform(asker, work)


def _perform(asker: socket.socket, work: Work) -> NoReturn:
    status = 1
    try:
        _limit_itself()
        question = list(_frames(asker))
        answers = _until_hung_up(asker, work(question))
        for frame in answers:
            asker.sendall(LENGTH.pack(len(frame)) + frame)
        asker.sendall(END)
        status = 0
    except OSError:
        pass  # nobody is there any more
    except BaseException:  # noqa: BLE001  its end is the answer, and the log has the reason
        traceback.print_exc()
    finally:
        os._exit(status)


def _limit_itself() -> None:
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, most))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_LEAST_LIKELY_TO_STAY)


def _until_hung_up(asker: socket.socket, answers: Iterator[bytes]) -> Iterator[bytes]:
    """The answers; while the first one is made, the asker's hanging up ends this process."""
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(asker, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(asker, fcntl.F_GETFL)
    fcntl.fcntl(asker, fcntl.F_SETFL, flags | os.O_ASYNC)
    with suppress(BlockingIOError):
        asker.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        raise ConnectionResetError  # it has hung up before that: nothing else comes
    first = next(answers, None)
    fcntl.fcntl(asker, fcntl.F_SETFL, flags)
    if first is not None:
        yield first
        yield from answers


def _frames(asker: socket.socket) -> Iterator[bytes]:
    while (header := _exactly(asker, LENGTH.size)) != END:
        yield _exactly(asker, *LENGTH.unpack(header))


def _exactly(asker: socket.socket, length: int) -> bytes:
    data = bytearray(length)
    view, have = memoryview(data), 0
    while have < length:
        more = asker.recv_into(view[have:])
        if not more:
            raise ConnectionResetError
        have += more
    return bytes(data)


if __name__ == "__main__":
    main(socket.socket(fileno=sys.stdin.fileno()), *sys.argv[1:3])
