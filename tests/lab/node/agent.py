"""The agent: runs commands in a node for the supervisor, over the serial line.

The law: it is the node's first process, so it reaps every child; it never waits for a command;
and when the line ends, the node is switched off, so that a killed supervisor leaves nothing.

It is also the node's `/dev/log`: what programs say there goes up the line, and thereby survives
the node.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` costs 37 ms at each boot
import _socket
import os
import select
import termios
import time

from tests.lab import frames
from tests.lab.node.task import PutTask, RunTask

LOG_SOCKET = "/dev/log"
READ_SIZE = 1 << 14


class Agent:
    """One serial line and the commands that came over it."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._decoder = frames.Decoder()
        self._taken = 0
        self._poll = select.epoll()
        self._tasks: dict[int, RunTask | PutTask] = {}
        self._pids: dict[int, RunTask] = {}
        self._fds: dict[int, RunTask] = {}
        self._log = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        self._log.bind(LOG_SOCKET)
        os.chmod(LOG_SOCKET, 0o666)  # noqa: PTH101, S103 - as every syslog has it
        self._children, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        _signal.signal(_signal.SIGCHLD, lambda _number, _frame: None)
        _signal.set_wakeup_fd(wake)
        for fd in (line, self._log.fileno(), self._children):
            self._poll.register(fd, select.EPOLLIN)

    def serve(self) -> None:
        """Work until the line ends."""
        self.send(frames.PONG, 0)
        while True:
            for fd, events in self._poll.poll():
                if fd == self._line:
                    data = _read(fd)
                    if not data:
                        return
                    self._report(len(data))
                    for frame in self._decoder.feed(data):
                        self._handle(frame)
                elif fd == self._children:
                    _read(fd)
                    self._reap()
                elif fd == self._log.fileno():
                    self.send(frames.LOG, 0, self._log.recv(READ_SIZE))
                else:
                    self._stir(fd, events)

    def send(self, kind: int, channel: int, payload: bytes = b"") -> None:
        """Send one frame; waiting here is safe, since the supervisor always reads."""
        data = frames.encode(kind, channel, payload)
        while data:
            data = data[os.write(self._line, data) :]

    def _report(self, size: int) -> None:
        """Make room on the line; see `frames.LINE_ROOM`."""
        self._taken += size
        if self._taken >= frames.TAKEN_STEP:
            self.send(frames.TAKEN, 0, frames.number(self._taken))
            self._taken = 0

    def watch(self, fd: int, events: int, task: RunTask) -> None:
        """Tell `task` when `fd` is ready; no events means never."""
        if fd in self._fds:
            self._poll.unregister(fd)
            del self._fds[fd]
        if events:
            self._poll.register(fd, events)
            self._fds[fd] = task

    def _stir(self, fd: int, events: int) -> None:
        task = self._fds.get(fd)  # an earlier event of this round may have closed it
        if task:
            task.ready(fd, events)
            self._forget_if_done(task)

    def _handle(self, frame: frames.Frame) -> None:
        if frame.kind == frames.PING:
            self.send(frames.PONG, frame.channel)
        elif frame.kind in {frames.RUN, frames.PUT}:
            self._start(frame)
        elif frame.channel in self._tasks:
            task = self._tasks[frame.channel]
            task.handle(frame)
            self._forget_if_done(task)

    def _start(self, frame: frames.Frame) -> None:
        try:
            if frame.kind == frames.PUT:
                self._tasks[frame.channel] = PutTask(self, frame)
            else:
                task = RunTask(self, frame)
                self._tasks[frame.channel] = self._pids[task.pid] = task
        except (OSError, LookupError, ValueError) as error:
            self.send(frames.FAILED, frame.channel, str(error).encode())

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            task = self._pids.pop(pid, None)
            if task:
                task.ended(os.waitstatus_to_exitcode(status))
                self._forget_if_done(task)

    def _forget_if_done(self, task: RunTask | PutTask) -> None:
        if task.done:
            self._tasks.pop(task.channel, None)


def serve(tty: str) -> None:
    """Serve the line until it ends, then switch the node off."""
    line = os.open(tty, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    _make_raw(line)
    try:
        Agent(line).serve()
    finally:
        _power_off()


def _make_raw(fd: int) -> None:
    """Let every byte pass as it is."""
    mode = termios.tcgetattr(fd)
    mode[0] = mode[1] = mode[3] = 0
    mode[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, mode)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, READ_SIZE)
    except OSError:
        return b""


def _power_off() -> None:
    with open("/proc/sysrq-trigger", "w") as trigger:  # noqa: PTH123
        trigger.write("o")
    time.sleep(60)  # the kernel takes a moment; if this process ended, it would panic
