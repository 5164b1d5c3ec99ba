"""Every stable error code with its cause and its cure: what `lvsm help CODE` and the docs say.

Law: a code never changes its meaning, and one that the source uses stands here, under the part of
LVSM where people meet it; tests/docs/test_codes.py holds the source against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lvsm.core.answer_codes import ANSWERS
from lvsm.core.code_notes import Note
from lvsm.core.problem_codes import PROBLEMS


class Where(StrEnum):
    """Where people meet a code."""

    ANSWER = "plvsd answers a request with `ERR`"
    CLIENT = "`lvsm` or another client ends before or beside an answer"
    PROBLEM = "a configuration breaks a rule: an item of the answer names the place"
    START = "plvsd does not start, or a file of its own is wrong"
    KERNEL = "plvsd's log and `lvsm status` say what a node's kernel or privileged half refused"


CLIENT: Mapping[str, Note] = {
    "account": Note(
        "The user as whom plvsd runs cannot be made; `writeconfigs` wrote nothing.",
        "Make it by hand, as the message says, and run `writeconfigs` again.",
    ),
    "answers": Note(
        "The answers given to `writeconfigs` cannot be used; nothing was written.",
        "Mend what each message names; `writeconfigs --print-answers` shows every key.",
    ),
    "bad-address": Note(
        "`--node` cannot be understood.",
        "Write HOST, HOST:PORT, [IPv6]:PORT or the path of a unix socket.",
    ),
    "bad-response": Note(
        "What answers there is no plvsd, or one of another version of the protocol.",
        "Check host and port; use an `lvsm` of the cluster's version.",
    ),
    "error": Note(
        "Something on the command's own side is wrong: a file, an option, a terminal.",
        "The message says what.",
    ),
    "gone": Note(
        "The client ended the connection before its answer did; only plvsd's log has this.",
        "Nothing: what was asked for may have been done.",
    ),
    "missing-answer": Note(
        "A question of `writeconfigs` has no default, and no answer was given.",
        "Give the option or the key that the message names.",
    ),
    "no-way-back": Note(
        "`writeconfigs --undo` finds no old files, or a file was changed since.",
        "Look at the folder that the message names, and copy back what you want by hand.",
    ),
    "not-asked": Note(
        "An answer was given to a question that the other answers leave out.",
        "Leave it out, or change the answer that it belongs to.",
    ),
    "not-the-same": Note(
        "The new password was not typed alike twice; nothing was changed.",
        "Type it again.",
    ),
    "not-the-server": Note(
        "Who answers cannot prove that it knows the password: it is not this cluster, the user"
        " does not exist there, or somebody stands in between.",
        "Check `--node`; if it is right, compare the certificate's fingerprint on the node.",
    ),
    "outcome-unknown": Note(
        "A change was asked for and no answer came: the connection broke, or the time was up. It"
        " may be done or not, and is not asked for again.",
        "Look (`lvsm status`, `lvsm config show`, `lvsm audit show`) before asking again.",
    ),
    "time": Note(
        "The timing given to `writeconfigs` is none that heartbeat works with.",
        "Choose a preset, or four times that grow, as the message says.",
    ),
    "unreachable": Note(
        "No plvsd answers there, or the last one was lost while something was read.",
        "Check that plvsd runs (`systemctl status plvsd`), and host, port and firewall.",
    ),
    "unusable-text": Note(
        "A password has characters that no password may have (RFC 4013).",
        "Choose one without control characters, and in one direction of writing.",
    ),
    "unwritable-config": Note(
        "The files as they are leave no way to write what was answered; nothing was written.",
        "Do what the message says with the line or file that it names.",
    ),
    "weak-password": Note(
        "The new password is too short; nothing was changed.",
        "Choose a longer one: the message says how long.",
    ),
    "wrong-certificate": Note(
        "The node shows another certificate than `--fingerprint` says; it was told nothing.",
        "If it was renewed, take the fingerprint from `lvsm cert show` on the node itself.",
    ),
}

START: Mapping[str, Note] = {
    "authkeys": Note(
        "/etc/ha.d/authkeys cannot be understood.",
        "Mend the line that the message names; every node has the same file, mode 0600.",
    ),
    "bad-health": Note(
        "/var/lib/lvsm/health.json is damaged: what was known of realservers is lost.",
        "Nothing: the next result of each check decides anew.",
    ),
    "bad-plan": Note(
        "What another node answered when it was asked for its plan cannot be read: its LVSM is of"
        " another version.",
        "Upgrade the nodes to one version.",
    ),
    "bad-record": Note(
        "A line of the audit log is damaged: it is counted, and passed over.",
        "Look at the file named in plvsd's log; what is there is never written again.",
    ),
    "bad-replication-state": Note(
        "What the node keeps of the Save protocol in /var/lib/lvsm is lost, damaged, of another"
        " version or of another node, so plvsd does not start: it must not vote twice.",
        "Upgrade plvsd if a newer one wrote it; else do as the message says, which lets the node"
        " begin anew: it takes the configuration from the others and votes after the next Save.",
    ),
    "bad-users": Note(
        "The file of users in /var/lib/lvsm, or what another node sent of it, cannot be read.",
        "Upgrade the nodes to one version; else put the file back from another node.",
    ),
    "bad-verifier": Note(
        "A password verifier in a file of plvsd's cannot be used.",
        "Set the password anew.",
    ),
    "certificate": Note(
        "The node's certificate or its key cannot be read or used.",
        "See that /var/lib/lvsm belongs to plvsd; without both files plvsd makes new ones.",
    ),
    "ha-cf": Note(
        "/etc/ha.d/ha.cf cannot be understood, or lacks what LVSM needs.",
        "Mend the line that the message names, on every node alike.",
    ),
    "key": Note(
        "The `cluster_key` of plvsd.conf is no key.",
        "Give base64 of at least 32 random bytes: `openssl rand -base64 32`.",
    ),
    "plvsd-conf": Note(
        "/etc/plvsd.conf cannot be understood.",
        "Mend the place that the message names, and start plvsd again.",
    ),
    "runs-already": Note(
        "plvsd runs on this machine already; or, of `plvsd --release`, plvsd or heartbeat still"
        " does.",
        "Stop what the message names: heartbeat first, then plvsd.",
    ),
    "settings": Note(
        "A file that plvsd needs at its start is missing, or does not fit the others.",
        "Do what the message says, and start plvsd again.",
    ),
    "verifier": Note(
        "The `password_verifier` of plvsd.conf is no SCRAM verifier.",
        "Set the password anew.",
    ),
}

KERNEL: Mapping[str, Note] = {
    "desync": Note(
        "The kernel stopped in the middle of many changes.",
        "Nothing: plvsd looks at the kernel again and does the rest. If it stays, read `dmesg`.",
    ),
    "exists": Note(
        "What was to be added is there already, so it counts as done.",
        "Nothing.",
    ),
    "invalid": Note(
        "The kernel does not accept a combination of settings.",
        "Report it: a rule should have refused this configuration. The log names the operation.",
    ),
    "kernel": Note(
        "The kernel refused, for a reason that has no code of its own.",
        "Read the message's last words, which are the kernel's, and `dmesg`.",
    ),
    "missing": Note(
        "What was to be removed is not there any more, so it counts as done.",
        "Nothing.",
    ),
    "mon-refused": Note(
        "The file that plvsd wrote is refused by mon, which goes on with the old one.",
        "Look at the line that mon names in /etc/mon/mon.cf, and tell LVSM's authors.",
    ),
    "mon-silent": Note(
        "The node is a director with something to check, and its mon does not answer.",
        "Start mon; weights stay as they are until it reports.",
    ),
    "no-crypt": Note(
        "The system's libcrypt is missing, so plvsd cannot make its login at mon.",
        "Install it: libcrypt1 in Debian, libxcrypt in Fedora.",
    ),
    "no-interface": Note(
        "No interface of the node can carry the address, or it is gone.",
        "Bring the interface up, or name another by `interface` in the virtual service.",
    ),
    "no-mon": Note(
        "The node is a director with something to check, and mon is not installed or not running.",
        "Install mon and start it.",
    ),
    "no-scheduler": Note(
        "The node's kernel has no such scheduler.",
        "Run `modprobe ip_vs_NAME` there, or choose another scheduler.",
    ),
    "not-permitted": Note(
        "The privileged half may not change the kernel.",
        "Start plvsd as root; in a container it needs CAP_NET_ADMIN.",
    ),
    "packet-filter": Note(
        "The packet filter cannot be read or changed; the message has nft's or iptables' words.",
        "Install nftables, or iptables where the kernel lacks nftables, and look at the message.",
    ),
    "privileged-gone": Note(
        "plvsd's privileged half has ended; the kernel goes on forwarding.",
        "Start plvsd again: it adopts what it finds. Its log has the reason.",
    ),
    "refused": Note(
        "The worker asked its privileged half for what it may never have.",
        "Report it, with plvsd's log.",
    ),
    "sysctl": Note(
        "A kernel parameter cannot be read or set.",
        "See that /proc/sys is writable for root, as it is not in some containers.",
    ),
    "unsupported": Note(
        "The node's kernel lacks what an operation needs.",
        "Use another kernel there, or do without.",
    ),
}

CODES: Mapping[Where, Mapping[str, Note]] = {
    Where.ANSWER: ANSWERS,
    Where.PROBLEM: PROBLEMS,
    Where.CLIENT: CLIENT,
    Where.START: START,
    Where.KERNEL: KERNEL,
}


def about(code: str) -> dict[Where, Note]:
    """What is known of a code, wherever people meet it; empty for one that there is not."""
    return {where: notes[code] for where, notes in CODES.items() if code in notes}
