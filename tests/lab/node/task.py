"""What an agent does for one channel: run a command, or write a file."""

from __future__ import annotations

import grp
import os
import pwd
import select
from collections.abc import Mapping

from tests.lab import frames

TYPE_CHECKING = False  # `typing` costs 90 ms at each boot
if TYPE_CHECKING:
    from tests.lab.node.agent import Agent

READ_SIZE = 1 << 14
_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25


class RunTask:
    """A running command.

    It ends when its process has ended and what it had written is sent; a child of its own that
    still holds its output does not hold it up. What such a child says later goes to the log.
    """

    def __init__(self, line: Agent, frame: frames.Frame) -> None:
        self.channel = frame.channel
        self.done = False
        self._line = line
        self._window = frames.WINDOW
        self._pending: list[bytes] = []  # stdin, at most a window of it
        self._stdin_ends = False
        self._status: int | None = None
        command = frames.parse_command(frame.payload)
        self.pid, self._stdin, out, err = _spawn(command)
        self._outputs = {out: frames.OUT, err: frames.ERR}
        for fd in self._outputs:
            line.watch(fd, select.EPOLLIN, self)

    def handle(self, frame: frames.Frame) -> None:
        """Take a frame of this channel."""
        if frame.kind == frames.STDIN:
            self._pending.append(frame.payload)
            self._feed()
        elif frame.kind == frames.STDIN_END:
            self._stdin_ends = True
            self._feed()
        elif frame.kind == frames.ACK:
            self._window += frames.parse_number(frame.payload)
            self._watch_outputs()
        elif frame.kind == frames.SIGNAL:
            self._kill(frames.parse_number(frame.payload))
        elif frame.kind == frames.DROP:
            self._kill(_SIGKILL)

    def ready(self, fd: int, events: int) -> None:
        """Go on with a pipe."""
        if fd == self._stdin:
            if events & select.EPOLLERR:
                self._close_stdin()  # nobody will read it
            else:
                self._feed()
        elif fd in self._outputs:
            self._pump(fd)

    def ended(self, status: int) -> None:
        """Hear that the process has ended."""
        self._status = status
        self._close_stdin()
        for fd in tuple(self._outputs):
            while fd in self._outputs and self._window and self._pump(fd):
                pass
        self._finish_if_complete()

    def _kill(self, number: int) -> None:
        if self._status is None:
            try:  # noqa: SIM105 - contextlib costs 20 ms at each boot
                os.killpg(self.pid, number)
            except ProcessLookupError:
                pass

    def _feed(self) -> None:
        """Write what stdin takes; wait for it to take more."""
        if self._stdin < 0:
            self._drop_stdin()
            return
        while self._pending:
            try:
                written = os.write(self._stdin, self._pending[0])
            except BlockingIOError:
                self._line.watch(self._stdin, select.EPOLLOUT, self)
                return
            except BrokenPipeError:
                self._close_stdin()
                return
            self._line.send(frames.ACK, self.channel, frames.number(written))
            self._pending[0] = self._pending[0][written:]
            if not self._pending[0]:
                del self._pending[0]
        self._line.watch(self._stdin, 0, self)
        if self._stdin_ends:
            self._close_stdin()

    def _drop_stdin(self) -> None:
        """Take stdin that nobody reads, as a pipe's writer would see it taken."""
        size = sum(map(len, self._pending))
        self._pending.clear()
        if size:
            self._line.send(frames.ACK, self.channel, frames.number(size))

    def _close_stdin(self) -> None:
        if self._stdin >= 0:
            self._line.watch(self._stdin, 0, self)
            os.close(self._stdin)
            self._stdin = -1
        self._drop_stdin()

    def _pump(self, fd: int) -> bool:
        """Send what a pipe holds, once; return whether there may be more now."""
        size = READ_SIZE if self.done else min(READ_SIZE, self._window)
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            return False
        if not data:
            self._line.watch(fd, 0, self)
            os.close(fd)
            del self._outputs[fd]
            return False
        if self.done:
            self._line.send(frames.LOG, 0, data)
            return True
        self._window -= len(data)
        self._line.send(self._outputs[fd], self.channel, data)
        if not self._window:
            self._watch_outputs()
        return True

    def _watch_outputs(self) -> None:
        events = select.EPOLLIN if self._window or self.done else 0
        for fd in self._outputs:
            self._line.watch(fd, events, self)
        if self._status is not None and not self.done:
            self.ended(self._status)

    def _finish_if_complete(self) -> None:
        """Report the end, unless a full window holds back output that is still in the pipes."""
        if self._status is None or self.done or (self._outputs and not self._window):
            return
        self.done = True
        self._line.send(frames.EXIT, self.channel, frames.number(self._status))


class PutTask:
    """A file on its way into the node: complete, synced and renamed into place, or not there."""

    def __init__(self, line: Agent, frame: frames.Frame) -> None:
        self.channel = frame.channel
        self.done = False
        self._line = line
        path, mode, owner = frames.parse_strings(frame.payload)
        self._path = os.fsdecode(path)
        self._temporary = f"{self._path}.lab-{frame.channel}"
        self._mode = int(mode, 8)
        self._owner = _owner(owner.decode())
        os.makedirs(os.path.dirname(self._path) or "/", exist_ok=True)  # noqa: PTH103, PTH120
        self._fd = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC)

    def handle(self, frame: frames.Frame) -> None:
        """Take a frame of this channel."""
        try:
            if frame.kind == frames.STDIN:
                self._write(frame.payload)
            elif frame.kind == frames.STDIN_END:
                self._finish()
        except OSError as error:
            self.done = True
            self._line.send(frames.FAILED, self.channel, str(error).encode())

    def _write(self, data: bytes) -> None:
        size = len(data)
        while data:
            data = data[os.write(self._fd, data) :]
        self._line.send(frames.ACK, self.channel, frames.number(size))

    def _finish(self) -> None:
        os.fchown(self._fd, *self._owner)
        os.fchmod(self._fd, self._mode)
        os.fsync(self._fd)
        os.close(self._fd)
        os.rename(self._temporary, self._path)  # noqa: PTH104
        self.done = True
        self._line.send(frames.EXIT, self.channel, frames.number(0))


def _owner(text: str) -> tuple[int, int]:
    """Return uid and gid of "user:group", names or numbers."""
    user, _, group = text.partition(":")
    uid = int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid
    gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    return uid, gid


def _spawn(command: frames.Command) -> tuple[int, int, int, int]:
    """Start a command in a session of its own; return its pid and our ends of its pipes."""
    pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(3)]
    (stdin, our_stdin), (our_out, out), (our_err, err) = pipes
    actions = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate((stdin, out, err))]
    try:
        pid = os.posix_spawnp(
            command.argv[0],
            command.argv,
            _environment(command),
            file_actions=actions,
            setsid=True,
            setsigdef=[_SIGPIPE, _SIGXFSZ],
        )
    except OSError:
        for fd in (our_stdin, our_out, our_err):
            os.close(fd)
        raise
    finally:
        for fd in (stdin, out, err):
            os.close(fd)
    for fd in (our_stdin, our_out, our_err):
        os.set_blocking(fd, False)
    return pid, our_stdin, our_out, our_err


def _environment(command: frames.Command) -> Mapping[bytes, bytes]:
    return {**os.environb, **dict(command.env)}
