"""Every code with which plvsd answers `ERR`, with its cause and its cure.

Law: as in `error_codes`, of which this is the part about answers.
"""

from __future__ import annotations

from collections.abc import Mapping

from lvsm.core.code_notes import Note

ANSWERS: Mapping[str, Note] = {
    "admin-stays": Note(
        "The user `admin` is always there, and always an admin.",
        "Nothing: give other people users of their own instead.",
    ),
    "already-there": Note(
        "What was to be added is in the configuration already.",
        "Change it by `lvsm vip set` or `lvsm rs set`, or choose another name.",
    ),
    "ambiguous-generation": Note(
        "A forced Save left several generations with that number or beginning of a hash.",
        "Name one as the message does: by number and epoch (`12@2.483920175`), or by its hash.",
    ),
    "ambiguous-realserver": Note(
        "The node answers for the virtual service by several ports.",
        "Name the port: `lvsm rs set web rs1 --at 8080 ...`.",
    ),
    "audit-failed": Note(
        "The audit log cannot be written, so changes are refused; if the message says that the"
        " change was made, only its record is missing.",
        "Make room where the audit log is (`df /var/log/lvsm`), and see that it belongs to plvsd.",
    ),
    "auth-failed": Note(
        "The user or the password is wrong, or a message of the login was.",
        "Check `--user` and the password; after several failures answers come later, up to 4 s.",
    ),
    "bad-edit": Note(
        "The literal of `CONFIG EDIT` is no change that this node knows.",
        "Upgrade the node, or read the message: it names the place in the JSON.",
    ),
    "bad-facts": Note(
        "What another node told of itself cannot be read: its LVSM is of another version.",
        "Upgrade the nodes to one version.",
    ),
    "bad-generation": Note(
        "A generation that another node sent, or that the disk keeps, cannot be read.",
        "Upgrade the nodes to one version; a damaged file in /var/lib/lvsm/generations is passed"
        " over, and comes again from the other nodes.",
    ),
    "bad-line": Note(
        "The bytes are no line of the protocol: not UTF-8, or with control characters.",
        "Send lines of UTF-8 text; the connection is closed, connect again.",
    ),
    "bad-mechanism": Note(
        "`AUTH` names another mechanism than SCRAM-SHA-256-PLUS.",
        "Use a client that can bind a login to TLS, as `lvsm` does.",
    ),
    "bad-message": Note(
        "A message of the Save protocol, from another node, cannot be read.",
        "Upgrade the nodes to one version.",
    ),
    "bad-name": Note(
        "The text cannot be the name of a user.",
        "Use small letters, digits, dots, hyphens and underscores, beginning with a letter or"
        " digit.",
    ),
    "bad-overlay": Note(
        "What another node, or the disk, has of weights, drains and standbys cannot be read.",
        "Upgrade the nodes to one version; a damaged overlay.json is kept beside, and what it said"
        " comes again from the other nodes.",
    ),
    "bad-report": Note(
        "A monitor reported something that plvsd of this version does not read; nothing changed.",
        "Use the monitors of plvsd's own version.",
    ),
    "bad-request": Note(
        "The line is no request, or the verb's words, options or literal do not fit.",
        "Read the message; `HELP` shows how each verb is written.",
    ),
    "bad-verifier": Note(
        "What came with `USER ADD` or `PASSWD` is no SCRAM-SHA-256 verifier.",
        "Use `lvsm passwd` or `lvsm user add`, which make it from the password.",
    ),
    "busy": Note(
        "Others saved at the same time, again and again, so that none of them came to an end.",
        "Save once more; `lvsm config show` says what is there now.",
    ),
    "conflict": Note(
        "Somebody saved after the generation from which this text was made.",
        "Look at `lvsm config show`, make the change again from there, and save that.",
    ),
    "edit-style": Note(
        "The configuration is written in a way in which a command cannot put in or take out a line"
        " safely: tables in braces or by dots, triple quotes, or tables apart from each other.",
        "Edit what `lvsm config show` prints, and use `lvsm config save`.",
    ),
    "forbidden": Note(
        "Whoever asks may not use this verb.",
        "Log in as somebody who may; the table of verbs says who that is.",
    ),
    "internal": Note(
        "plvsd made a mistake.",
        "Report it, with the traceback that plvsd's log has at that time.",
    ),
    "invalid": Note(
        "The text breaks rules; nothing was saved. An item names each place.",
        "Mend what the items name; `lvsm config check` tries it without saving.",
    ),
    "line-too-long": Note(
        "A line is longer than the limit, which is smaller before the login.",
        "Send long texts as a literal, by `bytes=N`; the connection is closed, connect again.",
    ),
    "literal-too-large": Note(
        "A literal longer than the limit was announced.",
        "Look whether this is the right file; the connection is closed, connect again.",
    ),
    "login-required": Note(
        "The verb is for those who have logged in.",
        "Log in by `AUTH`, or ask on the node itself over the unix socket.",
    ),
    "lost-generation": Note(
        "The history names the generation, and this node's file of it is gone or damaged.",
        "Ask another node for it, by `--node`.",
    ),
    "message-version": Note(
        "Another node speaks another version of the Save protocol.",
        "Upgrade the nodes to one version.",
    ),
    "no-cluster-key": Note(
        "The nodes share no key, so there are no session credentials.",
        "Give heartbeat's authkeys a sha1 key, or plvsd.conf a `cluster_key`.",
    ),
    "no-majority": Note(
        "Too few of the nodes that decide took part in the Save: the message names who is missing.",
        "Bring them back, or save with `--force` if they stay away; what is saved on their side"
        " meanwhile is displaced then, and kept in the history.",
    ),
    "nobody-takes-over": Note(
        "A node that holds groups was to go on standby, and no other director can take them now.",
        "Look at `lvsm status` for what keeps the others from it; `--force` goes on all the same,"
        " and the groups stay until somebody can take them.",
    ),
    "nothing-to-confirm": Note(
        "No generation waits to be confirmed; or the first one was to be saved so, and there is"
        " nothing that one could go back to.",
        "Look at `lvsm config show`: it was confirmed or rolled back already, or saved for good.",
    ),
    "os-error": Note(
        "A disk, file or network of the node refuses; the message has the system's words.",
        "Mend that: most often the disk is full or a file has the wrong owner. Then ask again.",
    ),
    "overlay-full": Note(
        "There are as many weights, drains and standbys beside the configuration as there can be.",
        "Enable or reset some, or write them into the configuration.",
    ),
    "reserved-name": Note(
        "The name is an account of the system.",
        "Choose another.",
    ),
    "session-ended": Note(
        "The session ended, or the user has another password, may do less, or is gone.",
        "Log in again by the password.",
    ),
    "timeout": Note(
        "It was not done in time, or the connection was idle or not logged in for too long.",
        "Of a request: look whether it was done before asking again. Else connect again.",
    ),
    "to-be-confirmed": Note(
        "A Save waits to be confirmed, and changing the users now would settle that unasked.",
        "Confirm it by `lvsm config confirm`, or wait until it is rolled back; then do it again.",
    ),
    "too-costly": Note(
        "Reading the text took more processor time or memory than a text may.",
        "Look whether this is the right file: 16 MiB of a configuration take about a minute.",
    ),
    "too-many-checks": Note(
        "As many texts wait to be checked on this node as may.",
        "Ask again later, or another node.",
    ),
    "too-many-users": Note(
        "There are as many users as there can be.",
        "Remove some first.",
    ),
    "unheard-nodes": Note(
        "Too few of the nodes that the configuration names were ever heard by this one, so after"
        " this Save nobody could decide.",
        "Start plvsd on them first, and look at `lvsm node list`.",
    ),
    "unknown-check": Note(
        "A monitor reported on a check that the configuration does not have, or not any more.",
        "Nothing: plvsd has mon read what is to be checked now. If it comes again and again, look"
        " at plvsd's log for what mon refuses.",
    ),
    "unknown-generation": Note(
        "There is no generation of that number, epoch or hash in this node's history.",
        "Look at `lvsm config history`.",
    ),
    "unknown-name": Note(
        "There is no virtual service, node or group of that name.",
        "Take the name from `lvsm vip list` or `lvsm status`.",
    ),
    "unknown-session": Note(
        "There is no such session, or it is another cluster's.",
        "Nothing: it ended already, or take the id from its credential.",
    ),
    "unknown-verb": Note(
        "This plvsd does not have the verb.",
        "`HELP` lists those it has; an older node lacks newer ones, so upgrade it.",
    ),
    "user-exists": Note(
        "There is a user of that name already.",
        "Choose another name, or change the role by `lvsm user set`.",
    ),
    "weak-verifier": Note(
        "A verifier has so few iterations that its password could be guessed.",
        "Make it with the iterations that the message names.",
    ),
}
