"""Both ends of a test's traffic, in lab nodes: patient, so that a busy machine fails no test.

    peer.py serve WORD [PROTOCOL ADDRESS PORT]...
                                                say `ready`, then answer each question with WORD
    peer.py ask PROTOCOL ADDRESS PORT COUNT [SOURCE [SOURCE_PORT]]
                                                COUNT questions one after another, each on a
                                                connection of its own; an answer a line, or !REASON
    peer.py stream ADDRESS PORT COUNT [SOURCE]  as `ask udp`, but all from one socket
    peer.py hold ADDRESS PORT COUNT             COUNT connections to a web server that stay; each
                                                line on standard input is one more request on all
                                                of them, whose answers are printed as one line

An answer is the server's WORD and the address of the client that it saw. PROTOCOL is tcp, udp,
sctp or http. Runs with the standard library alone.
"""

from __future__ import annotations

import selectors
import socket
import sys
from collections.abc import Callable, Mapping

SECONDS = 15.0
UDP_TRIES = 10
IP_FREEBIND = 15
KINDS = {
    "tcp": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "http": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "udp": (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "sctp": (socket.SOCK_STREAM, socket.IPPROTO_SCTP),
}
QUESTION = b"who\n"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
AGAIN = b"GET / HTTP/1.1\r\nHost: vip\r\n\r\n"


def _socket(protocol: str, address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, *KINDS[protocol])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def _say(*words: object) -> None:
    print(*words, flush=True)


def serve(word: str, *wanted: str) -> None:
    """Answer for ever; an address need not be there yet."""
    selector = selectors.DefaultSelector()
    for protocol, address, port in zip(wanted[::3], wanted[1::3], wanted[2::3], strict=True):
        server = _socket(protocol, address)
        server.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        server.bind((address, int(port)))
        if protocol != "udp":
            server.listen(128)
        selector.register(server, selectors.EVENT_READ, protocol)
    _say("ready")
    while True:
        for key, _ in selector.select():
            assert isinstance(key.fileobj, socket.socket)
            (_answer_packet if key.data == "udp" else _answer)(key.fileobj, word)


def _answer_packet(server: socket.socket, word: str) -> None:
    _, client = server.recvfrom(2048)
    server.sendto(f"{word} {client[0]}".encode(), client)


def _answer(server: socket.socket, word: str) -> None:
    connection, client = server.accept()
    with connection:
        connection.settimeout(SECONDS)
        try:
            if connection.recv(2048):
                connection.sendall(f"{word} {client[0]}".encode())
        except OSError as error:
            _say(f"!{client[0]}: {error}")


def ask(protocol: str, address: str, port: str, count: str, *source: str) -> None:
    """Ask COUNT times; the server closes first, so that a client's port can come again at once."""
    for _ in range(int(count)):
        _attempt(lambda: _ask_once(protocol, (address, int(port)), source))


def _ask_once(protocol: str, target: tuple[str, int], source: tuple[str, ...]) -> str:
    with _socket(protocol, target[0]) as asking:
        if source:
            asking.bind((source[0], int(source[1]) if source[1:] else 0))
        if protocol == "udp":
            asking.connect(target)
            return _datagram(asking)
        asking.settimeout(SECONDS)
        asking.connect(target)
        asking.sendall(REQUEST if protocol == "http" else QUESTION)
        answer = b""
        while data := asking.recv(2048):
            answer += data
        return answer.rpartition(b"\r\n\r\n")[2].decode().strip()


def _datagram(asking: socket.socket) -> str:
    """Ask until there is an answer: of udp a packet may be lost."""
    asking.settimeout(SECONDS / UDP_TRIES)
    for _ in range(UDP_TRIES):
        asking.send(QUESTION)
        try:
            return asking.recv(2048).decode()
        except TimeoutError:
            continue
    raise TimeoutError


def stream(address: str, port: str, count: str, *source: str) -> None:
    """One client's port for all questions."""
    with _socket("udp", address) as asking:
        if source:
            asking.bind((source[0], 0))
        asking.connect((address, int(port)))
        for _ in range(int(count)):
            _attempt(lambda: _datagram(asking))


def hold(address: str, port: str, count: str) -> None:
    """Keep connections open until standard input ends."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    held = [socket.socket(family) for _ in range(int(count))]
    for one in held:
        one.settimeout(SECONDS)
        one.connect((address, int(port)))
    for _ in sys.stdin:
        _say(*(_again(one) for one in held))
    for one in held:
        one.close()


def _again(one: socket.socket) -> str:
    try:
        one.sendall(AGAIN)
        answer = b""
        while not answer.partition(b"\r\n\r\n")[2].endswith(b"\n"):
            data = one.recv(2048)
            if not data:
                return "!closed"
            answer += data
        return answer.rpartition(b"\r\n\r\n")[2].decode().strip()
    except OSError as error:
        return f"!{type(error).__name__}"


def _attempt(asking: Callable[[], str]) -> None:
    try:
        _say(asking() or "!nothing")
    except OSError as error:
        _say(f"!{type(error).__name__}")


VERBS: Mapping[str, Callable[..., None]] = {
    "serve": serve,
    "ask": ask,
    "stream": stream,
    "hold": hold,
}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
