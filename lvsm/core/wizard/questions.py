"""The configurator's questions: one table for the dialogue, the flags, answers files and the docs.

Law: what is asked, in which order and when, stands here and nowhere else. Every answer is a text
first, wherever it comes from, and `read` makes the value of it or raises Wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lvsm.core.plvsd_conf import DEFAULT_PORT, DEFAULT_UID
from lvsm.core.wizard import passwords, reading, timing
from lvsm.core.wizard.machine import Machine
from lvsm.core.wizard.reading import AS_IS, GENERATE, KEEP

Values = Mapping[str, Any]
"""Answers already read, by their questions' keys."""

MEDIA = ("bcast", "mcast", "ucast")
METHODS = ("sha1", "md5", "crc")
GROUP = "239.255.76.83"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question; `meaning` is for people, in paragraphs that blank lines part.

    `default` is what Enter means where no file says otherwise, None where somebody has to say it.
    """

    key: str
    title: str
    meaning: str
    read: Callable[[str, Values, Machine], Any]
    default: Callable[[Values, Machine], str | None]
    show: Callable[[Any], str] = str
    applies: Callable[[Values], bool] = lambda _: True
    secret: bool = False
    metavar: str = "TEXT"
    kept_as: Callable[[Values], str] | None = None

    def present_key(self, values: Values) -> str:
        """Under which key what the files say now is found."""
        return self.kept_as(values) if self.kept_as else self.key

    @property
    def name(self) -> str:
        """What a flag and an answers file call it: a secret is read from a file."""
        return f"{self.key}_file" if self.secret else self.key

    @property
    def flag(self) -> str:
        """The option."""
        return "--" + self.name.replace("_", "-")


def _always(text: str) -> Callable[[Values, Machine], str | None]:
    return lambda _values, _machine: text


def _likely(_values: Values, machine: Machine) -> str | None:
    nic = machine.likely()
    return nic.name if nic else None


def _media(text: str, _values: Values, _machine: Machine) -> str:
    return reading.word(text, (*MEDIA, AS_IS))


def _password(text: str, values: Values, machine: Machine) -> str:
    if text != KEEP:
        passwords.check(text, (machine.node, *values.get("nodes", ())))
    return text


def _words(value: Any) -> str:
    return " ".join(value)


def _watchdog(value: str | None) -> str:
    return value or "no"


_PRESETS = "\n\n".join(f"{name}: {preset.meaning}" for name, preset in timing.PRESETS.items())

QUESTIONS = (
    Question(
        key="udp_port",
        title="Heartbeat UDP port",
        meaning="The port on which the nodes tell each other that they live. 694 is registered for"
        " heartbeat. Two clusters on one network need two ports.",
        read=lambda text, _values, _machine: reading.port(text),
        default=_always(reading.DEFAULT_PORT),
        metavar="PORT",
    ),
    Question(
        key="interfaces",
        title="Heartbeat UDP interface",
        meaning="The interface on the network that connects the whole cluster; several, with spaces"
        " between them, if you have more than one such network, and then the loss of one is no"
        " death. The first one's first address becomes this node's address in the LVS tables.",
        read=lambda text, _values, machine: reading.interfaces(text, machine),
        default=_likely,
        show=_words,
        metavar="NAME...",
    ),
    Question(
        key="media",
        title="How heartbeat's packets travel",
        meaning="bcast, mcast or ucast; on a network of the cluster's own bcast is right.\n\n"
        "bcast: to everybody on the network; nothing else has to be known. Right for"
        " networks that belong to the cluster.\n\n"
        "mcast: to a multicast group, so that only the nodes hear it. For networks shared with"
        " others; the switches have to carry it.\n\n"
        "ucast: to each node's address, which are asked for. For networks that carry neither, as in"
        " clouds, and across routers.\n\n"
        "as-is: what an ha.cf already has stays, word for word.",
        read=_media,
        default=_always("bcast"),
        metavar="bcast|mcast|ucast|as-is",
    ),
    Question(
        key="mcast_group",
        title="Multicast group",
        meaning="The IPv4 group to which the packets go, the same on every node.",
        read=lambda text, _values, _machine: reading.group(text),
        default=_always(GROUP),
        applies=lambda values: values.get("media") == "mcast",
        metavar="ADDRESS",
    ),
    Question(
        key="peers",
        title="Addresses of the nodes",
        meaning="The address of every node on heartbeat's network, with spaces between them. This"
        " node's own may be among them, and is passed over, so all nodes can have the same file."
        " With more than one interface write 10.1.0.11%eth1 for each.",
        read=lambda text, values, _machine: reading.peers(text, values.get("interfaces", ())),
        default=lambda _values, _machine: None,
        show=_words,
        applies=lambda values: values.get("media") == "ucast",
        metavar="ADDRESS...",
    ),
    Question(
        key="auth_method",
        title="Heartbeat auth method",
        meaning="How a packet proves that it comes from this cluster.\n\n"
        "sha1: by a key (HMAC); nobody without it can speak as a node.\n\n"
        "md5: the same with an older hash; no faster on any machine of today.\n\n"
        "crc: no proof at all, only a check against damage. Whoever reaches the network can speak"
        " as any node, and so run programs as root on all of them. Only for a cable between two"
        " machines.",
        read=lambda text, _values, _machine: reading.word(text, METHODS),
        default=_always("sha1"),
        metavar="sha1|md5|crc",
    ),
    Question(
        key="auth_key",
        title="Auth key",
        meaning="The key, the same on every node. Generate it on the first node, and give the"
        " others that node's. It is shown as a fingerprint only. Who has it can run programs as"
        " root on every node. With crc it is the plvsds' own key, which they need then.",
        read=lambda text, values, _machine: reading.key(text, values.get("auth_method", "sha1")),
        default=_always(GENERATE),
        secret=True,
        kept_as=lambda values: "cluster_key" if values.get("auth_method") == "crc" else "auth_key",
        metavar="FILE",
    ),
    Question(
        key="port",
        title="plvsd TCP port",
        meaning="The port on which every node's plvsd serves the others, the command `lvsm` and the"
        " web client: TLS, and nothing without the password.",
        read=lambda text, _values, _machine: reading.port(text),
        default=_always(str(DEFAULT_PORT)),
        metavar="PORT",
    ),
    Question(
        key="uid",
        title="plvsd uid",
        meaning="The user as whom the larger part of plvsd runs, the one that talks to networks. It"
        " owns nothing but plvsd's own files. It is made if there is none of this name.",
        read=lambda text, _values, _machine: reading.user(text),
        default=_always(DEFAULT_UID),
        metavar="NAME",
    ),
    Question(
        key="password",
        title="Administration password",
        meaning="With it the user admin logs in from anywhere. What is kept is a verifier: enough"
        " to check the password, not enough to log in with.",
        read=_password,
        default=lambda _values, _machine: None,
        secret=True,
        metavar="FILE",
    ),
    Question(
        key="nodes",
        title="Nodes of the cluster",
        meaning="The names of all nodes, directors and realservers alike, as `uname -n` prints them"
        " there, with spaces between them; this one is among them. Every node's file has the same"
        " ones.",
        read=lambda text, _values, machine: reading.nodes(text, machine),
        default=lambda _values, machine: machine.node,
        show=_words,
        metavar="NAME...",
    ),
    Question(
        key="timing",
        title="Timing",
        meaning="How fast a death is noticed, the same on every node.\n\n"
        f"{_PRESETS}\n\nOr times of your own: {timing.EXAMPLE}.",
        read=lambda text, _values, _machine: timing.read(text),
        default=_always("normal"),
        show=timing.show,
        metavar="|".join(timing.PRESETS),
    ),
    Question(
        key="watchdog",
        title="Watchdog",
        meaning="With a watchdog the kernel restarts this machine when heartbeat does not run on it"
        " for a minute: a node that hangs half dead cannot keep an address that another one has"
        " taken. It needs a device; `modprobe softdog` makes one in software. `no` does without.",
        read=lambda text, _values, _machine: reading.watchdog(text),
        default=_always("no"),
        show=_watchdog,
        metavar="no|yes|DEVICE",
    ),
)

BY_KEY: Mapping[str, Question] = {question.key: question for question in QUESTIONS}
BY_NAME: Mapping[str, Question] = {question.name: question for question in QUESTIONS}

__all__ = ["AS_IS", "BY_KEY", "BY_NAME", "GENERATE", "KEEP", "QUESTIONS", "Question", "Values"]
